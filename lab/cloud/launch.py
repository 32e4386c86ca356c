"""Starts, finds and stops labs, from outside of them."""

from __future__ import annotations

import fcntl
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from lab.cloud.control.client import SOCKET, ControlClient
from lab.cloud.facts import PROJECT
from lab.cloud.options import IMAGE, READY, RECORD, SERVICES

_NAMESPACES = ["--mount", "--uts", "--ipc", "--net", "--pid", "--fork"]
_USER_NAMESPACE = ["--user", "--map-root-user", "--map-auto"]
_LOG = "supervisor.log"
_STOP_SECONDS = 20.0


class LaunchError(Exception):
    """A lab could not be started or stopped."""


@dataclass(frozen=True)
class Supervisor:
    """A running lab.

    Attributes:
        directory: the lab's directory.
        pid: its process 1, in the caller's process namespace.
    """

    directory: Path
    pid: int

    @property
    def control(self) -> ControlClient:
        """Asks the lab what can't be asked of its AWS."""
        return ControlClient(self.directory)

    def enter(self, argv: Sequence[str]) -> list[str]:
        """A command that runs `argv` on the operator's desk, in the lab's root namespace.

        It passes signals on, ends as `argv` ends, and takes `argv` with it when it's killed.
        The working directory and the environment are the caller's.
        """
        return [
            sys.executable,
            "-c",
            f"import sys; sys.path.insert(0, {str(PROJECT)!r}); from lab.cloud import enter; "
            "sys.exit(enter.main(int(sys.argv[1]), sys.argv[2:]))",
            str(self.pid),
            *argv,
        ]

    def stop(self) -> None:
        """End every process of the lab; its networks and mounts go with them.

        Raises:
            LaunchError: processes were still there after some time.
        """
        # Its parent is unshare(1), which made the namespaces and waits for it.
        ending = [pid for pid in (self.pid, _parent(self.pid)) if pid is not None]
        with ExitStack() as opened:
            waiting = [fd for pid in ending if (fd := _open_process(pid, opened)) is not None]
            if waiting and _is_supervisor(self.pid, self.directory):
                signal.pidfd_send_signal(waiting[0], signal.SIGKILL)
                _wait_for(waiting, self.pid)
        for name in (RECORD, SOCKET):
            (self.directory / name).unlink(missing_ok=True)


def start(
    directory: Path,
    *,
    boot_seconds: float = 1.0,
    image: str = IMAGE,
    services: str = SERVICES,
) -> Supervisor:
    """Start the lab in `directory`, detached; returns when it can be used.

    A lab that runs is left alone.

    Args:
        directory: the lab's directory; made when it's missing.
        boot_seconds: how long an instance is pending.
        image: module with what hosts get (`prepare` and `BOOT`).
        services: module with what runs beside the fake AWS (`ROOT_SERVICES`).

    Raises:
        LaunchError: this machine lacks something, or the kernel refuses something.
    """
    directory = directory.absolute()
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _lock(directory / ".start.lock"):
        if running := find(directory):
            return running
        # Imported late: it is a command too, which must not be loaded before it is run.
        from lab.cloud import requirements  # noqa: PLC0415

        if lacking := requirements.missing():
            raise LaunchError(requirements.explain(lacking))
        _spawn(directory, boot_seconds, image, services)
        started = find(directory)
    if started is None:
        raise LaunchError(f"the lab ended right after its start; see {directory / _LOG}")
    return started


def find(directory: Path) -> Supervisor | None:
    """The running lab in `directory`; None when it doesn't run."""
    try:
        pid = int(json.loads((directory / RECORD).read_text())["pid"])
    except (FileNotFoundError, json.JSONDecodeError):
        return None
    directory = directory.absolute()
    return Supervisor(directory, pid) if _is_supervisor(pid, directory) else None


def remove(directory: Path) -> None:
    """Delete a lab's directory; the lab must not run.

    Raises:
        LaunchError: it runs.
    """
    if find(directory):
        raise LaunchError(f"the lab in {directory} runs; stop it first")
    if directory.exists():
        shutil.rmtree(directory)


def _spawn(directory: Path, boot_seconds: float, image: str, services: str) -> None:
    """Start a supervisor in new namespaces and wait until it's ready."""
    reading, writing = os.pipe()
    user = [] if os.geteuid() == 0 else _USER_NAMESPACE
    command = ["setsid", "--fork", "unshare", *user, *_NAMESPACES, sys.executable]
    command += ["-m", "lab.cloud.supervisor", "--dir", str(directory)]
    command += ["--boot-seconds", str(boot_seconds), "--image", image, "--services", services]
    command += ["--ready", str(writing)]
    with (directory / _LOG).open("ab") as log:
        try:
            subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=PROJECT,
                env=_environment(),
                pass_fds=[writing],
                check=True,
            )
        finally:
            os.close(writing)
    # One message, or the end: unshare keeps its end of the pipe open for as long as the lab runs.
    said = os.read(reading, 65536).decode()
    os.close(reading)
    if said != READY:
        raise LaunchError(
            f"the lab didn't start: {said or 'its process ended'}\n  See {directory / _LOG}"
        )


def _environment() -> dict[str, str]:
    """The caller's environment without what would lead moto to a real AWS."""
    folders = [os.environ.get("PATH", os.defpath), "/usr/local/sbin", "/usr/sbin", "/sbin"]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return {**kept, "PATH": os.pathsep.join(folders), "PYTHONPATH": str(PROJECT)}


def _is_supervisor(pid: int, directory: Path) -> bool:
    """Whether that process is, still, the supervisor of the lab in `directory`."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except (FileNotFoundError, ProcessLookupError):
        return False
    return b"lab.cloud.supervisor" in words and os.fsencode(directory) in words


@contextmanager
def _lock(file: Path) -> Iterator[None]:
    """One at a time starts a lab."""
    with file.open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def _parent(pid: int) -> int | None:
    """The parent of a process; None when the process is gone."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return int(status.split("PPid:")[1].split()[0]) or None


def _open_process(pid: int, opened: ExitStack) -> int | None:
    """A descriptor that stands for this process and no later one; None when it's gone."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return None
    opened.callback(os.close, descriptor)
    return descriptor


def _wait_for(processes: list[int], pid: int) -> None:
    """Wait until processes have ended. A namespace's process 1 ends after all others in it."""
    limit = time.monotonic() + _STOP_SECONDS
    for process in processes:
        waiting = select.poll()
        waiting.register(process, select.POLLIN)
        if not waiting.poll(max(0.0, limit - time.monotonic()) * 1000):
            raise LaunchError(
                f"process {pid} didn't end within {_STOP_SECONDS:.0f} s; "
                f"look at it: ps -o pid,stat,wchan,args -p {pid}"
            )
