"""A running service: a process that keeps its command running. `… service UNIT` is that process."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from lab.openvidu.systemd.units import Unit, load

_FOLDER = Path("/run/openvidu-lab-systemd")
_LOGS = Path("/var/log/openvidu-lab-systemd")
_STOP_SECONDS = 90.0
"""Source: systemd-system.conf(5), `DefaultTimeoutStopSec`."""
_POLL_SECONDS = 0.05


def log_of(name: str) -> Path:
    """What a service prints."""
    return _LOGS / f"{name}.log"


def is_active(name: str) -> bool:
    """Whether it runs: its process holds a lock for as long as it lives."""
    try:
        with _lock_file(name).open() as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def start(name: str) -> None:
    """Start it, unless it runs."""
    if is_active(name):
        return
    log = log_of(name)
    log.parent.mkdir(parents=True, exist_ok=True)
    _FOLDER.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        subprocess.Popen(
            [sys.executable, "-P", "-m", __name__, name],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    _wait_until(name, active=True)


def stop(name: str) -> None:
    """Stop it, and what it runs."""
    if not is_active(name):
        return
    group = int(_lock_file(name).read_text())
    for number in (signal.SIGTERM, signal.SIGKILL):
        os.killpg(group, number)
        if _wait_until(name, active=False):
            return


def _wait_until(name: str, *, active: bool) -> bool:
    deadline = time.monotonic() + _STOP_SECONDS
    while is_active(name) is not active:
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_SECONDS)
    return True


def _lock_file(name: str) -> Path:
    return _FOLDER / f"{name}.lock"


def _keep_running(unit: Unit) -> None:
    asked_to_end: list[int] = []
    # What it runs is asked as well, and has its time.
    signal.signal(signal.SIGTERM, lambda number, _: asked_to_end.append(number))
    with _lock_file(unit.name).open("a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        while True:
            status = subprocess.run(
                unit.command, env={**os.environ, **unit.environment}, check=False
            ).returncode
            print(f"{unit.name}: ended with status {status}", flush=True)  # noqa: T201
            if asked_to_end or unit.restart == "no":
                return
            if unit.restart == "on-failure" and status == 0:
                return
            time.sleep(unit.restart_seconds)


if __name__ == "__main__":
    _keep_running(load(sys.argv[1]))
