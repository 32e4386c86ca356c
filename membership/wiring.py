"""What the program works with where it runs: on the base, or on the bastion."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from membership import context, earlier_secrets
from membership.bucket import Bucket
from membership.clock import Clock
from membership.cluster_view import Cluster, entrance
from membership.load_balancer import LoadBalancer
from membership.registry import CLUSTER_FILE, FOLDER, Phase, Registry
from membership.target_group import TargetGroup
from openvidu import environment

_BEST_FIRST = (Phase.SERVING, Phase.DRAINING, Phase.STARTING)


@dataclass(frozen=True)
class Wiring:
    """What the program works with.

    Attributes:
        cluster: the cluster's API and health.
        load_balancer: who takes calls.
        bucket: where the nodes' configuration is kept.
    """

    cluster: Cluster
    load_balancer: context.LoadBalancer
    bucket: Bucket


def on_base(load_balancer: LoadBalancer, *, timeout_seconds: float) -> Wiring:
    """On the base, or on a single master: its `.env` says the rest.

    Args:
        load_balancer: the one there.
        timeout_seconds: limit of each request to the cluster and the bucket.
    """
    values = load_balancer.values
    cluster = Cluster(
        values[environment.OPENVIDU_SECRET],
        timeout_seconds=timeout_seconds,
        nodes=lambda: load_balancer.node_ips,
        earlier=earlier_secrets.read,
    )
    bucket = Bucket(values, timeout_seconds=timeout_seconds)
    return Wiring(cluster, load_balancer, bucket)


def on_bastion(
    registry: Registry, *, timeout_seconds: float, say: Callable[[str], None], clock: Clock
) -> Wiring:
    """On the bastion, where any node answers for the cluster.

    Args:
        registry: knows the nodes.
        timeout_seconds: limit of each request to the cluster and the bucket.
        say: takes progress lines.
        clock: time.
    """
    values = environment.parse(CLUSTER_FILE.read_text())
    load_balancer = TargetGroup(
        values[environment.TARGET_GROUP], lock=FOLDER / "targets.lock", say=say, clock=clock
    )
    cluster = Cluster(
        values[environment.OPENVIDU_SECRET],
        timeout_seconds=timeout_seconds,
        entrances=lambda: entrances(registry, load_balancer),
        nodes=lambda: sorted({one.ip for one in registry.all()} | {*load_balancer.node_ips}),
        earlier=earlier_secrets.read,
    )
    bucket = Bucket(values, timeout_seconds=timeout_seconds)
    return Wiring(cluster, load_balancer, bucket)


def entrances(registry: Registry, load_balancer: context.LoadBalancer) -> Iterator[Sequence[str]]:
    """Where the REST API may answer: at a node that serves, then at the others that are known.

    Last come those that are only in the load balancer, as on a bastion that was made anew: who asks
    gets so far only where no other can be connected to.

    Raises:
        TargetGroupError: AWS doesn't tell who is in there.
    """
    records = [one for one in registry.all() if one.phase in _BEST_FIRST]
    records.sort(key=lambda one: _BEST_FIRST.index(one.phase))
    known = [one.ip for one in records]
    yield [entrance(ip) for ip in known[:1]]
    yield [entrance(ip) for ip in known[1:]]
    yield [entrance(ip) for ip in load_balancer.node_ips if ip not in known]
