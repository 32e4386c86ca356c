"""A real sshd on the loopback interface, with keys of its own, run by whoever runs the tests."""

from __future__ import annotations

import getpass
import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import Any

from tests.ports import free_port

HOST_KEYS = ("ed25519", "rsa", "ecdsa")


def find_sshd() -> str | None:
    return shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")


def make_key(path: Path, *options: str, passphrase: str = "") -> Path:
    command = ["ssh-keygen", "-q", *(options or ("-t", "ed25519")), "-N", passphrase, "-f", path]
    subprocess.run(command, check=True)
    return path


class Sshd:
    """The server; `connection()` gives the input that connects to it."""

    def __init__(self, folder: Path, keys: Path, *users: str) -> None:
        """Prepare a server with files in `folder` that lets the keys of `users` in."""
        self.folder = folder
        self.keys = keys
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        public = [(keys / f"{user}.pub").read_text() for user in users]
        (folder / "authorized_keys").write_text("".join(public))
        host_keys = [f"HostKey {keys}/host_{kind}" for kind in HOST_KEYS]
        lines = [
            f"Port {self.port}",
            "ListenAddress 127.0.0.1",
            "UsePAM no",
            "StrictModes no",
            "PermitRootLogin yes",
            f"AuthorizedKeysFile {folder}/authorized_keys",
            f"PidFile {folder}/pid",
            "AcceptEnv TAKEN_*",
            *host_keys,
        ]
        (folder / "config").write_text("\n".join(lines) + "\n")

    def start(self) -> None:
        program = find_sshd()
        assert program is not None
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(exist_ok=True)  # sshd wants it for its unprivileged part
        self._process = subprocess.Popen(
            [program, "-D", "-f", self.folder / "config"],
            stdin=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + 10
        while not self._listens():
            assert time.monotonic() < deadline, f"sshd does not listen on port {self.port}"
            time.sleep(0.02)

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait()

    def cut_connections(self) -> None:
        assert self._process is not None
        pid = self._process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        for child in children:
            os.kill(int(child), signal.SIGKILL)

    def host_key(self, kind: str = "ed25519") -> str:
        return (self.keys / f"host_{kind}.pub").read_text()

    def connection(self, **changes: Any) -> dict[str, Any]:
        connection = {
            "host": "127.0.0.1",
            "port": self.port,
            "user": getpass.getuser(),
            "privateKey": (self.keys / "user").read_text(),
            "dialErrorLimit": 10,
            "perDialTimeout": 15,
            **changes,
        }
        return {name: value for name, value in connection.items() if value is not None}

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0
