"""Whether a node may stop taking sessions now. Pure.

The last node that serves stays, except when all nodes go; nodes that are replaced go one after
the other. Nodes that leave for good don't wait for one another.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Other:
    """Another node of the cluster.

    Attributes:
        name: such as `node-1`.
        leaving: whether it isn't wanted any more.
        serving: whether it takes new sessions.
    """

    name: str
    leaving: bool
    serving: bool


@dataclass(frozen=True)
class Now:
    """It may leave."""


@dataclass(frozen=True)
class Later:
    """It may leave when something has changed, which `reason` tells."""

    reason: str


@dataclass(frozen=True)
class Never:
    """It has to stay, because of `reason`."""

    reason: str


Verdict = Now | Later | Never


def may_leave(
    *, leaving: bool, others: Sequence[Other], max_unavailable: int, last_node: bool
) -> Verdict:
    """Whether a serving node may leave now.

    Args:
        leaving: whether it isn't wanted any more; else it's replaced.
        others: the cluster's other nodes that have joined before.
        max_unavailable: how many wanted nodes may be out of service at a time.
        last_node: whether the last serving node may leave.
    """
    staying = [other for other in others if not other.leaving]
    out = [other.name for other in staying if not other.serving]
    if leaving and not staying:
        return Now()
    if len(out) == len(staying) and not last_node:
        if staying and not leaving:
            return Later(f"{', '.join(out)} must serve first: this is the last node that does")
        down = f" ({', '.join(out)}: out of service)" if out else ""
        return Never(f"it is the last node that serves{down}; without it no call is possible")
    if not leaving and len(out) >= max_unavailable:
        return Later(f"{', '.join(out)} must serve first: maxUnavailable is {max_unavailable}")
    return Now()
