"""Logging in on a machine: with its own key and host key, and nothing of them left on disk."""

from __future__ import annotations

import getpass
import json
import os
import pty
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lab.directory import PROJECT
from scripts.init_stack import make_ssh_key
from tests.scripts.conftest import Base

Start = Callable[..., subprocess.Popen[str]]


def state(base: Base, host_key: str) -> dict[str, Any]:
    """A stack's state with one node, which is the machine on loopback."""
    inputs = {
        "environment": {
            "NODE_IP": "10.5.0.6",
            "NODE_HOST": "127.0.0.1",
            "NODE_HOST_KEY": host_key,
            "SSH_USER": getpass.getuser(),
        },
        "stdin": base.private_key,
    }
    urn = "urn:pulumi:dev::p::a:b:Node$command:local:Command::node-1-membership"
    return {"deployment": {"resources": [{"urn": urn, "inputs": inputs}]}}


@pytest.fixture
def start(base: Base, tmp_path: Path) -> Start:
    """Starts the command in a stack whose node-1 is the machine on loopback."""
    program = base.folder / "client" / "pulumi"
    program.write_text(f"#!/bin/sh\ncat {tmp_path}/state\n")
    program.chmod(0o755)

    def start(
        *arguments: str, host_key: str = base.host_key, **options: Any
    ) -> subprocess.Popen[str]:
        (tmp_path / "state").write_text(json.dumps(state(base, host_key)))
        return subprocess.Popen(
            [sys.executable, "-m", "scripts.ssh", *arguments],
            cwd=PROJECT,
            env={**os.environ, "PATH": f"{program.parent}:{os.environ['PATH']}"},
            text=True,
            **options,
        )

    return start


def ran(start: Start, *arguments: str, said: str = "", **options: Any) -> tuple[int, str, str]:
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    with start(*arguments, **pipes, **options) as process:
        out, err = process.communicate(said, timeout=60)
    return process.returncode, out, err


def test_a_command_has_the_standard_input_and_gives_its_exit_status(start: Start) -> None:
    status, out, err = ran(start, "node-1", "--", "cat; exit 7", said="hello\n")
    assert (status, out) == (7, "hello\n"), err


def test_words_go_there_as_with_ssh(start: Start) -> None:
    status, out, err = ran(start, "node-1", "--", "printf", "'%s\\n'", "a", "b")
    assert (status, out) == (0, "a\nb\n"), err


def test_without_a_command_there_is_a_shell_with_a_terminal(start: Start) -> None:
    ours, theirs = pty.openpty()
    with start("node-1", stdin=theirs, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        os.write(ours, b"tty; exit 3\n")
        told = b""
        while process.poll() is None or not told:
            try:
                told += os.read(ours, 4096)
            except OSError:  # its other end is closed
                break
        assert process.wait(timeout=60) == 3, told.decode()
    os.close(ours)
    assert b"/dev/pts/" in told


def test_another_host_key_is_refused_before_anything_is_run(start: Start, base: Base) -> None:
    key = make_ssh_key()[0].rpartition(" ")[0]
    other = f"{key}\n[127.0.0.1]:{base.port} {key}"
    status, out, err = ran(start, "node-1", "--", "echo", "in", host_key=other)
    assert (status, out) == (1, "")
    assert "127.0.0.1 shows another SSH host key" in err


CLIENT = """\
#!/bin/bash
for word; do
  case $word in UserKnownHostsFile=*) folder=$(dirname "${word#*=}") ;; esac
done
echo "$folder" >>FOLDER/folders
stat -c %a "$folder" >>FOLDER/modes
grep -rl "PRIVATE KEY" "$folder" >>FOLDER/on-disk
env >>FOLDER/variables
exec SSH -p PORT "$@"
"""
"""An `ssh` that notes what it was given, and what is on disk when it's run."""


@pytest.mark.parametrize("known", [True, False], ids=["let in", "refused"])
def test_the_key_is_never_on_disk_and_nothing_is_left(
    start: Start, base: Base, known: bool
) -> None:
    client, path = base.folder / "client" / "ssh", shutil.which("ssh")
    text = CLIENT.replace("FOLDER", str(base.folder)).replace("PORT", str(base.port))
    client.write_text(text.replace("SSH", str(path)))
    if not known:
        (base.folder / "authorized_keys").write_text("")
    status, _, err = ran(start, "node-1", "--", "true")
    assert status == (0 if known else 1)
    assert known or "doesn't take sshPrivateKey" in err
    noted = {name: (base.folder / name).read_text() for name in ("folders", "modes", "variables")}
    assert set(noted["modes"].split()) == {"700"}
    assert (base.folder / "on-disk").read_text() == ""
    assert "PRIVATE KEY" not in noted["variables"]
    assert not [one for one in noted["folders"].split() if Path(one).exists()]


def test_a_machine_that_there_is_not_is_told_with_those_that_there_are(start: Start) -> None:
    status, _, err = ran(start, "node-7")
    assert status == 1
    assert "no machine of this stack is called 'node-7'; there are: node-1" in err
