"""What the cluster looks like now: what a preview tells, and what the next `up` has to repair."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from membership.answers import (
    Answers,
    Call,
    Health,
    MediaNode,
    Refused,
    Silent,
    Unknown,
    Unreachable,
)
from membership.context import Context
from membership.registry import Phase, Record
from openvidu import api

_VERSION = re.compile(r"Openvidu Version: *([0-9.]+)")


def overview(context: Context) -> dict[str, Any]:
    """Each node that the base knows, by private address, ready for JSON.

    Returns:
        For each address: `name`; `inService`, whether it takes sessions as it should, None where
        that can't be seen from here; `sees`, what is seen of it; `generation`, which is one more
        than the node's own when it has to be brought back, and None where nothing is known of it;
        `calls`, `participants`, `oldest` (Unix seconds), `load` (CPU, 0 to 100), `sessions` (a list
        of `Call.as_json`), each None where the cluster doesn't tell it; `phase`, where its machine
        is on its way through the cluster, and `since`, when it came there (Unix seconds);
        `balanced`, whether the load balancer leads there.
    """
    records = {record.ip: record for record in context.registry.all()}
    balanced = context.load_balancer.node_ips
    ips = sorted({*records, *balanced})
    with ThreadPoolExecutor(2 + 2 * len(ips)) as pool:
        asked_nodes = pool.submit(context.cluster.media_nodes)
        asked_calls = pool.submit(context.cluster.calls)
        asked_servers = pool.map(context.cluster.calls_at, ips)
        healths = dict(zip(ips, pool.map(context.cluster.health, ips), strict=True))
        servers = dict(zip(ips, asked_servers, strict=True))
    listed, calls = asked_nodes.result(), asked_calls.result()
    nodes = {node.ip: node for node in listed} if isinstance(listed, list) else {}
    outside = {*ips} - {*nodes, *balanced} if isinstance(listed, list) else set()

    def calls_of(ip: str) -> Sequence[Call] | None:
        told = _told(_listed(calls, nodes.get(ip)), servers[ip])
        carries_none = _carries_none(records.get(ip), healths[ip], is_outside=ip in outside)
        return () if told is None and carries_none else told

    return {
        ip: _node(records.get(ip), ip in balanced, healths[ip], nodes.get(ip), calls_of(ip))
        for ip in ips
    }


def versions(folder: Path) -> dict[str, Any]:
    """Which version is installed, and which an upgrade has put aside, ready for JSON.

    Args:
        folder: install folder of the base services.
    """
    compose = folder / "docker-compose.yml"
    found = _VERSION.search(compose.read_text()) if compose.exists() else None
    return {
        "version": found[1] if found else None,
        "asideVersions": sorted(one.name.removeprefix(".old-") for one in folder.glob(".old-*")),
    }


def _node(
    record: Record | None,
    balanced: bool,
    health: Health,
    listed: MediaNode | None,
    own: Sequence[Call] | None,
) -> Mapping[str, Any]:
    in_service = _in_service(record, balanced, health, listed)
    generation = record.generation if record else None
    return {
        "name": record.name if record else "",
        "inService": in_service,
        "sees": str(health),
        "generation": generation + 1
        if generation is not None and in_service is False
        else generation,
        "calls": None if own is None else len(own),
        "participants": None if own is None else sum(call.participants for call in own),
        "oldest": min((call.created for call in own), default=None) if own else None,
        "load": listed.load if listed else None,
        "sessions": None if own is None else [call.as_json() for call in own],
        "phase": record.phase if record else None,
        "since": record.since if record else None,
        "balanced": balanced,
    }


def _in_service(
    record: Record | None, balanced: bool, health: Health, listed: MediaNode | None
) -> bool | None:
    """Whether a node takes sessions as it should; None where nobody here can say."""
    if record is None:
        return None
    if not balanced or record.leaving or record.phase is not Phase.SERVING:
        return False
    if listed is not None and listed.status == api.WAITING_IDLE_TO_TERMINATE:
        return False
    return None if isinstance(health, Unknown | Unreachable) else not isinstance(health, Silent)


def _listed(calls: list[Call] | Unknown | Refused, node: MediaNode | None) -> list[Call] | None:
    """A node's calls in the cluster's list; None where that doesn't tell."""
    if node is None or not isinstance(calls, list):
        return None
    return [one for one in calls if one.media_node == node.id]


def _told(
    listed: Sequence[Call] | None, server: list[Call] | Unknown | Refused
) -> Sequence[Call] | None:
    """The calls of a node; None where nobody tells them.

    Args:
        listed: its calls in the cluster's list, which may have forgotten some.
        server: what its own server says.
    """
    told = server if isinstance(server, list) else None
    if listed is None and told is None:
        return None
    return list({call.id: call for call in (*(listed or ()), *(told or ()))}.values())


def _carries_none(record: Record | None, health: Health, *, is_outside: bool) -> bool:
    """Whether a node carries no call, though nobody tells its calls: it has left, or not begun.

    A port that refuses says only that one service doesn't listen: calls are carried by others. So
    one that starts must be outside of the cluster, too.

    Args:
        record: what is noted of it.
        health: what it says of itself.
        is_outside: whether neither the cluster nor the load balancer has it.
    """
    if record is None:
        return False
    if record.phase is Phase.STARTING:
        return is_outside and isinstance(health, Silent)
    return record.phase is Phase.LEFT and not isinstance(health, Answers)
