from __future__ import annotations

from pathlib import Path

import pytest

from .harness import LOCAL, REMOTE, Provider, failing, urn
from .sshd import Sshd
from .values import Properties, secret


def until(there: Path) -> str:
    """A command that waits for a file."""
    return f"until [ -e {there} ]; do sleep 0.05; done"


def test_lines_arrive_in_order_while_the_command_runs(provider: Provider, tmp_path: Path) -> None:
    go_on = tmp_path / "go-on"
    command = provider.start_create(LOCAL, create=f"echo 1; echo 2; {until(go_on)}; echo 3")

    provider.engine.wait_for("2")
    assert not command.done()
    go_on.touch()
    command.result()

    lines = provider.engine.lines
    assert [line.message for line in lines] == ["1", "2", "3"]
    for line in lines:
        assert (line.severity, line.ephemeral, line.urn) == ("INFO", True, urn(LOCAL))


def test_a_remote_command_streams_as_well(provider: Provider, sshd: Sshd, tmp_path: Path) -> None:
    go_on = tmp_path / "go-on"
    inputs = provider.checked(
        REMOTE, connection=sshd.connection(), create=f"echo 1; {until(go_on)}; echo 2 >&2"
    )

    command = provider.start_create(REMOTE, **inputs)

    provider.engine.wait_for("1")
    assert not command.done()
    go_on.touch()
    assert command.result()["stderr"] == "2"
    assert provider.engine.messages == ["1", "2"]
    assert {line.severity for line in provider.engine.lines} == {"INFO"}


@pytest.mark.parametrize(
    ("inputs", "logged"),
    [
        ({}, ["err", "out"]),
        ({"logging": "stdoutAndStderr"}, ["err", "out"]),
        ({"logging": "stdout"}, ["out"]),
        ({"logging": "stderr"}, ["err"]),
        ({"logging": "none"}, []),
        ({"logging": "anything else"}, []),
    ],
)
def test_logging_chooses_what_is_streamed(
    provider: Provider, inputs: Properties, logged: list[str]
) -> None:
    outputs = provider.created(LOCAL, create="echo out; echo err >&2", **inputs)

    assert sorted(provider.engine.messages) == logged
    assert (outputs["stdout"], outputs["stderr"]) == ("out", "err")


def test_lines_end_at_newlines_with_or_without_return(provider: Provider) -> None:
    provider.created(LOCAL, create="printf 'a\\r\\nb\\n\\nc'")

    assert provider.engine.messages == ["a", "b", "", "c"]


def test_what_is_not_utf8_is_logged_with_replacements(provider: Provider) -> None:
    with failing():
        provider.created(LOCAL, create="printf 'a\\377b\\n'; exit 1")

    assert provider.engine.messages == ["a\ufffdb"]


def test_the_longest_line_that_can_be_logged(provider: Provider) -> None:
    longest = 64 * 1024 - 1

    outputs = provider.created(LOCAL, create=f"head -c {longest} /dev/zero | tr '\\0' a; echo")

    assert outputs["stdout"] == "a" * longest
    assert provider.engine.messages == ["a" * longest]


def test_a_longer_line_is_an_error_where_the_real_provider_hangs(
    provider: Provider, kind: str
) -> None:
    if kind == "real":
        pytest.skip("the real provider would hang for ever here (measured)")

    with failing() as messages:
        provider.created(LOCAL, create="head -c 65536 /dev/zero | tr '\\0' a; echo; sleep 9")

    assert "65536 bytes or more" in messages[0]


def test_a_longer_line_is_no_problem_without_logging(provider: Provider) -> None:
    outputs = provider.created(
        LOCAL, create="head -c 100000 /dev/zero | tr '\\0' a", logging="none"
    )

    assert len(outputs["stdout"]) == 100_000


def test_secrets_stay_out_of_logs_and_errors(provider: Provider, sshd: Sshd) -> None:
    local = {"environment": {"A": secret("xyzzy")}, "stdin": secret("xyzzy")}
    refused = {"environment": {"A": secret("xyzzy")}}
    connection = secret(sshd.connection(password=secret("xyzzy")))
    garbled = secret(sshd.connection(privateKey=secret("xyzzy")))

    with failing() as failed:
        provider.created(LOCAL, create="cat >/dev/null; exit 1", **local)
    with failing() as not_set:
        provider.created(REMOTE, create="true", connection=connection, **refused)
    with failing() as not_read:
        provider.created(REMOTE, create="true", connection=garbled)

    told = [*failed, *not_set, *not_read, *provider.engine.messages]
    assert not [message for message in told if "xyzzy" in message]
    assert not_read == ["ssh: no key found"]
