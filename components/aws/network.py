"""The cluster's network on AWS: one VPC with a public subnet, or several in several zones.

Or one that existed, of which nothing is changed. Others have machines there, too: whoever is of the
cluster is told by a security group, and not by an address.

Source: page, "Prerequisites": all machines in the same network, each with a public address.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.settings.table import Settings


@dataclass(frozen=True)
class _Subnet:
    """A subnet's id, and what leads from there to the internet."""

    id: pulumi.Output[str]
    way_out: pulumi.Resource


class Network(pulumi.ComponentResource):
    """VPC, subnets, internet gateway and routes; in a network that existed none of them.

    Attributes:
        vpc_id: id of the VPC.
        subnet_ids: ids of the subnets of machines, one for each zone.
        service_subnet_ids: those of AWS's services, likewise; empty where there are none.
        internet: for each subnet of machines, what an address that the internet reaches depends
            on.
        gateway: what a public load balancer needs to be there.
        members: in a network that existed, the security group of all that is of the cluster; None
            in one of our own, where nobody else is.
    """

    vpc_id: pulumi.Output[str]
    subnet_ids: Sequence[pulumi.Output[str]]
    service_subnet_ids: Sequence[pulumi.Output[str]]
    internet: Sequence[Sequence[pulumi.Resource]]
    gateway: Sequence[pulumi.Resource]
    members: pulumi.Output[str] | None

    def __init__(
        self,
        settings: Settings,
        *,
        zones: Sequence[str],
        tags: Mapping[str, str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Register the network.

        Args:
            settings: gives the networks.
            zones: an availability zone for each subnet of machines.
            tags: tags that every resource carries.
            opts: options of the component.
        """
        super().__init__("openvidu-enterprise:index:Network", "network", None, opts)
        if settings.subnet_ids:
            self._take(settings.vpc_id or "", settings.subnet_ids, tags)
        else:
            self._make(settings, zones, tags)
        # What a deployed stack is compared with: see `components.previous_state`.
        self.register_outputs(
            {
                "vpcId": self.vpc_id,
                "subnetIds": self.subnet_ids,
                "kmsKeyId": settings.kms_key_id,
            }
        )

    def _take(self, vpc_id: str, subnet_ids: Sequence[str], tags: Mapping[str, str]) -> None:
        """Take an owner's network as it is."""
        self.vpc_id = pulumi.Output.from_input(vpc_id)
        self.subnet_ids = [pulumi.Output.from_input(one) for one in subnet_ids]
        self.service_subnet_ids = self.subnet_ids
        self.internet = [()] * len(subnet_ids)
        self.gateway = ()
        group = aws.ec2.SecurityGroup(
            "cluster-security-group",
            vpc_id=vpc_id,
            description="OpenVidu Enterprise cluster: whoever is of it",
            tags={**tags, "Name": f"{tags['project']}-{tags['stack']}-cluster", "role": "cluster"},
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.members = group.id

    def _make(self, settings: Settings, zones: Sequence[str], tags: Mapping[str, str]) -> None:
        """Make one."""
        child = pulumi.ResourceOptions(parent=self)
        named = {**tags, "Name": f"{tags['project']}-{tags['stack']}"}
        vpc = aws.ec2.Vpc(
            "vpc",
            cidr_block=str(settings.subnet_cidr),
            enable_dns_support=True,
            enable_dns_hostnames=True,
            tags=named,
            opts=child,
        )
        gateway = aws.ec2.InternetGateway("internet-gateway", vpc_id=vpc.id, tags=named, opts=child)
        routes = aws.ec2.RouteTable("routes", vpc_id=vpc.id, tags=named, opts=child)
        to_internet = aws.ec2.Route(
            "route-to-internet",
            route_table_id=routes.id,
            destination_cidr_block="0.0.0.0/0",
            gateway_id=gateway.id,
            opts=child,
        )

        def subnet(name: str, block: ipaddress.IPv4Network, zone: str) -> _Subnet:
            made = aws.ec2.Subnet(
                name,
                vpc_id=vpc.id,
                cidr_block=str(block),
                availability_zone=zone,
                tags=named if name == "subnet" else {**named, "Name": f"{named['Name']}-{name}"},
                # A network in use stays where it is.
                opts=pulumi.ResourceOptions(parent=self, ignore_changes=["availabilityZone"]),
            )
            association = aws.ec2.RouteTableAssociation(
                f"{name}-routes",
                subnet_id=made.id,
                route_table_id=routes.id,
                opts=pulumi.ResourceOptions(parent=self, depends_on=[to_internet]),
            )
            return _Subnet(made.id, association)

        blocks = settings.node_networks
        names = ["subnet"] if len(blocks) == 1 else [f"subnet-{n + 1}" for n in range(len(blocks))]
        of_machines = list(map(subnet, names, blocks, zones))
        of_services = [
            subnet(f"services-{name}", block, zone)
            for name, block, zone in zip(names, settings.service_networks, zones, strict=False)
        ]
        self.vpc_id = vpc.id
        self.subnet_ids = [one.id for one in of_machines]
        self.service_subnet_ids = [one.id for one in of_services]
        self.gateway = [gateway]
        self.internet = [[one.way_out] for one in of_machines]
        self.members = None
