"""Nodes that may carry calls of which the cluster's list of sessions says nothing."""

from __future__ import annotations

from dataclasses import dataclass

from membership.answers import Answers, MediaNode, Silent
from membership.observation import look, who_sees_what
from membership.registry import Node
from membership.witnesses import Observation, conclude, is_certain
from membership.world import World


@dataclass(frozen=True)
class Unlisted:
    """Such a node, and what is seen of it."""

    node: Node
    seen: Observation

    def __str__(self) -> str:
        """The node, and who sees what of it."""
        return f"{self.node.name} ({who_sees_what(self.seen)})"


def unlisted(world: World) -> tuple[Unlisted, ...]:
    """The nodes in the load balancer that can't be seen, and that the cluster doesn't list.

    A node that is cut off from the base is soon listed no more, and goes on with its calls. One
    that somebody has seen stopped, or that refuses connections, carries none.
    """
    found = []
    for ip in world.load_balancer.node_ips:
        if isinstance(world.cluster.health(ip), Answers | Silent):
            continue
        record = world.registry.get(ip)
        node = Node(record.name, ip, record.identity) if record else Node(ip, ip, "")
        seen = look(node, world)
        is_out = conclude(seen).is_out and is_certain(seen)
        if not isinstance(seen.listed, MediaNode) and not is_out:
            found.append(Unlisted(node, seen))
    return tuple(found)
