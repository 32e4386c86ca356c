"""What was waited for: the chain of calls that decided how long it took.

From the call that ended last, back to the dependency that ended last, and so on. The time in
those calls is the cloud's and the machines'; all other time is the program's and the engine's, who
had nothing else to wait for.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Span:
    """From when to when, in seconds of one clock."""

    start: float
    end: float

    @property
    def seconds(self) -> float:
        """How long."""
        return self.end - self.start


def critical_path(
    calls: Mapping[str, Span], dependencies: Mapping[str, Collection[str]]
) -> list[str]:
    """The chain of calls that ended last, in the order in which they were made.

    Args:
        calls: by resource.
        dependencies: for each resource, those that had to be there before.
    """
    path: list[str] = []
    candidates: Collection[str] = list(calls)
    while candidates:
        last = max(candidates, key=lambda name: calls[name].end)
        path.append(last)
        candidates = [name for name in dependencies.get(last, ()) if name in calls]
    return path[::-1]


def seconds_in_calls(path: Sequence[str], calls: Mapping[str, Span]) -> float:
    """How much of the time was spent in the calls of a path."""
    return sum(calls[name].seconds for name in path)
