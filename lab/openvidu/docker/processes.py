"""Looking at processes through /proc, and ending them."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

_POLL_SECONDS = 0.02


@dataclass(frozen=True)
class Process:
    """A process that can't be mistaken for a later one with the same number.

    Attributes:
        pid: its number.
        began: when it began, in the kernel's ticks.
    """

    pid: int
    began: int

    @classmethod
    def find(cls, pid: int) -> Process | None:
        """The process with this number, unless there is none or it has ended."""
        fields = _stat(pid)
        return cls(pid, int(fields[19])) if fields and fields[0] not in "ZX" else None

    @classmethod
    def parse(cls, text: str) -> Process:
        """Read what `render` wrote."""
        pid, began = text.split()
        return cls(int(pid), int(began))

    def render(self) -> str:
        """One line that `parse` reads."""
        return f"{self.pid} {self.began}\n"

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return Process.find(self.pid) == self

    def signal(self, number: signal.Signals) -> None:
        """Send a signal, if it still runs."""
        if self.alive:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def wait(self, seconds: float) -> bool:
        """Wait until it has ended; `False` where it still runs after `seconds`."""
        limit = time.monotonic() + seconds
        while self.alive:
            if time.monotonic() > limit:
                return False
            time.sleep(_POLL_SECONDS)
        return True


def kill_session(session: int, seconds: float = 10.0) -> None:
    """Kill every process of a session, and wait until none is left: what they listen on is free.

    So the kernel does where a container's first process ends: its PID namespace goes as a whole.
    Source: pid_namespaces(7).
    """
    limit = time.monotonic() + seconds
    while (members := _members(session)) and time.monotonic() < limit:
        for one in members:
            one.signal(signal.SIGKILL)
        time.sleep(_POLL_SECONDS)


def _members(session: int) -> list[Process]:
    numbers = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal()]
    found = {pid: fields for pid in numbers if (fields := _stat(pid)) and fields[0] not in "ZX"}
    return [Process(pid, int(has[19])) for pid, has in found.items() if int(has[3]) == session]


def _stat(pid: int) -> list[str] | None:
    """The fields of /proc/PID/stat from the third (state) on."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return text.rpartition(")")[2].split()
