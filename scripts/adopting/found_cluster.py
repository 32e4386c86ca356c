"""A cluster that somebody made by hand, as it was read. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address

from openvidu import environment
from scripts.adopting.found_machine import FoundMachine, decoded


@dataclass(frozen=True)
class Answers:
    """What the cluster says, asked on its base.

    Attributes:
        status: `UP`, `UNSTABLE` or `DOWN`; empty where it gives no answer.
        up: private addresses of the nodes that it lists as UP.
        listed: of all that it lists.
        bucket_text: the configuration that nodes share; empty where the bucket has none.
        why_no_health, why_no_bucket: why there's no answer.
    """

    status: str
    up: frozenset[str]
    listed: frozenset[str]
    bucket_text: str = field(repr=False)
    why_no_health: str = ""
    why_no_bucket: str = ""


@dataclass(frozen=True)
class FoundCluster:
    """Base, nodes, and what they have in common.

    Attributes:
        base: the base services.
        nodes: in the order of their numbers.
        answers: what the cluster says.
    """

    base: FoundMachine
    nodes: Sequence[FoundMachine]
    answers: Answers

    @property
    def machines(self) -> Sequence[FoundMachine]:
        """The base first."""
        return (self.base, *self.nodes)

    @property
    def base_ip(self) -> str:
        """The base's private address: the one that nodes use, where it's its own."""
        redis = self.shared.get(environment.REDIS_HOST, "")
        return redis if redis in self.base.addresses else self.base.private_ip

    @property
    def shared(self) -> Mapping[str, str]:
        """The configuration that nodes share, as the bucket has it."""
        found = environment.parse(self.answers.bucket_text)
        return {name: text for name, text in found.items() if name != environment.NODE_PRIVATE_IP}


def parse(text: str) -> Answers:
    """Read what `machine/read-cluster.sh` prints."""
    found = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
    why = found.get("whyHealth", "").strip()
    try:
        health = json.loads(decoded(found.get("health", "")))
        nodes = {_address(name): one["status"] for name, one in health["nodes"].items()}
        status = str(health["clusterStatus"])
    except (ValueError, KeyError, TypeError, AttributeError):
        nodes, status, why = {}, "", why or "its API gives another answer than its health"
    return Answers(
        status,
        frozenset(ip for ip, one in nodes.items() if one == "UP"),
        frozenset(nodes),
        decoded(found.get("bucket", "")),
        why,
        found.get("whyBucket", "").strip(),
    )


def _address(node_id: str) -> str:
    """`10.5.0.6` of `master_10.5.0.6`. Source: page, "Check cluster and nodes health"."""
    return str(IPv4Address(node_id.rpartition("_")[2]))
