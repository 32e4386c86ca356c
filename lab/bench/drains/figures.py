"""What was measured, as it was measured. Times are seconds; moments count from `up`'s start."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Drains:
    """One update in which nodes left, while each of them carried calls.

    Attributes:
        nodes: how many left.
        length: of the calls, which were all opened right before `up`.
        last_call: moment at which the last call on a leaving node ended.
        let_go: moment of the last line "its machine may go".
        deleted: moment at which the first deletion of an instance began.
        wall: of the whole update.
    """

    nodes: int
    length: float
    last_call: float
    let_go: float
    deleted: float
    wall: float

    @property
    def release(self) -> float:
        """From the end of the last call until the last machine may go."""
        return self.let_go - self.last_call

    @property
    def until_deleted(self) -> float:
        """From the end of the last call until the first instance is being deleted."""
        return self.deleted - self.last_call


@dataclass(frozen=True)
class OneMore:
    """One update that added one node.

    Attributes:
        nodes: how many there were before.
        wall: of the update.
        changed: resources that the update created, updated or deleted.
        elsewhere: those of them that belong to other nodes.
        logins: SSH logins on the other nodes meanwhile.
    """

    nodes: int
    wall: float
    changed: int
    elsewhere: int
    logins: int


@dataclass(frozen=True)
class Updates:
    """Changes of the load balancer's list under traffic.

    Attributes:
        updates: how often the list was changed.
        wall: how long all of them took.
        requests: answered or failed, each on a connection of its own.
        failed: requests without an answer, or with another than 200.
        reasons: what failed requests got, with how often.
        sockets: WebSockets that were open from before the first update until after the last.
        broken: how often one of them broke.
        calls: sessions that were opened meanwhile.
        lost: calls that were refused or cut.
    """

    updates: int
    wall: float
    requests: int
    failed: int
    reasons: dict[str, int]
    sockets: int
    broken: int
    calls: int
    lost: int


@dataclass(frozen=True)
class Crash:
    """An update that was killed, and the same command again.

    Attributes:
        scales: `up` or `down`.
        whole: what the update takes when it isn't killed: the median in the same lab.
        at: moment of the kill.
        again: how long the second one took; None when it failed.
    """

    scales: str
    whole: float
    at: float
    again: float | None

    @property
    def ratio(self) -> float:
        """The second one's time over the work that was left; infinite when it failed."""
        if self.again is None:
            return math.inf
        return self.again / (self.whole - self.at)


@dataclass(frozen=True)
class Waiting:
    """A drain that waits for calls, looked at for some time.

    Attributes:
        seconds: how long.
        cpu: seconds of CPU by who used them: `membership program (base)` and the operator's side.
        requests: HTTP requests that the membership program made.
    """

    seconds: float
    cpu: dict[str, float]
    requests: int


@dataclass(frozen=True)
class Gaps:
    """What calls with sound heard while the cluster changed.

    Attributes:
        change: what was changed; `none` for comparison.
        is_loss: whether something was lost, and not only changed.
        seconds: how long that took.
        calls: those that were live meanwhile, for some of the time at least.
        cut: how many of them were.
        refused: calls that could not be opened meanwhile.
        reconnected: sockets that broke meanwhile, and came back.
        longest: milliseconds in which somebody heard nothing of another one.
    """

    change: str
    is_loss: bool
    seconds: float
    calls: int
    cut: int
    refused: int
    reconnected: int
    longest: int


@dataclass(frozen=True)
class Said:
    """What a browser's client said to its application.

    Attributes:
        after: seconds since the change began.
        user: of the call: 1 or 2.
        words: the client's event, and its reason.
    """

    after: float
    user: int
    words: str


@dataclass(frozen=True)
class Pictures:
    """What the two users of a call between browsers saw while the cluster changed.

    Attributes:
        change: what was changed; `none` for comparison.
        is_loss: whether something was lost, and not only changed.
        seconds: from its beginning until the call was ended.
        freeze: milliseconds in which one saw no new picture of the other one.
        froze_after: seconds since the change began when that did; below 0 for before.
        cut: whether the call was lost.
        said: by the clients, in order.
    """

    change: str
    is_loss: bool
    seconds: float
    freeze: int
    froze_after: float
    cut: bool
    said: tuple[Said, ...] = ()

    def __post_init__(self) -> None:
        """Read what was said, as JSON has it."""
        said = tuple(one if isinstance(one, Said) else Said(**one) for one in self.said)
        object.__setattr__(self, "said", said)


@dataclass(frozen=True)
class Results:
    """All that was measured, and where.

    Attributes:
        measured: on what each part was, in words; by the part's name.
        releases: one node left; in the order of the runs, as are the others.
        together: several nodes left at once, or one for comparison.
        growth: one node was added.
        updates: of the load balancer's list.
        crashes: updates that were killed.
        waiting: drains that waited.
        gaps: in the sound of calls, change by change; the first one is no change.
        pictures: of calls between browsers, likewise.
    """

    measured: Mapping[str, str] = field(default_factory=dict)
    releases: tuple[Drains, ...] = ()
    together: tuple[Drains, ...] = ()
    growth: tuple[OneMore, ...] = ()
    updates: tuple[Updates, ...] = ()
    crashes: tuple[Crash, ...] = ()
    waiting: tuple[Waiting, ...] = ()
    gaps: tuple[Gaps, ...] = ()
    pictures: tuple[Pictures, ...] = ()

    def as_json(self) -> str:
        """The results as a text that `from_json` reads."""
        return json.dumps(asdict(self), indent=1) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Results:
        """Read what `as_json` wrote."""
        found = json.loads(text)
        for name, kind in _KINDS.items():
            # Figures of before a part was measured at all don't have it.
            found[name] = tuple(kind(**one) for one in found.get(name, ()))
        return cls(**found)


_KINDS: dict[str, Callable[..., Any]] = {
    "releases": Drains,
    "together": Drains,
    "growth": OneMore,
    "updates": Updates,
    "crashes": Crash,
    "waiting": Waiting,
    "gaps": Gaps,
    "pictures": Pictures,
}
