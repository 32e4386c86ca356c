"""What follows from the records. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import median

from lab.bench.drains.figures import Crash, Drains, OneMore, Waiting

_HOUR = 3600.0


def release(runs: Sequence[Drains]) -> float:
    """Seconds from the end of a node's last call until its machine may go: the median."""
    return median(run.release for run in runs)


def drained(runs: Sequence[Drains], nodes: int, of: Callable[[Drains], float]) -> float:
    """A quantity of the updates in which so many nodes left: the median."""
    return median(of(run) for run in runs if run.nodes == nodes)


def counts(runs: Sequence[Drains]) -> list[int]:
    """How many nodes left at once, rising."""
    return sorted({run.nodes for run in runs})


def growing(runs: Sequence[OneMore], nodes: int) -> float:
    """Seconds of the updates that added a node to so many: the median."""
    return median(run.wall for run in runs if run.nodes == nodes)


def sizes(runs: Sequence[OneMore]) -> list[int]:
    """To how many nodes one was added, rising."""
    return sorted({run.nodes for run in runs})


def worst(crashes: Sequence[Crash], scales: str) -> Crash | None:
    """The crash whose second update took longest for what was left; None without crashes."""
    found = [crash for crash in crashes if crash.scales == scales]
    return max(found, key=lambda crash: crash.ratio, default=None)


def added(quiet: float, changes: Sequence[float]) -> float:
    """By how much the longest time of all changes is longer than that without any."""
    return max(changes) - quiet


def an_hour(run: Waiting, amount: float) -> float:
    """What an amount over a run's time is in an hour."""
    return amount * _HOUR / run.seconds
