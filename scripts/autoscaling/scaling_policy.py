"""What the operator wants of autoscaling."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType

from scripts.autoscaling.scheduled_sizes import MAX, MIN, Schedule, find_mistakes

_NONE = Schedule()


class Measure(StrEnum):
    """What can be counted on a node.

    `LOAD` is the CPU load of its media node, 0 to 100.
    Source: REST API reference of OpenVidu 2.30.0, "The Media Node object".
    """

    CALLS = "calls"
    PARTICIPANTS = "participants"
    LOAD = "load"


@dataclass(frozen=True)
class Policy:
    """Bounds, targets and patience.

    Attributes:
        minimum: nodes that there are at least.
        maximum: nodes that there are at most.
        targets: what a node should carry, by measure; the one that takes the most nodes decides.
        slack: share of the target that nodes keep free when one of them leaves, 0 to 1. It keeps
            a node from leaving and coming back for a handful of calls.
        out_cooldown: how long after a change nodes may be added again.
        in_cooldown: how long after a change a node may leave.
        window: how long the cluster must have been so quiet before a node leaves.
        most_removed: nodes that one decision takes away at most.
        schedule: bounds that hold at set times, in place of these.
    """

    maximum: int
    targets: Mapping[Measure, float]
    minimum: int = 2
    slack: float = 0.15
    out_cooldown: timedelta = timedelta(minutes=1)
    in_cooldown: timedelta = timedelta(minutes=10)
    window: timedelta = timedelta(minutes=15)
    most_removed: int = 1
    schedule: Schedule = _NONE

    def __post_init__(self) -> None:
        object.__setattr__(self, "targets", MappingProxyType(dict(self.targets)))
        mistakes = self._mistakes()
        if mistakes:
            raise PolicyError(mistakes)

    def _mistakes(self) -> list[str]:
        checks = [
            (self.minimum >= 1, f"--min {self.minimum}: a cluster has at least 1 node"),
            (
                self.maximum >= self.minimum,
                f"--max {self.maximum}: less than --min {self.minimum}",
            ),
            (
                bool(self.targets),
                "no target: say what a node should carry, such as --calls 12 or --load 60",
            ),
            (
                all(target > 0 for target in self.targets.values()),
                "a target has to be more than 0",
            ),
            (
                self.targets.get(Measure.LOAD, 0) <= 100,
                "--load: the CPU load of a media node is 0 to 100",
            ),
            (0 <= self.slack < 1, f"--slack {self.slack:g}: a share, from 0 to less than 1"),
            (self.most_removed >= 1, f"--most-removed {self.most_removed}: at least 1"),
        ]
        mistakes = [text for fits, text in checks if not fits]
        return mistakes + find_mistakes(self.schedule, self.minimum, self.maximum)

    def at(self, now: float) -> Policy:
        """The policy with the bounds that hold at a time.

        Args:
            now: Unix seconds.
        """
        least, most = (self.schedule.holds(bound, now) for bound in (MIN, MAX))
        minimum = least.bounds[MIN] if least else self.minimum
        maximum = most.bounds[MAX] if most else self.maximum
        # Clocks that are put forward may have two times come in the other order.
        maximum = max(minimum, maximum)
        return replace(self, minimum=minimum, maximum=maximum, schedule=_NONE)

    def since(self, now: float) -> list[str]:
        """What has set the bounds that hold at a time, in words; empty without a schedule.

        Args:
            now: Unix seconds.
        """
        held = (self.schedule.holds(bound, now) for bound in (MIN, MAX))
        return [f"--at '{text}'" for text in dict.fromkeys(one.text for one in held if one)]


class PolicyError(ValueError):
    """A policy that makes no sense; all of its mistakes."""

    def __init__(self, mistakes: list[str]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__("\n".join(mistakes))
