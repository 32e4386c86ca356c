"""Who reaches whom in a simulated deployment, and when not.

A cut is of the connections that one opens to another: a packet filter with a rule for one side, or
a route that only one of them has. Cut both ways, it's a partition.
"""

from __future__ import annotations

from collections.abc import Iterable
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


class Network:
    """What is cut when."""

    def __init__(self, cuts: Iterable[Cut] = ()) -> None:
        self.cuts = tuple(cuts)

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
        """Seconds when everybody reaches everybody for good."""
        return max((cut.at + cut.lasts for cut in self.cuts), default=0.0)
