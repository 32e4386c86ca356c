"""Nodes about which the program has to ask others, or have something done: which, and by whom."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from typing import Any

from membership.answers import Answers
from membership.clock import Elapsed
from membership.context import Context
from membership.drain import STOP
from membership.errors import MembershipError
from membership.registry import Node, Phase, Record
from openvidu import ports


def doubts(own: str, context: Context) -> dict[str, Any]:
    """The nodes whose port gives no answer, and those that may be asked about them.

    Args:
        own: address of the node that the run is about: it may have left, and be asked about yet.
            A run that is about one node stops no other.
        context: what can be seen.

    Returns:
        `asked`, from when on what they say counts, as `Elapsed` has it; `port`, which nodes listen
        on; `nodes`, those in doubt, `peers`, those that answer, and `stops`, those that carry no
        calls and that the API doesn't stop: each with its `name`, `ip`, `identity`, and its `host`,
        `hostKey`, `sshWay` and `instance`, as far as they are known.
    """
    there = [one for one in context.registry.all() if one.phase is not Phase.LEFT or one.ip == own]
    ips = [one.ip for one in there]
    with ThreadPoolExecutor(max(1, len(ips))) as pool:
        healths = dict(zip(ips, pool.map(context.cluster.health, ips), strict=True))
    # Nobody is asked before this is told.
    since = Elapsed.begin(context.clock)
    for one in there:
        if isinstance(healths[one.ip], Answers):
            context.registry.is_alive(Node(one.name, one.ip, one.identity))
    return {
        "asked": asdict(since),
        "port": ports.REPLICATION_MANAGER,
        "nodes": [_shown(one) for one in there if not isinstance(healths[one.ip], Answers)],
        "peers": [
            _shown(one) for one in there if isinstance(healths[one.ip], Answers) and one.way.host
        ],
        "stops": [
            _shown(one)
            for one in there
            if own in ("", one.ip)
            and context.registry.noted(f"{STOP}-{one.ip}", one.identity) is not None
        ],
    }


def declare_dead(node: Node, who: str, context: Context) -> None:
    """Note that the operator says that a node's machine is dead: its drain lets it go.

    Raises:
        MembershipError: the node isn't known, or answers.
    """
    record = context.registry.get(node.ip)
    if record is None or record.identity != node.identity:
        found, command = (
            "the cluster doesn't know this machine",
            "uv run openvidu-enterprise status",
        )
    elif isinstance(context.cluster.health(node.ip), Answers):
        found = "it answers: its calls can be waited for"
        command = f"uv run openvidu-enterprise retire {node.name}, then: pulumi up"
    else:
        context.registry.declare_dead(node, who, context.clock)
        context.say(f"{node.name}: {node.identity} counts as dead from now on")
        return
    raise MembershipError(node.name, "declaring it dead", found, "Nothing was changed.", command)


def _shown(record: Record) -> dict[str, str]:
    return {
        "name": record.name,
        "ip": record.ip,
        "identity": record.identity,
        "host": record.way.host,
        "hostKey": record.way.host_key,
        "sshWay": record.way.ssh_way,
        "instance": record.way.instance,
    }
