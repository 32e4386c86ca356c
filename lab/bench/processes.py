"""What processes have used of the processors, from /proc.

Source: proc(5), /proc/PID/stat. A process's own time counts what it ran itself; what its children
ran is added to it when they have ended and it has waited for them. So the sum over all processes
of a tree, of both, counts everything that ever ran there, once.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Process:
    """A process at one moment.

    Attributes:
        pid: its number.
        parent: its parent's number.
        started: seconds since the machine booted (CLOCK_BOOTTIME).
        own: seconds of CPU, user and system, that it used itself.
        reaped: seconds of CPU of its children that have ended.
    """

    pid: int
    parent: int
    started: float
    own: float
    reaped: float


def parse(stat: str) -> Process:
    """A process from the text of /proc/PID/stat."""
    pid, _, rest = stat.partition(" (")
    # The name may hold spaces and brackets; it ends at the last one. State is field 3.
    fields = rest.rpartition(") ")[2].split()
    user, system, user_reaped, system_reaped = (int(field) / _TICKS for field in fields[11:15])
    return Process(
        pid=int(pid),
        parent=int(fields[1]),
        started=int(fields[19]) / _TICKS,
        own=user + system,
        reaped=user_reaped + system_reaped,
    )


def look(pid: int) -> Process | None:
    """A process as it is now; None when it has gone."""
    try:
        return parse(Path(f"/proc/{pid}/stat").read_text(errors="replace"))
    except (FileNotFoundError, ProcessLookupError):
        return None


def everything() -> list[Process]:
    """All processes that can be seen."""
    pids = (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())
    return [found for pid in pids if (found := look(pid)) is not None]


def words(pid: int) -> list[str]:
    """The command line of a process; empty when it has gone."""
    try:
        line = Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return []
    return [os.fsdecode(word) for word in line.split(b"\0") if word]


def below(root: int, processes: Collection[Process]) -> list[Process]:
    """A process and all its descendants among `processes`."""
    children: dict[int, list[Process]] = {}
    for one in processes:
        children.setdefault(one.parent, []).append(one)
    found = [one for one in processes if one.pid == root]
    for one in found:
        found.extend(children.get(one.pid, ()))
    return found


def total(processes: Iterable[Process]) -> float:
    """Seconds of CPU of processes and of those that they have waited for."""
    return sum(one.own + one.reaped for one in processes)
