"""A look at a deployment as Prometheus's metrics. Pure.

What isn't known has no sample: zero would be an answer. `UP` says whether the cluster told.
Source: Prometheus, "Writing exporters" and "Metric and label naming".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from prometheus_client.metrics_core import GaugeMetricFamily

from scripts.cluster_status import MachineStatus, Status
from scripts.pulumi_cli import LastUpdate

PREFIX = "openvidu_enterprise"
STATES = ("starting", "serving", "draining", "left", "unknown", "no answer")
"""As `MachineStatus.state` of nodes; the last two where the base doesn't know the node."""
_TOLD_STATES = STATES[:4]
_LED_TO = ("serving", "draining")
"""States in which the load balancer should lead to a node: a drain ends before its address goes."""
_HEALTHS = ("UP", "UNSTABLE", "DOWN")
_UP = "UP"


@dataclass(frozen=True)
class Metric:
    """A gauge.

    Attributes:
        name: in full.
        meaning: its help text.
        labels: their names.
    """

    name: str
    meaning: str
    labels: tuple[str, ...] = ()


@dataclass(frozen=True)
class Sample:
    """A metric's value, with the values of its labels."""

    metric: Metric
    value: float
    labels: tuple[str, ...] = ()


@dataclass(frozen=True)
class Look:
    """What was seen at once.

    Attributes:
        status: the cluster and its machines.
        at: when the look began.
        update: the stack's last update; None where that isn't known.
    """

    status: Status
    at: datetime
    update: LastUpdate | None = None


METRICS: dict[str, Metric] = {}
"""All of them, by name."""


def _metric(name: str, meaning: str, *labels: str) -> Metric:
    made = Metric(f"{PREFIX}_{name}", meaning, labels)
    METRICS[made.name] = made
    return made


UP = _metric("up", "Whether the last look is recent and the cluster has said how it is.")
LOOKED_AT = _metric("last_look_timestamp_seconds", "When the last finished look began.")
LOOKED = _metric("last_look_success", "Whether the last finished look found the cluster.")
LOOK_SECONDS = _metric("last_look_duration_seconds", "How long the last look took.")
_HEALTH = _metric("cluster_health", "Whether OpenVidu's health is this.", "state")
_NODES = _metric("nodes", "Nodes by state.", "state")
_NODE_STATE = _metric("node_state", "Whether the node is in this state.", "machine", "state")
_NODE_UP = _metric("node_up", "Whether the cluster lists the node as UP.", "machine")
_NODE_BALANCED = _metric("node_balanced", "Whether the load balancer leads to it.", "machine")
_CALLS = _metric("calls", "Calls that the machine carries.", "machine")
_PARTICIPANTS = _metric("participants", "Participants of its calls.", "machine")
_OLDEST = _metric(
    "draining_oldest_call_age_seconds", "Age of the oldest call of a draining node.", "machine"
)
_ADDRESSES = _metric("load_balancer_addresses", "Addresses that the load balancer leads to.")
_SERVES = _metric(
    "load_balancer_address_serves",
    "Whether a node that takes calls has this address, to which the load balancer leads.",
    *("address", "machine"),
)
_DRIFT = _metric(
    "configuration_drift",
    "Names in the bucket's configuration whose values aren't the stack's.",
)
_CERTIFICATE = _metric(
    "certificate_expiry_timestamp_seconds", "When the certificate that users are shown expires."
)
_UPDATED_AT = _metric("last_update_timestamp_seconds", "When the stack's last update ended.")
_UPDATED = _metric("last_update_success", "Whether the stack's last update ended well.")
_REMARKS = _metric("remarks", "Number of things that need somebody, as status lists them.")
_REACHED = _metric("machine_up", "Whether the machine answers over SSH.", "machine")
_INSTANCE = _metric(
    "aws_instance_up", "Whether AWS says that the machine is running well.", "machine"
)
_CPU = _metric("machine_load_ratio", "Load of the last minute, per processor.", "machine")
_MEMORY = _metric("machine_memory_used_ratio", "Share of its memory that is in use.", "machine")
_DISK = _metric(
    "machine_disk_used_ratio",
    "Share of a disk's space or inodes that is in use.",
    "machine",
    "place",
)


_OF_MACHINE: tuple[tuple[Metric, Callable[[MachineStatus], float | None]], ...] = (
    (_NODE_BALANCED, lambda one: one.balanced),
    (_CALLS, lambda one: one.calls),
    (_PARTICIPANTS, lambda one: one.participants),
    (_REACHED, lambda one: one.usage is not None),
    (_INSTANCE, lambda one: None if one.aws is None else not one.aws.is_down),
    (_CPU, lambda one: None if one.usage is None else one.usage.cpu / 100),
    (_MEMORY, lambda one: None if one.usage is None else one.usage.memory / 100),
)
"""What is read of each machine; None where it isn't known."""


def families(samples: Iterable[Sample]) -> Iterator[GaugeMetricFamily]:
    """Samples as a registry takes them; those of a metric have to follow one another."""
    for metric, found in groupby(samples, lambda one: one.metric):
        family = GaugeMetricFamily(metric.name, metric.meaning, labels=metric.labels)
        for one in found:
            family.add_metric(one.labels, one.value)
        yield family


def samples_of(look: Look) -> Iterator[Sample]:
    """What a look tells, one metric after the other; nothing of what it couldn't find out."""
    yield from _of_cluster(look.status)
    yield from _of_machines(look)
    yield from _of_stack(look)


def _of_cluster(status: Status) -> Iterator[Sample]:
    """What the base tells of the whole."""
    if status.state:
        for state in _HEALTHS:
            yield Sample(_HEALTH, status.state == state, (state,))
    if status.reason is not None:
        return
    nodes = [one for one in status.machines if one.private_ip]
    if not nodes:
        # A single master has neither nodes nor a load balancer, and no bucket.
        return
    for state in STATES:
        yield Sample(_NODES, sum(one.state == state for one in nodes), (state,))
    for one in nodes:
        if one.state in _TOLD_STATES:
            for state in _TOLD_STATES:
                yield Sample(_NODE_STATE, one.state == state, (one.name, state))
    yield Sample(_ADDRESSES, len(status.balanced))
    yield from _of_addresses(status, {str(one.private_ip): one for one in nodes})
    if status.drift is not None:
        yield Sample(_DRIFT, len(status.drift))


def _of_addresses(status: Status, nodes: Mapping[str, MachineStatus]) -> Iterator[Sample]:
    """Whether who the load balancer leads to serves; nothing where the cluster doesn't say."""
    if not status.state:
        return
    for ip in status.balanced:
        node = nodes.get(ip)
        is_due = node is None or node.state not in _TOLD_STATES or node.state in _LED_TO
        serves = is_due and status.health_at(ip) == _UP
        yield Sample(_SERVES, serves, (ip, node.name if node else ""))


def _of_machines(look: Look) -> Iterator[Sample]:
    """What is known of each machine."""
    machines = look.status.machines
    tells = bool(look.status.state)
    for one in machines:
        if one.private_ip and tells:
            yield Sample(_NODE_UP, one.health == _UP, (one.name,))
    for metric, read in _OF_MACHINE:
        for one in machines:
            if (value := read(one)) is not None:
                yield Sample(metric, value, (one.name,))
    for one in machines:
        if (age := _oldest(one, look.at)) is not None:
            yield Sample(_OLDEST, age, (one.name,))
    for one in machines:
        for place, percent in (one.usage.disks if one.usage else {}).items():
            yield Sample(_DISK, percent / 100, (one.name, place))


def _oldest(machine: MachineStatus, now: datetime) -> float | None:
    """Seconds since the oldest call of a node that drains was made; None where there's none."""
    if machine.state != "draining" or not machine.sessions:
        return None
    # Clocks differ.
    return max(0.0, (now - machine.sessions[0].since).total_seconds())


def _of_stack(look: Look) -> Iterator[Sample]:
    """What is known without the cluster."""
    if look.status.certificate:
        yield Sample(_CERTIFICATE, look.status.certificate.timestamp())
    if look.update:
        yield Sample(_UPDATED_AT, look.update.ended.timestamp())
        yield Sample(_UPDATED, look.update.is_good)
    yield Sample(_REMARKS, len(look.status.remarks(look.at)))
