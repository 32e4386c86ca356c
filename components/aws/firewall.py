"""Security groups, one resource a rule, from the page's port tables.

Source: page, "Base Services ports configuration" and "OpenVidu Enterprise Nodes ports
configuration"; outbound of both is open.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.previous_state import PreviousState
from components.resource_names import inbound_rule
from components.settings.table import Settings
from openvidu.ports import PortRule, Source, opened

_WORLD = ("0.0.0.0/0", "::/0")
_MEMBERS = ""
"""In place of a network: those that are in the cluster's group."""
_OUTBOUND = {"outbound-ipv4": "0.0.0.0/0", "outbound-ipv6": "::/0"}


@dataclass(frozen=True)
class Inbound:
    """One inbound rule of a security group.

    Attributes:
        name: resource name without the role, such as `redis-from-cluster`. Where users come in at a
            port that was chosen it's in the name: another port is another rule, which is opened
            before the old one is closed. AWS cuts connections at once when the rule that let them
            in changes. Source: EC2 user guide, "Security group connection tracking".
        plain_name: the same without that port.
        rule: row of the port table.
        cidr: who may connect, IPv4 or IPv6; empty for whoever is in the cluster's group.
    """

    name: str
    plain_name: str
    rule: PortRule
    cidr: str


def inbound(ports: Sequence[PortRule], settings: Settings) -> list[Inbound]:
    """The rules that a port table stands for here, one for each protocol and network."""
    return [
        Inbound(
            inbound_rule(rule, cidr, ports, "" if rule in ports else f"-{rule.first}"),
            inbound_rule(rule, cidr, ports),
            rule,
            cidr,
        )
        for rule in opened(ports, settings.entrances)
        for cidr in _networks(rule.source, settings)
    ]


def _networks(source: Source, settings: Settings) -> Sequence[str]:
    match source:
        case Source.WORLD:
            return _WORLD
        case Source.CLUSTER if settings.subnet_ids:
            # Others' machines are in these subnets, and Redis may have no password.
            return (_MEMBERS, *(f"{one}/32" for one in settings.media_nodes))
        case Source.CLUSTER:
            return (str(settings.subnet_cidr),)
        case Source.OPERATORS:
            return settings.ssh_cidrs


def _if_version(version: int, cidr: str) -> str | None:
    """`cidr` when it's of that IP version: AWS has an argument for each."""
    return cidr if cidr and ipaddress.ip_network(cidr).version == version else None


class Firewall(pulumi.ComponentResource):
    """The security group of one role, or of one of AWS's services.

    Attributes:
        security_group_id: id of the group.
        groups: what has it is in these.
        rules: every rule; a machine depends on them, so that it's reachable once it runs.
    """

    security_group_id: pulumi.Output[str]
    groups: list[pulumi.Input[str]]
    rules: list[pulumi.Resource]

    def __init__(  # noqa: PLR0913 - each is a thing of its own
        self,
        role: str,
        ports: Sequence[PortRule],
        settings: Settings,
        previous: PreviousState,
        *,
        vpc_id: pulumi.Input[str],
        members: pulumi.Output[str] | None,
        tags: Mapping[str, str],
        within: bool = False,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Register a security group and its rules.

        Args:
            role: whose port table it is, such as `base`; begins the names of resources.
            ports: the port table.
            settings: gives the subnet, the networks for SSH and the port for users.
            previous: what is deployed; rules of a chosen port once had the default one's name.
            vpc_id: the VPC of the group.
            members: the group of all that is of the cluster, where others are in its network.
            tags: tags that every resource carries.
            within: whether it's for what is between members alone: who comes from elsewhere, and
                what else goes out, is for another group to say.
            opts: options of the component.
        """
        super().__init__("openvidu-enterprise:index:Firewall", f"{role}-firewall", None, opts)
        child = pulumi.ResourceOptions(parent=self)
        named = {
            **tags,
            "Name": f"{tags['project']}-{tags['stack']}-{role}",
            "role": role,
        }
        group = aws.ec2.SecurityGroup(
            f"{role}-security-group",
            vpc_id=vpc_id,
            description=f"OpenVidu Enterprise {role}",
            tags=named,
            opts=child,
        )
        self.security_group_id = group.id
        self.rules = []
        if within:
            ports = [one for one in ports if one.source is Source.CLUSTER]
        for entry in inbound(ports, settings):
            once = previous.once_named(f"{role}-{entry.plain_name}", entry.rule.first)
            self.rules.append(
                self._let_in(entry, members, named, pulumi.ResourceOptions.merge(child, once))
            )
        outbound = {"outbound-to-cluster": _MEMBERS} if within else _OUTBOUND
        self.rules += [
            self._let_out(name, cidr, members, named, child) for name, cidr in outbound.items()
        ]
        self.groups = [group.id, *([members] if members else [])]
        self.register_outputs({"securityGroupId": group.id})

    def _let_in(
        self,
        entry: Inbound,
        members: pulumi.Output[str] | None,
        named: Mapping[str, str],
        opts: pulumi.ResourceOptions,
    ) -> pulumi.Resource:
        return aws.vpc.SecurityGroupIngressRule(
            f"{named['role']}-{entry.name}",
            security_group_id=self.security_group_id,
            cidr_ipv4=_if_version(4, entry.cidr),
            cidr_ipv6=_if_version(6, entry.cidr),
            referenced_security_group_id=members if entry.cidr == _MEMBERS else None,
            ip_protocol=entry.rule.protocol,
            from_port=entry.rule.first,
            to_port=entry.rule.last,
            description=entry.rule.purpose,
            tags={**named, "Name": f"{named['Name']}-{entry.name}"},
            opts=opts,
        )

    def _let_out(
        self,
        name: str,
        cidr: str,
        members: pulumi.Output[str] | None,
        named: Mapping[str, str],
        opts: pulumi.ResourceOptions,
    ) -> pulumi.Resource:
        return aws.vpc.SecurityGroupEgressRule(
            f"{named['role']}-{name}",
            security_group_id=self.security_group_id,
            cidr_ipv4=_if_version(4, cidr),
            cidr_ipv6=_if_version(6, cidr),
            referenced_security_group_id=members if cidr == _MEMBERS else None,
            ip_protocol="-1",
            description="All outbound traffic" if cidr else "To all of the cluster",
            tags={**named, "Name": f"{named['Name']}-{name}"},
            opts=opts,
        )
