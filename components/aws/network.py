"""The cluster's network on AWS: one VPC with one public subnet.

Source: page, "Prerequisites": all machines in the same network, each with a public address.
"""

from __future__ import annotations

from collections.abc import Mapping

import pulumi
import pulumi_aws as aws

from components.settings import Settings


class Network(pulumi.ComponentResource):
    """VPC, subnet, internet gateway and routes.

    Attributes:
        vpc_id: id of the VPC.
        subnet_id: id of the cluster's subnet.
        internet: what an address that the internet reaches depends on.
    """

    vpc_id: pulumi.Output[str]
    subnet_id: pulumi.Output[str]
    internet: aws.ec2.RouteTableAssociation

    def __init__(
        self,
        settings: Settings,
        *,
        availability_zone: str,
        tags: Mapping[str, str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Register the network.

        Args:
            settings: gives the subnet.
            availability_zone: a zone that has the wanted instance types.
            tags: tags that every resource carries.
            opts: options of the component.
        """
        super().__init__("openvidu-enterprise:index:Network", "network", None, opts)
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
        # Where types are offered may change; that must not replace a network in use.
        subnet = aws.ec2.Subnet(
            "subnet",
            vpc_id=vpc.id,
            cidr_block=str(settings.subnet_cidr),
            availability_zone=availability_zone,
            tags=named,
            opts=pulumi.ResourceOptions(parent=self, ignore_changes=["availabilityZone"]),
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
        self.internet = aws.ec2.RouteTableAssociation(
            "subnet-routes",
            subnet_id=subnet.id,
            route_table_id=routes.id,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[to_internet]),
        )
        self.vpc_id = vpc.id
        self.subnet_id = subnet.id
        self.register_outputs({"vpcId": vpc.id, "subnetId": subnet.id})
