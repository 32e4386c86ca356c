"""Which ports are open, and for whom. Source: page, port tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network

from openvidu import ports
from openvidu.ports import PortRule, Source
from openvidu.roles import BASE, BASTION, MASTER, NODE
from policy.resource import INGRESS, SECURITY_GROUP, Resource, Violation
from policy.wanted import Wanted

_OLD_RULE = "aws:ec2/securityGroupRule:SecurityGroupRule"
_GROUPS = (SECURITY_GROUP, "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup")
_NARROWEST_WORLD = {4: 7, 6: 15}
"""Prefixes that no operator has, by IP version: two of /1 are the internet, too.

A /8 is the widest private network, and the widest that IANA gave to anybody but registries; of IPv6
nobody has more than a /16.
"""
_PRIVATE_IPV6 = IPv6Network("fc00::/7")

TABLES: Mapping[str, Sequence[PortRule]] = {
    BASE.name: ports.BASE_PORTS,
    NODE.name: ports.NODE_PORTS,
    MASTER.name: ports.MASTER_PORTS,
    BASTION.name: ports.BASTION_PORTS,
    "load-balancer": ports.LOAD_BALANCER_PORTS,
    "redis": ports.REDIS_PORTS,
    "search": ports.SEARCH_PORTS,
    **{
        f"adopted-{role.name}": [row for row in role.ports if row.source is Source.CLUSTER]
        for role in (BASE, NODE)
    },
}
"""The port tables by the role that tags name."""


def undocumented_ports(wanted: Wanted, one: Resource) -> Iterator[str]:
    """Ports that are open, and not in the role's table."""
    if one.type in _GROUPS and one.props.get("ingress"):
        yield (
            f"{one.name} opens ports in the group itself; each port must have a rule of its "
            "own, from the tables"
        )
    if one.type == _OLD_RULE and one.props.get("type") != "egress":
        yield f"{one.name} is a SecurityGroupRule; must be a SecurityGroupIngressRule with a role"
    if one.type != INGRESS:
        return
    rows = [row for row in _table(wanted, one.role) if _opens(row, one)]
    if any(_is_for_no_others(wanted, row, one) for row in rows):
        return
    opened = _ports(one)
    whom = _network(one) or "others"
    protocol = one.props.get("ipProtocol")
    opens = f"{one.name} opens {protocol} {opened.first} to {opened.last} for {whom}"
    if rows:
        yield f"{opens}; must be the cluster's network {wanted.cluster}"
    else:
        role = one.role or "no role"
        yield f"{opens}; OpenVidu's port table of {role} has no such row (openvidu/ports.py)"


def world_open_ssh(one: Resource) -> Iterator[str]:
    """SSH for everybody."""
    if one.type != INGRESS or not _is_world(_parsed(one)):
        return
    opened = _ports(one)
    if one.props.get("ipProtocol") == "-1" or opened.first <= ports.SSH <= opened.last:
        yield (
            f"{one.name} opens SSH to {_network(one)}; must be the operators' networks: "
            "pulumi config set --path 'sshCidrs[0]' 203.0.113.0/24"
        )


def missing_ports(wanted: Wanted, resources: Sequence[Resource]) -> Iterator[Violation]:
    """Rows of a port table that no rule opens, though a machine of that role is there."""
    rules = [one for one in resources if one.type == INGRESS]
    for group in (one for one in resources if one.type == SECURITY_GROUP):
        for row in _table(wanted, group.role):
            if row.source is Source.OPERATORS:
                continue
            of_role = [one for one in rules if one.role == group.role]
            if not any(_opens(row, one) and _is_for_no_others(wanted, row, one) for one in of_role):
                what = f"{row.protocol} {row.first} to {row.last} ({row.purpose})"
                yield Violation(group.urn, f"{group.name}: no rule opens {what}")


def _opens(row: PortRule, rule: Resource) -> bool:
    """Whether a rule opens the ports of a row."""
    is_same = _ports(rule) == _Ports(row.first, row.last)
    return rule.props.get("ipProtocol") == row.protocol and is_same


def _table(wanted: Wanted, role: str) -> list[PortRule]:
    return ports.opened(TABLES.get(role, ()), wanted.entrances)


def _is_for_no_others(wanted: Wanted, row: PortRule, rule: Resource) -> bool:
    """Whether only those may connect that a row names; who operates is no rule's to know."""
    if row.source is not Source.CLUSTER:
        return True
    found = _parsed(rule)
    if found is None:
        # Members of a group are machines of this network, those of a prefix list may be anybody.
        # Looked for by name only: which group it is isn't known before it's made.
        return "referencedSecurityGroupId" in tuple(rule.props)
    return isinstance(found, IPv4Network) and found.subnet_of(wanted.cluster)


def _is_world(network: IPv4Network | IPv6Network | None) -> bool:
    if network is None or network.prefixlen > _NARROWEST_WORLD[network.version]:
        return False
    return isinstance(network, IPv4Network) or not network.subnet_of(_PRIVATE_IPV6)


@dataclass(frozen=True)
class _Ports:
    """First and last port; -1 where a rule names none."""

    first: int
    last: int


def _ports(rule: Resource) -> _Ports:
    first, last = (rule.props.get(key) for key in ("fromPort", "toPort"))
    return _Ports(-1 if first is None else int(first), -1 if last is None else int(last))


def _network(rule: Resource) -> str:
    return str(rule.props.get("cidrIpv4") or rule.props.get("cidrIpv6") or "")


def _parsed(rule: Resource) -> IPv4Network | IPv6Network | None:
    try:
        return ip_network(_network(rule), strict=False)
    except ValueError:
        # None at all: a rule for a group or a prefix list. AWS takes no other text.
        return None
