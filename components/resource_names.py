"""Logical names of resources: of which machine each one is, and what of it. Pure.

What belongs to a machine is called `MACHINE` or `MACHINE-PART`: `node-3`, `node-3-membership`,
`base-quiet`. A rule of a security group has the role of its machines instead:
`node-media-udp-from-world-ipv4`.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from openvidu.ports import PortRule, Source
from openvidu.roles import MAINS

OWNERS_INSTANCE, OWNERS_INTERFACE, OWNERS_ADDRESS = _OWNERS = (
    "adopted-instance",
    "adopted-interface",
    "adopted-address",
)
"""Parts of a machine that were made by hand and imported."""
_MAINS = tuple(role.name for role in MAINS)
_NAME = re.compile(rf"({'|'.join(_MAINS)}|node-[1-9][0-9]*)(?:-([a-z0-9-]+))?")


@dataclass(frozen=True)
class ResourceName:
    """The name of something that belongs to a machine.

    Attributes:
        machine: such as `base` or `node-3`.
        part: what it is, such as `membership`; empty for the machine itself.
    """

    machine: str
    part: str

    @property
    def node(self) -> int | None:
        """The number of the node that it belongs to; None where that's no node."""
        return node_number(self.machine)


def parse(name: str) -> ResourceName | None:
    """Read a logical name; None where it's of no machine."""
    match = _NAME.fullmatch(name)
    return match and ResourceName(match[1], match[2] or "")


def logical_name(urn: str) -> str:
    """The last part of a resource's URN."""
    return urn.rpartition("::")[2]


def of_urn(urn: str) -> ResourceName | None:
    """Read the logical name in a resource's URN; None where it's of no machine."""
    return parse(logical_name(urn))


def is_owners(name: str) -> bool:
    """Whether a resource was made by hand, and imported."""
    found = parse(name)
    return found is not None and found.part in _OWNERS


def standbys(there: Iterable[ResourceName]) -> frozenset[str]:
    """The machines that are standbys, and nobody is led to, by what there is of each.

    Args:
        there: the names of all resources.
    """
    parts: dict[str, set[str]] = defaultdict(set)
    for name in there:
        parts[name.machine].add(name.part)
    return frozenset(
        machine
        for machine, found in parts.items()
        if "roused" in found and not found & {"hold", "membership"}
    )


def node_number(machine: str) -> int | None:
    """The number of a node: 3 of `node-3`; None of another machine."""
    return int(machine.removeprefix("node-")) if machine.startswith("node-") else None


def inbound_rule(rule: PortRule, cidr: str, ports: Sequence[PortRule], chosen: str = "") -> str:
    """The name of an inbound rule without the role, such as `media-udp-from-world-ipv4`.

    Args:
        rule: row of the port table.
        cidr: who may connect, IPv4 or IPv6; empty for whoever is in the cluster's group.
        ports: the port table.
        chosen: of a port that isn't the table's: that port, as in `-8443`.
    """
    both_protocols = sum(other.service == rule.service for other in ports) > 1
    service = f"{rule.service}-{rule.protocol}" if both_protocols else rule.service
    match rule.source:
        case Source.WORLD:
            return f"{service}{chosen}-from-world-{'ipv6' if ':' in cidr else 'ipv4'}"
        case Source.CLUSTER if cidr.endswith("/32"):
            return f"{service}-from-{cidr}"
        case Source.CLUSTER:
            return f"{service}-from-cluster"
        case Source.OPERATORS:
            return f"{service}-from-{cidr}"
