"""Whether a node's machine, and its address, may go: what drains it is known to the state too late.

A node takes calls from when its address enters the load balancer, and the state knows that it has
joined once that has ended well. A join that was interrupted or failed in between leaves a node with
calls, and a state that would have its machine removed. And a state from before a node was replaced
would have the address removed of the machine that has it now.
"""

from __future__ import annotations

from enum import IntEnum

from membership.answers import Answers
from membership.context import Context, Run
from membership.drain import MAY_GO
from membership.errors import MembershipError
from membership.ownership import belongs_to_another, claim
from membership.registry import Node, Phase, Record


class Held(IntEnum):
    """Whether a machine may go; the exit status tells it."""

    FREE = 0
    """Nobody is led there."""
    JOINED = 50
    """It has to be drained first."""


def release(node: Node, run: Run, context: Context) -> Held:
    """Whether a node's machine may go now, with its address.

    Raises:
        MembershipError: another instance serves under that address.
        LockTimeoutError: somebody else edits the list of addresses.
    """
    record = context.registry.get(node.ip)
    if record is None or record.phase is Phase.LEFT:
        is_led_there = node.ip in context.load_balancer.node_ips
        is_known = record is not None or _may_go(node, context)
        # A base that was made anew knows nobody, and leads nobody to one with calls of before.
        runs = not is_known and isinstance(context.cluster.health(node.ip), Answers)
        return Held.JOINED if is_led_there or runs else Held.FREE
    if belongs_to_another(node, context):
        # One that is only announced takes this one's place, in the same update.
        if node.way.instance and _has_joined(record):
            raise _stays(node, record)
        return Held.FREE
    # Whoever brings it into the cluster still stops, once the list isn't edited any more.
    claim(node, run, context)
    led_there = []

    def look() -> bool:
        led_there.append(_is_led_to(node, context))
        return False

    context.load_balancer.remove(node.ip, purpose=f"{node.name} goes", may=look)
    if any(led_there):
        return Held.JOINED
    context.registry.change(node.ip, lambda _: None)
    return Held.FREE


def _may_go(node: Node, context: Context) -> bool:
    return context.registry.noted(f"{MAY_GO}-{node.ip}", node.identity) is not None


def _is_led_to(node: Node, context: Context) -> bool:
    return _has_joined(context.registry.get(node.ip)) or node.ip in context.load_balancer.node_ips


def _has_joined(record: Record | None) -> bool:
    return record is not None and record.phase in (Phase.SERVING, Phase.DRAINING)


def _stays(node: Node, record: Record) -> MembershipError:
    return MembershipError(
        node.name,
        "letting its machine go",
        f"{node.ip} is the address of {record.identity} by now, and this state, which is older, "
        f"has {node.identity}",
        "Nothing was removed: removing that state's addresses would cut the calls there.",
        "pulumi config set nodeCount, as it was, then: pulumi refresh, and "
        "uv run openvidu-enterprise recover-state",
    )
