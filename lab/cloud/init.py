"""The first process of a host: `python -m lab.cloud.init DESCRIPTOR`.

It reads a `Plan` from the socket DESCRIPTOR, makes the host's namespaces, tells the number of
the process that is the host's init, and waits for the word to go on: by then the network is
there. Then init mounts, starts sshd, runs user data at the first boot and the image's boot
commands at each, prints the console, and reaps what others leave, until SIGTERM shuts it down.
The console offers a login when sshd listens, as on Ubuntu, whose systemd listens for sshd early.
"""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from lab.cloud import mounts, namespaces
from lab.cloud.namespaces import Namespace

_KINDS = (
    Namespace.PROCESSES | Namespace.NETWORK | Namespace.MOUNT | Namespace.HOSTNAME | Namespace.IPC
)
_ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/root",
    "USER": "root",
    "LANG": "C.UTF-8",
}
_SIGNALS = {signal.SIGCHLD, signal.SIGTERM, signal.SIGINT}
_SSHD = "/usr/sbin/sshd"
_RESTART_SECONDS = 1.0
_LISTEN_SECONDS = 10.0
_POLL_SECONDS = 0.01
_SSH_LISTENS = re.compile(r"^ *\d+: 0{8}:0016 0{8}:0000 0A ", re.MULTILINE)
"""A line of /proc/net/tcp. Source: proc(5): local address, remote address, state (0A: LISTEN)."""
_SHUTDOWN_SECONDS = 3.0
INSTANCE = Path("/var/lib/cloud/instance")
"""What cloud-init has noted of the machine."""
USER_DATA = INSTANCE / "user-data.txt"
"""Source: cloud-init, "Instance data": where user data is kept."""
_BOOTED = INSTANCE / "boot-finished"
_OUTPUT = Path("/var/log/cloud-init-output.log")
_BOOT_LOG = Path("/var/log/boot.log")
_SSH_LOG = Path("/var/log/auth.log")
LOGS = (_OUTPUT, _BOOT_LOG, _SSH_LOG)
"""Files that init writes; a new disk has them empty."""
_KEYS = [Path(f"/etc/ssh/ssh_host_{kind}_key.pub") for kind in ("ecdsa", "ed25519", "rsa")]
GO = b"go\n"


@dataclass(frozen=True)
class Plan:
    """What an init is to do.

    Attributes:
        hostname: the host's name.
        mounts: what is mounted where.
        boot: commands to run at each boot.
    """

    hostname: str
    mounts: mounts.Plan
    boot: list[list[str]]

    def as_json(self) -> str:
        """The plan as one line."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Plan:
        """Read what `as_json` wrote."""
        found = json.loads(text)
        return cls(found["hostname"], mounts.Plan(**found["mounts"]), found["boot"])


def main(descriptor: int) -> int:
    """Make the namespaces and be the parent of init; returns when the host is down.

    Returns:
        0 when it was shut down, 129 when it asked to be rebooted, else 128 + signal.
    """
    with socket.socket(fileno=descriptor) as control:
        stream = control.makefile("rwb")
        plan = Plan.from_json(stream.readline().decode())
        namespaces.unshare(_KINDS)
        child = os.fork()
        if child == 0:
            namespaces.die_with_parent()
            if stream.readline() != GO:
                os._exit(1)
            stream.close()
            control.close()
            _Init(plan).run()
        stream.write(f"{child}\n".encode())
        stream.flush()
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


class _Init:
    """Process 1 of a host."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._sshd: int | None = None
        self._restart_at: float | None = None
        self._user_data: int | None = None

    def run(self) -> None:
        """Boot and stay until told to shut down; doesn't return."""
        signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        try:
            self._boot()
            while self._wait() not in (signal.SIGTERM, signal.SIGINT):
                self._reap()
                if self._restart_at and time.monotonic() >= self._restart_at:
                    self._start_sshd()
        except OSError as error:
            _say(f"Kernel panic - not syncing: {error}")
            os._exit(1)
        _shut_down()
        os._exit(0)

    def _boot(self) -> None:
        socket.sethostname(self._plan.hostname)
        mounts.make(self._plan.mounts)
        _say(f"Booting Linux on {self._plan.hostname}")
        self._start_sshd()
        for command in self._plan.boot:
            _spawn(command, _BOOT_LOG)
        if _BOOTED.exists():
            self._ready()
            return
        self._user_data = _start_user_data()
        if self._user_data is None:
            self._finish_first_boot()

    def _finish_first_boot(self) -> None:
        """Print what cloud-init prints in its last stage, once in a machine's life."""
        _say(_OUTPUT.read_text(errors="replace"))
        _print_host_keys()
        _BOOTED.parent.mkdir(parents=True, exist_ok=True)
        _BOOTED.touch()
        self._ready()

    def _ready(self) -> None:
        limit = time.monotonic() + _LISTEN_SECONDS
        while self._sshd_starts() and time.monotonic() < limit:
            time.sleep(_POLL_SECONDS)
        _say(f"\nUbuntu 24.04.1 LTS {self._plan.hostname} ttyS0\n\n{self._plan.hostname} login:")

    def _start_sshd(self) -> None:
        self._restart_at = None
        self._sshd = _spawn([_SSHD, "-D", "-e"], _SSH_LOG)

    def _sshd_starts(self) -> bool:
        """Whether sshd runs and doesn't listen yet."""
        listens = _SSH_LISTENS.search(Path("/proc/net/tcp").read_text())
        return listens is None and bool(self._sshd) and Path(f"/proc/{self._sshd}/exe").exists()

    def _wait(self) -> int:
        if self._restart_at is None:
            return signal.sigwait(_SIGNALS)
        left = max(0.0, self._restart_at - time.monotonic())
        found = signal.sigtimedwait(_SIGNALS, left)
        return found.si_signo if found else 0

    def _reap(self) -> None:
        """Take leave of every process that has ended."""
        while True:
            try:
                number, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if number == 0:
                return
            if number == self._sshd:
                self._restart_at = time.monotonic() + _RESTART_SECONDS
            elif number == self._user_data:
                code = os.waitstatus_to_exitcode(status)
                _say(f"cloud-init: user data ended with status {code}")
                self._user_data = None
                self._finish_first_boot()


def _start_user_data() -> int | None:
    """Run user data that is a script; returns its process, or None when there's nothing to run."""
    if not USER_DATA.exists():
        return None
    text = USER_DATA.read_bytes()
    if not text.startswith(b"#!"):
        _say("cloud-init: user data is no script (#!): the lab runs scripts only")
        return None
    script = INSTANCE / "scripts" / "part-001"
    script.parent.mkdir(parents=True, exist_ok=True)
    script.write_bytes(text)
    script.chmod(0o700)
    return _spawn([str(script)], _OUTPUT)


def _print_host_keys() -> None:
    """Print the public host keys as cloud-init's module keys_to_console does."""
    lines = [key.read_text().strip() for key in _KEYS]
    _say("-----BEGIN SSH HOST KEY KEYS-----")
    _say("\n".join(lines))
    _say("-----END SSH HOST KEY KEYS-----")


def _spawn(command: list[str], log: Path) -> int:
    """Start a command in a session of its own, with its output at the end of a file."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    actions = [
        (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, str(log), flags, 0o640),
        (os.POSIX_SPAWN_DUP2, 1, 2),
    ]
    try:
        return os.posix_spawn(
            command[0], command, _ENVIRONMENT, file_actions=actions, setsid=True, setsigmask=[]
        )
    except OSError as error:
        _say(f"{command[0]}: {error.strerror}")
        return 0


def _shut_down() -> None:
    """Ask every process to end, and wait a little for it. The kernel ends the rest."""
    _say("Shutting down")
    limit = time.monotonic() + _SHUTDOWN_SECONDS
    try:
        os.kill(-1, signal.SIGTERM)
        while time.monotonic() < limit:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
            signal.sigtimedwait({signal.SIGCHLD}, 0.1)
    except (ProcessLookupError, ChildProcessError):
        return


def _say(text: str) -> None:
    """Print on the console."""
    os.write(1, f"{text}\n".encode())


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
