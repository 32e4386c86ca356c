"""One look at a node from all sides, and what may be concluded from it. Unknown is never gone."""

from __future__ import annotations

from dataclasses import dataclass

from membership.cluster import (
    Answers,
    Call,
    Health,
    MediaNode,
    Refused,
    Silent,
    Unknown,
    Unreachable,
)
from membership.registry import Node
from membership.world import World
from openvidu import api


@dataclass(frozen=True)
class Seen:
    """One look at a node.

    Attributes:
        listed: what the cluster lists under the node's address; None when it lists others only.
        health: what the node's own health endpoint says.
        alone: no other node answers that could be asked.
        nodes: all that the cluster lists.
    """

    listed: MediaNode | Unknown | Refused | None
    health: Health
    alone: bool
    nodes: tuple[MediaNode, ...] = ()

    @property
    def has_left(self) -> bool:
        """Whether it says that the node has left.

        The cluster must not list it and its port must be silent. When it was among the last nodes,
        nobody is left to ask, and the silent port has to do, over more readings.
        """
        unlisted = self.listed is None or (self.alone and isinstance(self.listed, Unknown))
        return self.is_down and unlisted

    @property
    def is_down(self) -> bool:
        """Whether nothing listens on the node's port."""
        return isinstance(self.health, Silent | Unreachable)

    @property
    def is_draining(self) -> bool:
        """Whether the cluster says that the node takes no new sessions."""
        return (
            isinstance(self.listed, MediaNode)
            and self.listed.status == api.WAITING_IDLE_TO_TERMINATE
        )

    @property
    def changes_soon(self) -> bool:
        """Whether no calls keep it: it stops in a moment, or has stopped."""
        idle = isinstance(self.listed, MediaNode) and not self.listed.sessions
        return self.has_left or self.listed is None or (self.is_draining and idle)

    def died_with(self, before: tuple[str, ...]) -> tuple[str, ...]:
        """Sessions that ended with the node: one that leaves as it should keeps its machine.

        Args:
            before: the sessions that the cluster listed on it last.
        """
        if isinstance(self.listed, MediaNode):
            return self.listed.sessions if self.is_down else ()
        return before if self.has_left and isinstance(self.health, Unreachable) else ()


def look(node: Node, world: World) -> Seen:
    """One look at a node."""
    listed = world.cluster.media_nodes()
    health = world.cluster.health(node.ip)
    if isinstance(listed, list):
        own = next((item for item in listed if item.ip == node.ip), None)
        return Seen(own, health, alone=False, nodes=tuple(listed))
    others = set(world.load_balancer.node_ips) - {node.ip}
    alone = all(isinstance(world.cluster.health(ip), Silent | Unreachable) for ip in others)
    return Seen(listed, health, alone)


def calls_on(seen: Seen, world: World) -> list[Call] | None:
    """The calls on the node; None where the cluster can't be asked."""
    if not isinstance(seen.listed, MediaNode):
        return None
    found = world.cluster.calls()
    if not isinstance(found, list):
        return None
    return [call for call in found if call.id in seen.listed.sessions]


def in_words(seen: Seen, world: World) -> str:
    """What is waited for: `3 calls with 7 participants, the oldest 0:12:40 old`."""
    if isinstance(seen.listed, Unknown | Refused):
        return f"the API ({seen.listed.reason})"
    if seen.listed is None:
        return "confirmation" if seen.is_down else "the node to stop"
    count = len(seen.listed.sessions)
    if not count and not seen.is_down:
        return "the node to stop"
    return numbers(count, calls_on(seen, world), world.clock.now())


def numbers(count: int, calls: list[Call] | None, now: float) -> str:
    """Calls in words.

    Args:
        count: how many there are.
        calls: the same with what is known of them; None when nothing is.
        now: Unix seconds.
    """
    text = counted(count, "call")
    if not calls:
        return text
    participants = sum(call.participants for call in calls)
    oldest = max(0, int(now - min(call.created for call in calls)))
    age = f"{oldest // 3600}:{oldest // 60 % 60:02}:{oldest % 60:02}"
    return f"{text} with {counted(participants, 'participant')}, the oldest {age} old"


def is_serving(health: Health, listed: MediaNode | None) -> bool:
    """Whether a node takes new sessions, as far as can be seen."""
    return health == Answers(200) and (listed is None or listed.status == api.RUNNING)


def counted(count: int, noun: str) -> str:
    """A number of things: `1 call`, `2 calls`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
