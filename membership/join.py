"""Scale up: a node enters the load balancer once it's ready.

Source: page, "Scale Up" step 3.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from membership.cluster import Answers, Cluster, Refused
from membership.errors import MembershipError
from membership.load_balancer import LoadBalancer

READY_LIMIT_SECONDS = 900
_POLL_SECONDS = 1.0
_PROGRESS_SECONDS = 10.0


def join(
    name: str, ip: str, cluster: Cluster, load_balancer: LoadBalancer, say: Callable[[str], None]
) -> None:
    """Bring a node into the load balancer. Harmless for a node that is there.

    Args:
        name: `node-1`, for messages.
        ip: the node's private address.
        cluster: what can be seen.
        load_balancer: what is changed.
        say: takes progress lines.

    Raises:
        MembershipError: the node isn't ready within the limit, or the cluster refuses to say.
    """
    wait_until_ready(name, ip, cluster, say)
    load_balancer.add(ip, purpose=f"{name} joins")
    say(f"{name}: {ip} is in the load balancer")


def wait_until_ready(name: str, ip: str, cluster: Cluster, say: Callable[[str], None]) -> None:
    """Wait until the node answers 200 and the cluster lists it."""
    started = time.monotonic()
    last_said = float("-inf")
    while (seen := _missing(ip, cluster, name)) is not None:
        elapsed = time.monotonic() - started
        if elapsed > READY_LIMIT_SECONDS:
            raise MembershipError(
                name,
                "waiting until the node is ready",
                f"not ready after {READY_LIMIT_SECONDS} s; last seen: {seen}",
                "The node isn't in the load balancer; calls on other nodes go on.",
                f"ssh to {name}, then: sudo sh -c 'cd /opt/openvidu && ./openvidu logs'",
            )
        if elapsed - last_said >= _PROGRESS_SECONDS:
            say(f"{name}: waiting until ready, {elapsed:.0f} s of {READY_LIMIT_SECONDS} s: {seen}")
            last_said = elapsed
        time.sleep(_POLL_SECONDS)
    say(f"{name}: answers 200, and the cluster lists it")


def _missing(ip: str, cluster: Cluster, name: str) -> str | None:
    """What is still missing for the node to be ready; None when it is."""
    health = cluster.health(ip)
    if health != Answers(200):
        return f"health of {ip} is {health}"
    listed = cluster.lists(ip)
    if isinstance(listed, Refused):
        raise MembershipError(
            name,
            "waiting until the node is ready",
            f"the API answers {listed.status}: {listed.reason}",
            "The node isn't in the load balancer; calls on other nodes go on.",
            "check openviduSecret, then: pulumi up",
        )
    return None if listed is True else f"the cluster doesn't list {ip} yet ({listed})"
