"""Following the base over SSH: reconnects when it must, refuses when it should."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from scripts.init_stack import make_ssh_key

FOLLOW = Path("scripts/run_on_base.sh").read_text()


@dataclass(frozen=True)
class Base:
    """A real sshd on loopback whose `sudo` runs a script of the test's."""

    folder: Path
    port: int
    host_key: str
    private_key: str

    def follow(self, action: str, **changes: str) -> subprocess.CompletedProcess[str]:
        environment = {
            "PATH": f"{self.folder / 'client'}:{os.environ['PATH']}",
            "NODE_NAME": "node-3",
            "NODE_IP": "10.5.0.8",
            "NODE_IDENTITY": "i-3",
            "BASE_HOST": "127.0.0.1",
            "BASE_HOST_KEY": self.host_key,
            "SSH_USER": getpass.getuser(),
            "DRAIN_TIMEOUT_SECONDS": "60",
            "FORCE_AFTER_DRAIN_TIMEOUT": "false",
            **changes,
        }
        return subprocess.run(
            ["/bin/bash", "-c", f"set -- {action}\n{FOLLOW}"],
            input=self.private_key,
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def does(self, script: str) -> None:
        """What the membership program does, as a shell script; `$@` are its arguments."""
        sudo = self.folder / "server" / "sudo"
        sudo.write_text(f"#!/bin/bash\ncd {self.folder}\n{script}\n")
        sudo.chmod(0o755)


@pytest.fixture
def base(tmp_path: Path) -> Iterator[Base]:
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
    yield Base(tmp_path, port, f"{key}\n[127.0.0.1]:{port} {key}", private)
    server.terminate()
    server.wait()


def test_progress_is_passed_on_and_the_status_too(base: Base) -> None:
    base.does('echo "node-3: waiting for 4 calls"; exit 3')
    done = base.follow("drain")
    assert done.returncode == 3
    assert done.stdout == "node-3: waiting for 4 calls\n"


def test_a_lost_connection_is_made_again(base: Base) -> None:
    base.does("if [[ ! -e again ]]; then touch again; kill -9 $PPID; sleep 5; fi; echo resumed")
    done = base.follow("drain")
    assert done.returncode == 0, done.stderr
    assert "node-3: waiting for the base 127.0.0.1: the connection was lost" in done.stdout
    assert done.stdout.endswith("resumed\n")


def test_another_host_key_is_refused_with_both_fingerprints(base: Base) -> None:
    base.does("echo never")
    other = make_ssh_key()[0].rsplit(" ", 1)[0]
    done = base.follow("drain", BASE_HOST_KEY=f"{other}\n[127.0.0.1]:{base.port} {other}")
    assert done.returncode == 1
    assert "never" not in done.stdout
    assert "shows another SSH host key than" in done.stderr


def test_another_private_key_is_refused(base: Base) -> None:
    base.does("echo never")
    (base.folder / "authorized_keys").write_text(make_ssh_key()[0])
    done = base.follow("drain")
    assert done.returncode == 1
    assert "doesn't take sshPrivateKey" in done.stderr


def test_the_key_is_in_no_file_and_no_argument(base: Base) -> None:
    base.does("ps -ef; cat /tmp/*/known_hosts 2>/dev/null; true")
    done = base.follow("join")
    assert done.returncode == 0
    assert "PRIVATE KEY" not in done.stdout
