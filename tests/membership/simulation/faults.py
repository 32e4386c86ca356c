"""What goes wrong in a simulated deployment, besides its network.

The operator's time of day isn't among it: nothing of what runs there is sent to the base as a time.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    """Of a fault."""

    NONE = "nothing"
    API = "the API answers 500"
    LOST_ANSWER = "the drain call is done, but its answer is lost"
    HEALTH = "health endpoints don't answer in time"
    FLICKER = "a look shows a node without its calls"
    CRASH = "a node's machine loses its power"
    NGINX = "nginx refuses a new list"
    NGINX_SILENT = "nginx refuses a new list, which stays on its disk, with exit status 0"
    REBOOT = "the base reboots: nginx comes back with its first list"
    KILL = "a run is killed at a step"
    HANG = "a node's processes hang, and go on"
    CLOCK = "the base's time of day steps by an hour, and back"
    NODES_CLOCK = "a node's time of day steps by an hour, and back"
    DRIP = "an answer of the API isn't whole within its limit"
    GARBAGE = "the API answers other JSON than its reference documents"


@dataclass(frozen=True)
class Fault:
    """One fault.

    Attributes:
        kind: what goes wrong.
        at: seconds when it begins.
        lasts: seconds until it's healed.
        node: number of the node that it strikes.
        step: at which step a run is killed.
    """

    kind: Kind = Kind.NONE
    at: float = 0.0
    lasts: float = 0.0
    node: int = 1
    step: int = 1

    def strikes(self, kind: Kind, now: float) -> bool:
        """Whether it goes wrong now."""
        return self.kind is kind and self.at <= now < self.at + self.lasts

    def hangs(self, number: int, now: float) -> bool:
        """Whether a node's processes do nothing now."""
        return number == self.node and self.strikes(Kind.HANG, now)

    def step_of_clock(self, kind: Kind, now: float) -> float:
        """By how many seconds a time of day is off now: it doesn't come right again."""
        if self.kind is not kind or now < self.at:
            return 0.0
        return 3600.0 if now < self.at + self.lasts else -3600.0

    def hides(self, now: float) -> int | None:
        """The node whose calls a look doesn't show."""
        # Shorter than two looks are apart.
        return self.node if self.kind is Kind.FLICKER and self.at <= now < self.at + 0.9 else None
