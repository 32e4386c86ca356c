from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lab.providers.command.retrying import pause_before
from tests.ports import closed_port

from .harness import REMOTE, Provider, failing
from .sshd import Sshd

AFTER_ONE = "after 1 failed attempts: "


def says_hello(provider: Provider, connection: dict[str, Any]) -> bool:
    outputs = provider.created(REMOTE, create="echo hello", connection=connection)
    return bool(outputs["stdout"] == "hello")


def refusal(provider: Provider, connection: dict[str, Any]) -> str:
    with failing() as messages:
        provider.created(REMOTE, create="echo hello", connection=connection)
    return messages[0]


@pytest.mark.parametrize("kind_of_key", ["ed25519", "ecdsa"])
def test_the_right_host_key_is_taken(provider: Provider, sshd: Sshd, kind_of_key: str) -> None:
    line = sshd.host_key(kind_of_key)

    assert says_hello(provider, sshd.connection(hostKey=line))
    assert says_hello(provider, sshd.connection(hostKey=f"127.0.0.1 {line}"))


def test_a_wrong_host_key_is_retried_like_any_error_and_then_fails(
    provider: Provider, sshd: Sshd, keys: Path
) -> None:
    wrong = (keys / "stranger.pub").read_text()

    message = refusal(provider, sshd.connection(hostKey=wrong, dialErrorLimit=2))

    assert message == "after 2 failed attempts: ssh: handshake failed: ssh: host key mismatch"
    assert provider.engine.messages == [
        "Dial 1/2 failed: retrying",
        "Dial 2/2 failed: retrying",
    ]


def test_an_rsa_host_key_finds_no_server_of_today(provider: Provider, sshd: Sshd) -> None:
    connection = sshd.connection(hostKey=sshd.host_key("rsa"), dialErrorLimit=1)

    message = refusal(provider, connection)

    assert message.startswith(
        f"{AFTER_ONE}ssh: handshake failed: ssh: no common algorithm for host key; "
        "we offered: [ssh-rsa]"
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"hostKey": "nonsense"}, "failed to parse host key: ssh: no key found"),
        ({"privateKey": "nonsense"}, "ssh: no key found"),
        ({"privateKeyPassword": "a"}, "ssh: key is not password protected"),
        (
            {"agentSocketPath": "/no/such"},
            "dial unix /no/such: connect: no such file or directory",
        ),
    ],
)
def test_keys_that_cannot_be_read_fail_at_once(
    provider: Provider, sshd: Sshd, changes: dict[str, Any], message: str
) -> None:
    assert refusal(provider, sshd.connection(**changes)) == message
    assert provider.engine.messages == []


def test_a_key_with_a_passphrase(provider: Provider, sshd: Sshd, keys: Path) -> None:
    locked = {"privateKey": (keys / "locked").read_text()}

    assert says_hello(provider, sshd.connection(**locked, privateKeyPassword="open sesame"))
    assert refusal(provider, sshd.connection(**locked)) == (
        "ssh: this private key is passphrase protected"
    )
    assert refusal(provider, sshd.connection(**locked, privateKeyPassword="a")) == (
        "x509: decryption password incorrect"
    )


@pytest.mark.parametrize(("key", "tried"), [("stranger", "[none publickey]"), (None, "[none]")])
def test_a_user_who_is_not_let_in(
    provider: Provider, sshd: Sshd, keys: Path, key: str | None, tried: str
) -> None:
    private = (keys / key).read_text() if key else None

    message = refusal(provider, sshd.connection(privateKey=private, dialErrorLimit=1))

    assert message == (
        f"{AFTER_ONE}ssh: handshake failed: ssh: unable to authenticate, "
        f"attempted methods {tried}, no supported methods remain"
    )


@pytest.fixture
def agent(tmp_path: Path, keys: Path) -> Iterator[str]:
    """The socket of an SSH agent that holds the user's key."""
    path = tmp_path / "agent"
    process = subprocess.Popen(["ssh-agent", "-D", "-a", path], stdout=subprocess.DEVNULL)
    while not path.exists():
        time.sleep(0.01)
    environment = {**os.environ, "SSH_AUTH_SOCK": str(path)}
    subprocess.run(["ssh-add", "-q", keys / "user"], env=environment, check=True)
    yield str(path)
    process.terminate()
    process.wait()


def test_an_agent_has_the_key(provider: Provider, sshd: Sshd, agent: str) -> None:
    assert says_hello(provider, sshd.connection(privateKey=None, agentSocketPath=agent))


def test_a_private_key_keeps_the_agent_from_being_asked(
    provider: Provider, sshd: Sshd, agent: str, keys: Path
) -> None:
    stranger = (keys / "stranger").read_text()
    connection = sshd.connection(privateKey=stranger, agentSocketPath=agent, dialErrorLimit=0)

    assert "attempted methods [none publickey]" in refusal(provider, connection)


def test_a_password(provider: Provider, password_server: int, sshd: Sshd) -> None:
    connection = sshd.connection(
        privateKey=None, user="user", password="open sesame", port=password_server
    )

    assert says_hello(provider, connection)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"host": "no-such-host.invalid"}, "dial tcp: lookup no-such-host.invalid"),
        ({"port": 99_999}, "dial tcp: address 99999: invalid port"),
    ],
)
def test_addresses_that_do_not_exist_are_named(
    provider: Provider, sshd: Sshd, changes: dict[str, Any], message: str
) -> None:
    connection = sshd.connection(**changes, dialErrorLimit=1)

    assert refusal(provider, connection).startswith(f"{AFTER_ONE}{message}")


@pytest.mark.parametrize(("limit", "attempts"), [(0, 1), (2, 3)])
def test_dialling_forgives_as_many_errors_as_the_limit_says(
    provider: Provider, sshd: Sshd, limit: int, attempts: int
) -> None:
    port = closed_port()

    message = refusal(provider, sshd.connection(port=port, dialErrorLimit=limit))

    assert message == (
        f"after {limit} failed attempts: dial tcp 127.0.0.1:{port}: connect: connection refused"
    )
    assert len(provider.engine.lines) == attempts - 1
    assert {(line.severity, line.ephemeral) for line in provider.engine.lines} <= {("INFO", True)}


def test_pauses_are_kept_between_attempts(provider: Provider, sshd: Sshd) -> None:
    began = time.monotonic()
    refusal(provider, sshd.connection(port=closed_port(), dialErrorLimit=4))

    # A busy machine makes them longer, and none shorter.
    assert time.monotonic() - began >= sum(map(pause_before, (1, 2, 3)))


def test_a_server_that_comes_up_late_is_waited_for(provider: Provider, sleeping_sshd: Sshd) -> None:
    command = provider.start_create(
        REMOTE, create="echo hello", connection=sleeping_sshd.connection()
    )
    provider.engine.wait_for("Dial 3/10 failed: retrying")

    sleeping_sshd.start()

    assert command.result()["stdout"] == "hello"


def test_a_proxy_on_the_way(provider: Provider, sshd: Sshd) -> None:
    assert says_hello(provider, sshd.connection(proxy=sshd.connection()))


def test_each_stage_behind_a_proxy_is_named(provider: Provider, sshd: Sshd, keys: Path) -> None:
    nobody = closed_port()
    stranger = (keys / "stranger").read_text()
    one = {"dialErrorLimit": 1}

    no_proxy = refusal(provider, sshd.connection(proxy=sshd.connection(port=nobody, **one)))
    no_host = refusal(provider, sshd.connection(proxy=sshd.connection(), port=nobody, **one))
    not_let_in = refusal(
        provider, sshd.connection(proxy=sshd.connection(), privateKey=stranger, **one)
    )
    no_key = refusal(provider, sshd.connection(proxy=sshd.connection(privateKey="nonsense")))

    assert no_proxy == (
        f"proxy: {AFTER_ONE}dial tcp 127.0.0.1:{nobody}: connect: connection refused"
    )
    assert no_host == f"proxy: {AFTER_ONE}ssh: rejected: connect failed (Connection refused)"
    assert not_let_in == f"proxy: {AFTER_ONE}ssh: handshake failed: EOF"
    assert no_key == "proxy: ssh: no key found"
    assert provider.engine.messages == [
        "Dial proxy 1/1 failed: retrying",
        "Dial from proxy 1/1 failed: retrying",
        "Dial 1/1 failed: retrying",
    ]
