"""The network that an operator has before the program runs, for an example that names one.

It's in use: of each subnet somebody has the addresses that a network of the program's own would
give to its machines.

Runs in the lab's root namespace:
python -m lab.operators_network 2
"""

from __future__ import annotations

import json
import sys
from typing import Any

import boto3

from lab.cloud.facts import API_URL

NETWORK = "10.20.0.0/16"
_REGION = "eu-west-1"
_ZONES = "abc"
_TAGS = [{"Key": "Name", "Value": "owners"}]
_NEIGHBOURS = (5, 6)


def main(count: int) -> dict[str, Any]:
    """Make the network where it isn't there yet; returns what goes into the configuration.

    Args:
        count: how many subnets, each in another zone.
    """
    ec2: Any = boto3.client(
        "ec2",
        region_name=_REGION,
        endpoint_url=API_URL,
        aws_access_key_id="owner",
        aws_secret_access_key="lab",  # noqa: S106 - the fake AWS takes any
    )
    named = [{"Name": "tag:Name", "Values": ["owners"]}]
    if vpcs := ec2.describe_vpcs(Filters=named)["Vpcs"]:
        mine = [{"Name": "vpc-id", "Values": [vpcs[0]["VpcId"]]}]
        subnets = sorted(
            ec2.describe_subnets(Filters=mine)["Subnets"], key=lambda one: one["CidrBlock"]
        )
        return {"vpcId": vpcs[0]["VpcId"], "subnetIds": [one["SubnetId"] for one in subnets]}
    vpc = ec2.create_vpc(
        CidrBlock=NETWORK,
        TagSpecifications=[{"ResourceType": "vpc", "Tags": _TAGS}],
    )["Vpc"]["VpcId"]
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    mine = [{"Name": "vpc-id", "Values": [vpc]}]
    # The main table: most owners' public subnets have it without an association of their own.
    table = ec2.describe_route_tables(Filters=mine)["RouteTables"][0]["RouteTableId"]
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    return {"vpcId": vpc, "subnetIds": [_subnet(ec2, vpc, place) for place in range(count)]}


def _subnet(ec2: Any, vpc: str, place: int) -> str:
    subnet: str = ec2.create_subnet(
        VpcId=vpc, CidrBlock=f"10.20.{place}.0/24", AvailabilityZone=f"{_REGION}{_ZONES[place]}"
    )["Subnet"]["SubnetId"]
    for last in _NEIGHBOURS:
        ec2.create_network_interface(SubnetId=subnet, PrivateIpAddress=f"10.20.{place}.{last}")
    return subnet


if __name__ == "__main__":
    json.dump(main(int(sys.argv[1])), sys.stdout)
