"""The picture's content: a lane a node, with its calls in rows. Pure.

Times are seconds since the beginning of the picture.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from lab.calls.account import Account
from lab.calls.record import Event
from lab.calls.report import Call, Result
from lab.calls.watch.sight import Happened


@dataclass(frozen=True)
class Span:
    """From one moment to another."""

    start: float
    end: float


@dataclass(frozen=True)
class Bar:
    """A call in its row of a lane.

    Attributes:
        span: from its beginning to its end.
        result: what became of it.
        row: counted from 0.
        reconnections: moments in which sockets of it broke.
        gap: of a call with sound that is over: the longest time in which one heard nothing.
    """

    span: Span
    result: Result
    row: int
    reconnections: Sequence[float] = ()
    gap: Span | None = None


@dataclass(frozen=True)
class Mark:
    """Something that happened to a node."""

    at: float
    what: Happened


@dataclass(frozen=True)
class Lane:
    """One node.

    Attributes:
        name: as in `node-3`.
        ip: its private address.
        machine: while its machine is there.
        drains: while it waits for its calls to end.
        marks: what happened to it.
        bars: its calls.
    """

    name: str
    ip: str
    machine: Sequence[Span]
    drains: Sequence[Span]
    marks: Sequence[Mark]
    bars: Sequence[Bar]

    @property
    def rows(self) -> int:
        """How many rows its calls take, 1 at least."""
        return max((bar.row + 1 for bar in self.bars), default=1)


@dataclass(frozen=True)
class Step:
    """What the operator did, and how long it took."""

    text: str
    span: Span


@dataclass(frozen=True)
class Timeline:
    """A whole picture.

    Attributes:
        lanes: by number of node.
        steps: in order.
        end: seconds.
    """

    lanes: Sequence[Lane]
    steps: Sequence[Step]
    end: float


def timeline(account: Account, start: float, end: float) -> Timeline:
    """Lay out what happened between two moments in Unix seconds."""
    events = [
        {**event, "at": event["at"] - start}
        for event in account.events
        if start <= event["at"] <= end
    ]
    nodes = {e["ip"]: e["name"] for e in events if e.get("name", "").startswith("node-")}
    last = end - start
    lanes = [
        Lane(
            name,
            ip,
            _spans(events, ip, last, Happened.MACHINE_STARTED, _GONE),
            _spans(events, ip, last, Happened.DRAIN_STARTED, _DRAINED),
            [Mark(e["at"], Happened(e["event"])) for e in events if _marked(e, ip)],
            bars((call for call in account.report.calls if call.node_ip == ip), start, last),
        )
        for ip, name in sorted(nodes.items(), key=lambda item: int(item[1].partition("-")[2]))
    ]
    return Timeline(lanes, _steps(events, last), last)


_GONE = (Happened.MACHINE_REMOVED, Happened.MACHINE_LOST)
# With the last node goes the API: nobody is left to say that it has left.
_DRAINED = (Happened.NODE_LEFT, Happened.ADDRESS_REMOVED, *_GONE)
_MARKED = (Happened.ADDRESS_ADDED, Happened.ADDRESS_REMOVED, *_GONE)


def bars(calls: Iterable[Call], start: float, end: float) -> list[Bar]:
    """Put calls into rows, each into the first one that is free."""
    free: list[float] = []
    placed: list[Bar] = []
    for call in sorted(calls, key=lambda call: call.start):
        span = Span(call.start - start, end if call.end is None else call.end - start)
        row = next((row for row, since in enumerate(free) if since <= span.start), len(free))
        free[row : row + 1] = [span.end]
        broken = tuple(one.at - start for one in call.reconnections)
        placed.append(Bar(span, call.result, row, broken, _gap(call, start)))
    return placed


def _gap(call: Call, start: float) -> Span | None:
    if call.sound is None:
        return None
    since = call.sound.gap_since - start
    return Span(since, since + call.sound.longest_gap / 1000)


def _marked(event: Event, ip: str) -> bool:
    return event["event"] in _MARKED and event["ip"] == ip


def _spans(
    events: Iterable[Event], ip: str, end: float, first: Happened, last: Iterable[Happened]
) -> list[Span]:
    """From each `first` of a node to the next of `last`, or to the end."""
    found: list[Span] = []
    since: float | None = None
    for event in events:
        if event.get("ip") != ip:
            continue
        if event["event"] == first and since is None:
            since = event["at"]
        elif event["event"] in last and since is not None:
            found.append(Span(since, event["at"]))
            since = None
    return found if since is None else [*found, Span(since, end)]


def _steps(events: Iterable[Event], end: float) -> list[Step]:
    """A step lasts until the next one; one without a text only ends the one before."""
    steps = [event for event in events if event["event"] == "step"]
    over = {"at": end}
    return [
        Step(event["text"], Span(event["at"], following["at"]))
        for event, following in pairwise([*steps, over])
        if event["text"]
    ]
