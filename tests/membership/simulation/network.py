"""Who reaches whom in a simulated deployment, and when not.

A cut is of the connections that one opens to another: a packet filter with a rule for one side, or
a route that only one of them has. Cut both ways, it's a partition. A slow link takes its time with
all that one sends to another.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

OPERATOR = "the operator"
BASE = "the base"
AWS = "AWS"


def node(number: int) -> str:
    """What a node is called here."""
    return f"node-{number}"


@dataclass(frozen=True)
class Cut:
    """Connections that aren't made.

    Attributes:
        who: opens them.
        to: whom.
        at: seconds when it begins.
        lasts: seconds until it's healed.
    """

    who: str
    to: str
    at: float
    lasts: float


@dataclass(frozen=True)
class Slow:
    """A link that is slow in one direction.

    Attributes:
        who: sends.
        to: whom.
        at: seconds when it begins.
        lasts: seconds until it's as before.
        takes: seconds until something has come over.
    """

    who: str
    to: str
    at: float
    lasts: float
    takes: float


class Network:
    """What is cut, and what is slow, when."""

    def __init__(self, cuts: Iterable[Cut] = (), slows: Iterable[Slow] = ()) -> None:
        self.cuts = tuple(cuts)
        self.slows = tuple(slows)

    def takes(self, who: str, to: str, now: float) -> float:
        """Seconds until something that is sent now has come over."""
        return max((slow.takes for slow in self._slow(who, to, now)), default=0.0)

    def there_and_back(self, who: str, to: str, now: float) -> float:
        """The same, with an answer."""
        return self.takes(who, to, now) + self.takes(to, who, now)

    def nothing_came(self, who: str, to: str, now: float, longer_than: float) -> bool:
        """Whether nothing of what is sent all the time has come over for so long."""
        return any(
            slow.at + longer_than <= now < slow.at + slow.takes for slow in self._slow(who, to, now)
        )

    def _slow(self, who: str, to: str, now: float) -> Iterator[Slow]:
        return (
            slow
            for slow in self.slows
            if (slow.who, slow.to) == (who, to) and slow.at <= now < slow.at + slow.lasts
        )

    def reaches(self, who: str, to: str, now: float) -> bool:
        """Whether a connection that is opened now is made."""
        return self.cut_since(who, to, now) is None

    def cut_since(self, who: str, to: str, now: float) -> float | None:
        """Seconds since when none is made; None when they are."""
        since = (
            cut.at
            for cut in self.cuts
            if (cut.who, cut.to) == (who, to) and cut.at <= now < cut.at + cut.lasts
        )
        return min(since, default=None)

    def healed_at(self, who: str, to: str, now: float) -> float:
        """Seconds when a connection can be made again, `now` where it can."""
        while not self.reaches(who, to, now):
            now = max(
                cut.at + cut.lasts
                for cut in self.cuts
                if (cut.who, cut.to) == (who, to) and cut.at <= now < cut.at + cut.lasts
            )
        return now

    @property
    def over_at(self) -> float:
        """Seconds when everybody reaches everybody for good, and at once."""
        return max((one.at + one.lasts for one in (*self.cuts, *self.slows)), default=0.0)
