"""Which nodes there may be, whoever knows of them.

No list is whole: a base that was made anew, or has lost its notes, knows no node until it's told,
and a load balancer knows only those that take calls. What is about to stop nodes looks at all.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

from membership.answers import Answers
from membership.context import Context
from membership.registry import Node, Phase, Record, Way


def from_json(text: str) -> tuple[Node, ...]:
    """The nodes that the stack's state names, as `components.previous_state` writes them.

    Args:
        text: a list of `name`, `ip`, `identity`, `host`, `hostKey`, `instance` and `sshWay`; empty
            where it names none.

    Raises:
        ValueError: it's something else.
    """
    try:
        return tuple(
            Node(
                one["name"],
                one["ip"],
                one["identity"],
                Way(one["host"], one["hostKey"], one["instance"], one["sshWay"]),
            )
            for one in json.loads(text or "[]")
        )
    except (KeyError, TypeError) as error:
        raise ValueError(f"no list of nodes: {error}") from None


def note(told: Sequence[Node], context: Context, generation: int = 0) -> None:
    """Note the nodes of which nothing is noted, so that others can be asked about them, too.

    Args:
        told: the nodes.
        context: what is known.
        generation: how often they were brought into service, where that's known.
    """
    balanced = context.load_balancer.node_ips
    for node in told:
        phase = Phase.SERVING if node.ip in balanced else Phase.STARTING

        def noted(record: Record | None, node: Node = node, phase: Phase = phase) -> Record:
            if record is None:
                now = context.clock.now()
                fresh = Record(node.name, node.ip, node.identity, phase, now, way=node.way)
                return replace(fresh, generation=generation)
            is_same = record.identity == node.identity
            return replace(record, way=node.way) if is_same and not record.way.host else record

        context.registry.change(node.ip, noted)


def known_nodes(context: Context) -> tuple[Node, ...]:
    """The nodes that are noted, in the load balancer, or listed by the cluster.

    One that was seen leaving, and is in neither of the others, isn't among them: its machine may be
    gone. It is if it answers.
    """
    records = {one.ip: one for one in context.registry.all()}
    listed = context.cluster.media_nodes()
    elsewhere = {one.ip for one in listed} if isinstance(listed, list) else set()
    elsewhere |= {*context.load_balancer.node_ips}
    return tuple(
        _node(ip, records.get(ip))
        for ip in sorted({*records, *elsewhere})
        if ip in elsewhere or not _has_gone(records[ip], context)
    )


def _has_gone(record: Record, context: Context) -> bool:
    # Asked last: one that can't be seen takes the whole time of a request.
    has_left = record.phase is Phase.LEFT
    return has_left and not isinstance(context.cluster.health(record.ip), Answers)


def _node(ip: str, record: Record | None) -> Node:
    return Node(record.name, ip, record.identity, record.way) if record else Node(ip, ip, "")
