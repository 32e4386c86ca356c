"""What looks at a deployment have found, one after the other: when nodes joined, drained and left.

It's kept in memory from the first look on; what the base has noted is from before. What wasn't seen
is a state of its own. Pure.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from scripts.cluster_status import MachineStatus

NOT_SEEN, GONE = "not seen", "gone"
"""Beside the states that `MachineStatus` has: of a look that failed, and of no machine any more."""
_UNCLEAR = (NOT_SEEN, "unknown", "no answer")
"""After these a node is what it was before, until somebody says more."""
_WORDS = {
    "starting": "starts",
    "serving": "has joined",
    "draining": "drains",
    "left": "has left: its drain is over",
}
_WAITS = ("starting", "draining")
_LONGEST_BACK = 24 * 3600
_MOST_SAMPLES = 1000
_MOST_EVENTS = 200


@dataclass(frozen=True)
class Sample:
    """From when on a machine was in a state.

    Attributes:
        at: Unix seconds; what is the same later is no other sample.
        state: as `MachineStatus.state`, or one of those here.
        calls: how many it carried; None where that isn't known.
    """

    at: float = field(compare=False)
    state: str
    calls: int | None


@dataclass(frozen=True)
class Happened:
    """Something that an operator may have waited for.

    Attributes:
        at: Unix seconds.
        machine: its name.
        text: what happened to it.
    """

    at: float
    machine: str
    text: str


class Timeline:
    """The looks so far."""

    def __init__(self) -> None:
        self._began: float | None = None
        self._lanes: dict[str, list[Sample]] = {}
        self._carriers: set[str] = set()
        self._known: dict[str, str] = {}
        self._events: deque[Happened] = deque(maxlen=_MOST_EVENTS)

    def add(self, at: datetime, machines: Sequence[MachineStatus]) -> None:
        """Keep what a look has found.

        Args:
            at: when it began.
            machines: all that there are.
        """
        moment = at.timestamp()
        if self._began is None:
            self._began = moment
            self._look_back(moment, machines)
        self._carriers |= {one.name for one in machines if one.carries_calls}
        for one in machines:
            calls = one.calls if one.carries_calls else None
            self._tell(moment, one)
            self._keep(one.name, Sample(moment, one.state, calls))
        for name in self._lanes.keys() - {one.name for one in machines}:
            if self._known.pop(name, None) is not None:
                self._events.append(Happened(moment, name, "is gone: its machine is removed"))
            self._keep(name, Sample(moment, GONE, None))

    def miss(self, at: datetime) -> None:
        """Keep that a look has found nothing out."""
        for name, lane in self._lanes.items():
            if lane[-1].state != GONE:
                self._keep(name, Sample(at.timestamp(), NOT_SEEN, None))

    def as_json(self) -> Mapping[str, Any]:
        """All of it, for the page: lanes of machines that carry calls, what happened last first."""
        return {
            "since": self._began,
            "lanes": {
                name: [[one.at, one.state, one.calls] for one in lane]
                for name, lane in self._lanes.items()
                if name in self._carriers
            },
            "events": [[one.at, one.machine, one.text] for one in reversed(self._events)],
        }

    def _look_back(self, moment: float, machines: Sequence[MachineStatus]) -> None:
        """Keep since when nodes are in their states; the timeline begins with those that wait."""
        began = moment
        for one in (each for each in machines if each.state not in _UNCLEAR):
            self._known[one.name] = one.state
            # Clocks differ.
            since = moment if one.since is None else min(moment, one.since.timestamp())
            if since == moment:
                continue
            self._lanes[one.name] = [Sample(since, one.state, None)]
            self._events.append(Happened(since, one.name, _WORDS[one.state]))
            if one.state in _WAITS:
                began = min(began, max(since, moment - _LONGEST_BACK))
        self._began = began
        self._events = deque(sorted(self._events, key=lambda one: one.at), _MOST_EVENTS)

    def _tell(self, moment: float, machine: MachineStatus) -> None:
        """Tell what has changed since it was known last."""
        before = self._known.get(machine.name)
        if machine.state in _UNCLEAR:
            if before is not None and not self._is_unclear(machine.name):
                self._events.append(Happened(moment, machine.name, "can't be seen"))
            return
        self._known[machine.name] = machine.state
        if machine.state != before:
            self._events.append(Happened(moment, machine.name, _words(machine, before)))
        elif before is not None and self._is_unclear(machine.name):
            self._events.append(Happened(moment, machine.name, f"is seen again: {machine.state}"))

    def _is_unclear(self, name: str) -> bool:
        """Whether the look before has found nothing out about a machine."""
        return any(one.state in _UNCLEAR for one in self._lanes.get(name, [])[-1:])

    def _keep(self, name: str, sample: Sample) -> None:
        lane = self._lanes.setdefault(name, [])
        if not lane or lane[-1] != sample:
            lane.append(sample)
        if len(lane) > _MOST_SAMPLES:
            self._lanes[name] = _thinned(lane)


def _words(machine: MachineStatus, before: str | None) -> str:
    if machine.state == "draining":
        calls = "calls unknown" if machine.calls is None else _counted(machine.calls)
        return f"{_WORDS['draining']}: {calls}"
    return _WORDS.get(machine.state) or ("is there" if before is None else f"is {machine.state}")


def _counted(calls: int) -> str:
    return f"{calls} call{'' if calls == 1 else 's'}"


def _thinned(lane: Sequence[Sample]) -> list[Sample]:
    """Half of the samples that differ in calls alone; each change of the state stays."""
    before = (None, *(one.state for one in lane))
    return [
        one
        for place, (one, previous) in enumerate(zip(lane, before, strict=False))
        if one.state != previous or place % 2
    ]
