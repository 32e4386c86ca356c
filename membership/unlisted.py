"""Nodes that may carry calls of which the cluster's list of sessions says nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from membership.answers import Answers, MediaNode
from membership.observation import look, who_sees_what
from membership.registry import Node, Phase, Record
from membership.witnesses import Observation, conclude
from membership.world import Run, World


@dataclass(frozen=True)
class Unlisted:
    """A node that may carry calls, and what is seen of it.

    Attributes:
        node: the node.
        seen: what is seen of it.
        asks: whether others have to be asked about it now.
    """

    node: Node
    seen: Observation
    asks: bool

    def __str__(self) -> str:
        """The node, and who sees what of it."""
        return f"{self.node.name} ({who_sees_what(self.seen)})"


def unlisted(nodes: Sequence[Node], run: Run, world: World) -> tuple[Unlisted, ...]:
    """Those of the nodes that the cluster doesn't list, and that may run.

    A node that is cut off from the base is soon listed no more, and goes on with its calls. A port
    that refuses says that one service doesn't listen; the machine says whether the others do. One
    look isn't enough: who asks looks several times.

    Args:
        nodes: all that are known.
        run: whether others can be asked.
        world: what can be seen.
    """
    listed = world.cluster.media_nodes() if nodes else []
    covered = {one.ip for one in listed} if isinstance(listed, list) else set()
    others = [one for one in nodes if one.ip not in covered]
    found = running(others, run, world)
    return tuple(one for one in found if not isinstance(one.seen.listed, MediaNode))


def running(nodes: Sequence[Node], run: Run, world: World) -> tuple[Unlisted, ...]:
    """Those of the nodes that may run, listed or not; takes what `unlisted` does."""
    found = []
    for node in nodes:
        seen, record = look(node, world), world.registry.get(node.ip)
        if not _is_out(seen, run, record):
            asks = run.asks and _can_be_asked_about(seen, record)
            found.append(Unlisted(node, seen, asks))
    return tuple(found)


def _is_out(seen: Observation, run: Run, record: Record | None) -> bool:
    """Whether it carries no calls; one that was seen leaving has been asked about then."""
    has_left = record is not None and record.phase is Phase.LEFT
    if has_left and seen.is_refused and not isinstance(seen.listed, MediaNode):
        return True
    return conclude(seen).is_out and (not run.asks or seen.was_asked_about)


def _can_be_asked_about(seen: Observation, record: Record | None) -> bool:
    """Whether `membership.doubt` names it, and nobody was asked a moment ago."""
    is_named = record is not None and record.phase is not Phase.LEFT
    return is_named and not isinstance(seen.health, Answers) and not seen.was_asked_about
