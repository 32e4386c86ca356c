"""Scale down: a node leaves without a call being cut.

Stop new sessions, wait until the node has left, take its address out of the load balancer. Only
then may its machine go. Each step looks at the world and does what is missing: after a crash,
running it again is resuming.
Source: page, "Scale Down".
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from membership.cluster import (
    Answers,
    Cluster,
    Health,
    MediaNode,
    Refused,
    Silent,
    Unknown,
    Unreachable,
)
from membership.errors import MembershipError
from membership.load_balancer import LoadBalancer
from openvidu import api

POLL_SECONDS = 2.0
PROGRESS_SECONDS = 10.0
CONFIRMATIONS = 3
"""Readings in a row that must say that the node has left."""
CONFIRMATIONS_ALONE = 10
"""The same, when no node is left that could be asked."""
KEPT = "The machine stays, and so do its calls."


@dataclass(frozen=True)
class Node:
    """The node that leaves: its name, private address, and which machine it is."""

    name: str
    ip: str
    identity: str


@dataclass(frozen=True)
class Seen:
    """One look at the world.

    Attributes:
        listed: what the cluster lists under the node's address; None when it lists others only.
        health: what the node's own health endpoint says.
        alone: no other node answers that could be asked.
    """

    listed: MediaNode | Unknown | Refused | None
    health: Health
    alone: bool


def has_left(seen: Seen) -> bool:
    """Whether one look says that the node has left. Unknown is never gone.

    The cluster must not list it and its port must be silent. When it was among the last nodes,
    nobody is left to ask, and the silent port has to do, over more readings.
    """
    silent = not isinstance(seen.health, Answers | Unknown)
    unlisted = seen.listed is None or (seen.alone and isinstance(seen.listed, Unknown))
    return silent and unlisted


def drain(
    node: Node,
    cluster: Cluster,
    load_balancer: LoadBalancer,
    *,
    limit: timedelta,
    force: bool,
    say: Callable[[str], None],
) -> None:
    """Drain a node and take it out of the load balancer.

    Args:
        node: which one.
        cluster: what can be seen.
        load_balancer: what is changed at the end.
        limit: how long to wait for its calls.
        force: take it out all the same when the limit is over; cuts its calls.
        say: takes progress lines.

    Raises:
        MembershipError: the node stays; says why and what to type.
    """
    wait_until_left(node, cluster, load_balancer, limit=limit, force=force, say=say)
    load_balancer.remove(node.ip, purpose=f"{node.name} leaves")
    say(f"{node.name}: {node.ip} is out of the load balancer; its machine may go")


def look(node: Node, cluster: Cluster, load_balancer: LoadBalancer) -> Seen:
    """One look at the world."""
    listed = cluster.media_nodes()
    health = cluster.health(node.ip)
    if isinstance(listed, list):
        own = next((item for item in listed if item.ip == node.ip), None)
        return Seen(own, health, alone=False)
    others = set(load_balancer.node_ips) - {node.ip}
    alone = all(isinstance(cluster.health(ip), Silent | Unreachable) for ip in others)
    return Seen(listed, health, alone)


def wait_until_left(
    node: Node,
    cluster: Cluster,
    load_balancer: LoadBalancer,
    *,
    limit: timedelta,
    force: bool,
    say: Callable[[str], None],
) -> None:
    """Stop new sessions on the node, then wait until it has left the cluster."""
    started = time.monotonic()
    last_said = float("-inf")
    confirmed = 0
    while True:
        seen = look(node, cluster, load_balancer)
        confirmed = confirmed + 1 if has_left(seen) else 0
        if confirmed >= (CONFIRMATIONS if seen.listed is None else CONFIRMATIONS_ALONE):
            say(f"{node.name}: has left the cluster")
            return
        _stop_new_sessions(node, cluster, seen, say)
        elapsed = timedelta(seconds=time.monotonic() - started)
        if elapsed > limit:
            if force:
                say(f"{node.name}: the limit is over; cutting {_calls(seen)}")
                return
            raise _timed_out(node, seen, limit)
        if elapsed.total_seconds() - last_said >= PROGRESS_SECONDS:
            say(f"{node.name}: waiting for {_calls(seen)}, {_rounded(elapsed)} of {limit}")
            last_said = elapsed.total_seconds()
        time.sleep(POLL_SECONDS)


def _stop_new_sessions(
    node: Node, cluster: Cluster, seen: Seen, say: Callable[[str], None]
) -> None:
    answer: Unknown | Refused | None = None
    if isinstance(seen.listed, Refused):
        answer = seen.listed
    elif isinstance(seen.listed, MediaNode) and (
        seen.listed.status != api.WAITING_IDLE_TO_TERMINATE
    ):
        answer = cluster.stop_new_sessions(seen.listed)
        if answer is None:
            say(f"{node.name}: takes no new sessions from now on")
    if isinstance(answer, Refused):
        key = "check openviduSecret" if answer.status in (401, 403) else "drain it by hand"
        raise MembershipError(
            node.name,
            "stopping new sessions",
            f"the API answers {answer.status}: {answer.reason}",
            KEPT,
            f"{key} (on-premises page, Scale Down), then: pulumi up",
        )


def _calls(seen: Seen) -> str:
    if isinstance(seen.listed, MediaNode):
        count = len(seen.listed.sessions)
        return "1 call" if count == 1 else f"{count} calls"
    if isinstance(seen.listed, Unknown):
        return f"the API ({seen.listed.reason})"
    return "the node to stop" if not isinstance(seen.health, Silent) else "confirmation"


def _timed_out(node: Node, seen: Seen, limit: timedelta) -> MembershipError:
    return MembershipError(
        node.name,
        "waiting until it has left",
        f"still waiting for {_calls(seen)} after {limit}",
        f"{KEPT} It takes no new sessions.",
        "wait again: pulumi up; or cut them: "
        "pulumi config set forceAfterDrainTimeout true && pulumi up",
    )


def _rounded(length: timedelta) -> timedelta:
    return timedelta(seconds=int(length.total_seconds()))
