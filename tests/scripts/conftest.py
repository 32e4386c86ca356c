"""EC2 of moto, and a machine to follow over SSH: a real sshd, on which nothing is really done."""

from __future__ import annotations

import getpass
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from components.over_ssh import MEMBERSHIP, SHELL, command
from components.over_ssh import environment as script_environment
from scripts.init_stack import make_ssh_key

_BRIDGE = """
import os, socket, sys, threading
there = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
def pass_on():
    while more := os.read(0, 65536):
        there.sendall(more)
threading.Thread(target=pass_on, daemon=True).start()
while more := there.recv(65536):
    os.write(1, more)
"""


@dataclass(frozen=True)
class Base:
    """A real sshd on loopback whose `sudo` runs a script of the test's."""

    folder: Path
    port: int
    host_key: str
    private_key: str
    pid: int

    def follow(
        self, action: str, *, project: Path | None = None, **changes: str
    ) -> subprocess.CompletedProcess[str]:
        script = self.start(action, project=project, **changes)
        out, err = script.communicate(timeout=180)
        return subprocess.CompletedProcess(script.args, script.returncode, out, err)

    def start(
        self, action: str, *, project: Path | None = None, **changes: str
    ) -> subprocess.Popen[str]:
        environment = {
            "PATH": f"{self.folder / 'client'}:{os.environ['PATH']}",
            **script_environment(MEMBERSHIP),
            "NODE_NAME": "node-3",
            "NODE_IP": "10.5.0.8",
            "NODE_IDENTITY": "i-3",
            "BASE_HOST": "127.0.0.1",
            "BASE_HOST_KEY": self.host_key,
            "SSH_USER": getpass.getuser(),
            "NODE_HOST": "localhost",
            "NODE_HOST_KEY": self.host_key.replace("127.0.0.1", "localhost"),
            "START_NODE": "sudo -n start-node",
            "LIST_RECORDINGS": "sudo -n list-recordings",
            "WITNESS_NODE": "sudo -n witness-node",
            "STOP_NODE": "sudo -n stop-node",
            "REST_NODE": "sudo -n rest-node",
            "REACH": "echo 10.5.0.8:4443=ok",
            "RECORDING_SECONDS": "1",
            **changes,
        }
        script = subprocess.Popen(
            [*SHELL, command(action)],
            env=environment,
            cwd=project,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert script.stdin
        script.stdin.write(self.private_key)
        script.stdin.flush()
        script.stdin.close()
        script.stdin = None
        return script

    def does(self, script: str) -> None:
        """What commands run as root do, as a shell script; `$did` is the action."""
        sudo = self.folder / "server" / "sudo"
        sudo.write_text(
            f"#!/bin/bash\ncd {self.folder}\n"
            "[[ $* =~ membership.pyz\\ ([a-z-]+) ]] && did=${BASH_REMATCH[1]} || did=$2\n"
            f'echo "$did" >>did\n{script}\n'
        )
        sudo.chmod(0o755)

    def logs_in(self, script: str) -> None:
        """What a login does, as a shell script."""
        config = self.folder / "sshd_config"
        text = config.read_text().partition("ForceCommand")[0]
        login = self.folder / "login"
        login.write_text(f"#!/bin/bash\n{script}\n")
        login.chmod(0o755)
        config.write_text(f"{text}ForceCommand {login}\n")
        os.kill(self.pid, signal.SIGHUP)

    @property
    def did(self) -> list[str]:
        """What was done as root, in order."""
        return (self.folder / "did").read_text().split()


def by_ssm(base: Base, before: str = "", project: Path | None = None) -> Path:
    """A project's folder whose `scripts.ssm_way` leads to this machine.

    Args:
        base: where to.
        before: a shell script that it runs first.
        project: the folder; one beside the machine's files where it's None.
    """
    folder = project or base.folder / "project"
    python = folder / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True, exist_ok=True)
    bridge = f"{sys.executable} -c {shlex.quote(_BRIDGE)} {base.port}"
    python.write_text(
        f'#!/bin/bash\n[[ $2 == scripts.ssm_way ]] || exec {sys.executable} "$@"\n'
        f'{before}\necho "${{@:3}}" >{base.folder}/by-ssm\nexec {bridge}\n'
    )
    python.chmod(0o755)
    return folder


@pytest.fixture
def base(tmp_path: Path) -> Iterator[Base]:
    with a_base(tmp_path) as made:
        yield made


@contextmanager
def a_base(tmp_path: Path) -> Iterator[Base]:
    """A base with its files in a folder."""
    sshd = shutil.which("sshd", path="/usr/sbin:/usr/bin")
    assert sshd, "sshd is missing: ./run test installs it"
    public, private = make_ssh_key()
    host_public, host_private = make_ssh_key()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    for name, text in (("host_key", host_private), ("authorized_keys", public + "\n")):
        (tmp_path / name).touch(mode=0o600)
        (tmp_path / name).write_text(text)
    (tmp_path / "server").mkdir()
    (tmp_path / "client").mkdir()
    # The script connects to port 22; here that is another one.
    ssh = tmp_path / "client" / "ssh"
    ssh.write_text(f'#!/bin/bash\nexec {shutil.which("ssh")} -p {port} "$@"\n')
    ssh.chmod(0o755)
    config = tmp_path / "sshd_config"
    config.write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {tmp_path}/host_key\n"
        f"AuthorizedKeysFile {tmp_path}/authorized_keys\nStrictModes no\nUsePAM no\n"
        f"PidFile none\nSetEnv PATH={tmp_path}/server:/usr/bin:/bin\n"
    )
    Path("/run/sshd").mkdir(exist_ok=True)
    server = subprocess.Popen([sshd, "-D", "-f", str(config), "-E", str(tmp_path / "log")])
    while True:
        assert server.poll() is None
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                break
    # known_hosts names a port other than 22 in its own way.
    key = host_public.rsplit(" ", 1)[0]
    try:
        yield Base(tmp_path, port, f"{key}\n[127.0.0.1]:{port} {key}", private, server.pid)
    finally:
        server.terminate()
        server.wait()


@pytest.fixture
def ec2(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """EC2 of moto's AWS, in which nothing is: not the images that moto knows.

    It takes a second to read these thousands, and does so at the end of a test for the next one.
    """
    monkeypatch.setenv("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "none")
    with mock_aws():
        yield boto3.client("ec2", region_name="eu-west-1")
