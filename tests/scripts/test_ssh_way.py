"""Machines behind another port or a jump host, and the operator's own agent; real sshds."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from components.ssh_way import Jump, SshWay, ssh_command
from scripts.init_stack import make_ssh_key
from tests.scripts.conftest import Base, a_base


@pytest.fixture
def jump(tmp_path: Path) -> Iterator[Base]:
    """Another machine, with another key of its own and for its users."""
    folder = tmp_path / "jump"
    folder.mkdir()
    with a_base(folder) as made:
        yield made


def key_of(base: Base) -> str:
    return base.host_key.splitlines()[0]


def through(base: Base, jump: Base, **changes: str) -> dict[str, str]:
    """Variables that lead to a machine by another."""
    at = {"host": "127.0.0.1", "port": jump.port, "user": "", "host_key": key_of(jump)}
    way = SshWay(base.port, Jump(**{**at, **changes}))
    return {**on_its_port(base), "BASE_SSH_WAY": way.as_text()}


def on_its_port(base: Base) -> dict[str, str]:
    """Variables that lead to a machine straight, with OpenSSH's client as it is."""
    return {
        "PATH": os.environ["PATH"],
        "BASE_HOST_KEY": key_of(base),
        "BASE_SSH_WAY": SshWay(base.port).as_text(),
        "RECONNECT_SECONDS": "0",
    }


def logins(base: Base) -> int:
    return (base.folder / "log").read_text().count("Accepted publickey")


def test_the_agent_that_holds_the_keys_ends_with_the_session(base: Base) -> None:
    """It would look every ten seconds whether it may, and hold the terminal until then."""
    told = """
import os
from remote.session import session
with session("tell"):
    print(os.environ["SSH_AGENT_PID"])
"""
    done = base.follow("tell", ACTIONS=told)
    assert done.returncode == 0, done.stderr
    with pytest.raises(ProcessLookupError):
        os.kill(int(done.stdout), 0)


def test_a_port_of_its_own_is_connected_to_and_its_host_key_checked(base: Base) -> None:
    base.does("echo done")
    done = base.follow("overview", **on_its_port(base))
    assert (done.returncode, done.stdout) == (0, "done\n"), done.stderr
    other = make_ssh_key()[0].rsplit(" ", 1)[0]
    refused = base.follow("overview", **{**on_its_port(base), "BASE_HOST_KEY": other})
    assert refused.returncode == 1
    assert "shows another SSH host key than" in refused.stderr
    seen = refused.stderr.partition("Seen: ")[2]
    assert "(ED25519)" in seen


@pytest.mark.parametrize("shell", ["/bin/sh", "/bin/false"])
def test_a_jump_host_with_a_key_of_its_own_is_gone_through(
    base: Base, jump: Base, shell: str
) -> None:
    """Whatever shell the operator has."""
    base.does("echo done")
    both = replace(base, private_key=base.private_key + jump.private_key)
    done = both.follow("overview", **through(base, jump), SHELL=shell)
    assert (done.returncode, done.stdout) == (0, "done\n"), done.stderr
    assert (logins(base), logins(jump)) == (1, 1)


def test_a_jump_host_with_another_host_key_is_refused_at_once(base: Base, jump: Base) -> None:
    base.does("echo never")
    other = make_ssh_key()[0].rsplit(" ", 1)[0]
    way = through(base, jump, host_key=other)
    done = base.follow("overview", **{**way, "RECONNECT_SECONDS": "600"})
    assert done.returncode == 1
    assert "the jump host to the base, 127.0.0.1, shows another SSH host key" in done.stderr
    assert logins(jump) == 0


def test_a_jump_host_that_does_not_know_the_key_is_named(base: Base, jump: Base) -> None:
    base.does("echo never")
    way = through(base, jump, user="ops@corp.example.io")
    done = base.follow("overview", **{**way, "RECONNECT_SECONDS": "600"})
    assert done.returncode == 1
    assert "lets ops@corp.example.io in with no sshJumpPrivateKey or sshPrivateKey" in done.stderr
    assert "ops@corp.example.io@127.0.0.1: Permission denied" in done.stderr


@pytest.mark.parametrize("user", ["first.last", "ops@corp.example.io", "corp\\ops"])
def test_users_of_a_directory_are_named_to_the_machines_as_they_are(
    base: Base, jump: Base, user: str
) -> None:
    straight = base.follow("overview", **on_its_port(base), SSH_USER=user)
    assert f"overview refused: {user}@127.0.0.1 doesn't take sshPrivateKey." in straight.stderr
    done = base.follow("overview", **through(base, jump, user=user))
    assert f"lets {user} in with no" in done.stderr
    asked = (jump.folder / "log").read_text()
    # sshd doubles the backslash in its log.
    assert f"Invalid user {user} from" in asked.replace("\\\\", "\\")


def test_a_machine_behind_a_jump_host_that_shows_another_key_tells_which(
    base: Base, jump: Base
) -> None:
    other = make_ssh_key()[0].rsplit(" ", 1)[0]
    both = replace(base, private_key=base.private_key + jump.private_key)
    done = both.follow("overview", **{**through(base, jump), "BASE_HOST_KEY": other})
    assert "127.0.0.1 shows another SSH host key than" in done.stderr
    listed = subprocess.run(
        ["ssh-keygen", "-lf", "-"], input=key_of(base), capture_output=True, text=True, check=True
    )
    assert listed.stdout.split()[1] in done.stderr.partition("Seen: ")[2]


def test_the_operators_own_agent_logs_in_and_is_left_alone(base: Base, tmp_path: Path) -> None:
    base.does("ssh-add -l >&2; echo done")
    key = tmp_path / "key"
    key.touch(mode=0o600)
    key.write_text(base.private_key)
    with_agent = replace(base, private_key="")
    begun = subprocess.run(["ssh-agent", "-s"], capture_output=True, text=True, check=True).stdout
    words = dict(line.partition(";")[0].split("=", 1) for line in begun.splitlines() if "=" in line)
    socket = {"SSH_AUTH_SOCK": words["SSH_AUTH_SOCK"]}
    try:
        empty = with_agent.follow("overview", **on_its_port(base), SSH_AGENT="own", **socket)
        assert empty.returncode == 1
        assert "there is none with a key: The agent has no identities." in empty.stderr
        subprocess.run(["ssh-add", "-q", str(key)], env={**os.environ, **socket}, check=True)
        done = with_agent.follow("overview", **on_its_port(base), SSH_AGENT="own", **socket)
        assert (done.returncode, done.stdout) == (0, "done\n"), done.stderr
        # No machine gets to use it.
        assert "Could not open a connection to your authentication agent" in done.stderr
        (base.folder / "authorized_keys").write_text("")
        refused = with_agent.follow("overview", **on_its_port(base), SSH_AGENT="own", **socket)
        assert "doesn't take a key of your SSH agent" in refused.stderr
    finally:
        os.kill(int(words["SSH_AGENT_PID"]), 15)
    gone = with_agent.follow("overview", **on_its_port(base), SSH_AGENT="own", **socket)
    assert 'Next: eval "$(ssh-agent)" && ssh-add FILE' in gone.stderr


def test_a_peer_is_asked_by_the_way_that_the_base_was_told(base: Base, jump: Base) -> None:
    base.does(
        "case $did in drain) [[ -e testimony ]] && exit 0; exit 20 ;; doubts) cat doubts ;;"
        ' testify) echo "$*" >testimony ;; esac'
    )
    way = through(base, jump)
    peer = {"name": "node-1", "ip": "10.5.0.6", "identity": "i-1", "host": "127.0.0.1"}
    peer |= {"hostKey": key_of(base), "sshWay": way["BASE_SSH_WAY"], "instance": ""}
    node = {**peer, "name": "node-3", "ip": "10.5.0.8", "host": ""}
    told = {"port": 4443, "nodes": [node], "peers": [peer]}
    (base.folder / "doubts").write_text(json.dumps(told))
    both = replace(base, private_key=base.private_key + jump.private_key)
    reached = {**on_its_port(base), "NODE_HOST_KEY": key_of(base), "NODE_SSH_WAY": ""}
    done = both.follow("drain", **{**reached, "NODE_IP": "10.5.0.9"})
    assert "node-1 says of its port: ok" in (base.folder / "testimony").read_text(), done.stderr
    assert logins(jump) == 1


@pytest.mark.parametrize(
    ("user", "way", "typed"),
    [
        ("ubuntu", SshWay(), "ssh ubuntu@203.0.113.5"),
        ("corp\\ops", SshWay(2222), r"ssh -p 2222 'corp\ops@203.0.113.5'"),
        (
            "ops@corp.example.io",
            SshWay(jump=Jump("jump.example.io", 2200, "", None)),
            "ssh -J ops@corp.example.io@jump.example.io:2200 ops@corp.example.io@203.0.113.5",
        ),
    ],
)
def test_the_command_to_type_is_right_for_a_shell(user: str, way: SshWay, typed: str) -> None:
    assert ssh_command(user, "203.0.113.5", way) == typed
    said = subprocess.run(
        ["/bin/sh", "-c", f"exec {sys.executable} -c 'import sys; print(sys.argv[-1])' {typed}"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout == f"{user}@203.0.113.5\n"
