"""Machines that exist before the program runs: what `machines: existing` is tried on.

They are instances of the fake AWS too, started as their owner would have, with the page's ports and
without a key pair of the stack. The program is told their addresses and SSH host keys, no more.

Runs in the lab's root namespace:
python -m lab.existing base 10.5.0.0/24 10.5.0.5 10.5.0.6 < SSH-KEY.pub
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any

import boto3

from lab.cloud.facts import API_URL, OPERATOR_ADDRESS
from openvidu.ports import PortRule, Source
from openvidu.roles import Role, role_of
from scripts.host_key import host_key

NAME = "existing"
"""First part of the machines' names: `existing-base`, `existing-node-1`."""
_TYPE = "c5.2xlarge"
_REGION = "eu-west-1"
_BOOT_SECONDS = 120.0


def main(
    first: str, network: str, addresses: Sequence[str], public_key: str
) -> list[dict[str, str]]:
    """Start the machines that aren't there yet; returns what goes into `hosts`.

    Args:
        first: what the first machine is for, `base` or `master`; the others are nodes.
        network: the machines' network, as `10.5.0.0/24`.
        addresses: their private addresses.
        public_key: may log in.
    """
    ec2 = boto3.client(
        "ec2",
        region_name=_REGION,
        endpoint_url=API_URL,
        aws_access_key_id="lab",
        aws_secret_access_key="lab",  # noqa: S106 - the fake AWS takes any
    )
    there = {one["PrivateIpAddress"]: one for one in _running(ec2)}
    names = [first, *(f"node-{place}" for place in range(1, len(addresses)))]
    if addresses[0] not in there:
        _prepare(ec2, network, public_key, {role_of(name).name: role_of(name) for name in names})
    for name, address in zip(names, addresses, strict=True):
        if address not in there:
            _launch(ec2, name, address)
    return [_described(ec2, address) for address in addresses]


def _prepare(ec2: Any, network: str, public_key: str, roles: Mapping[str, Role]) -> None:
    vpc = ec2.create_vpc(CidrBlock=network)["Vpc"]["VpcId"]
    ec2.create_subnet(VpcId=vpc, CidrBlock=network, AvailabilityZone=f"{_REGION}a")
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    mine = [{"Name": "vpc-id", "Values": [vpc]}]
    table = ec2.describe_route_tables(Filters=mine)["RouteTables"][0]["RouteTableId"]
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    ec2.import_key_pair(KeyName=NAME, PublicKeyMaterial=public_key)
    for name, role in roles.items():
        group = ec2.create_security_group(
            GroupName=f"{NAME}-{name}", Description=f"of the {name}", VpcId=vpc
        )["GroupId"]
        rules = [_permission(rule, network) for rule in role.ports]
        ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=rules)


def _permission(rule: PortRule, network: str) -> dict[str, Any]:
    source = {
        Source.WORLD: "0.0.0.0/0",
        Source.CLUSTER: network,
        Source.OPERATORS: f"{OPERATOR_ADDRESS}/32",
    }[rule.source]
    return {
        "IpProtocol": rule.protocol,
        "FromPort": rule.first,
        "ToPort": rule.last,
        "IpRanges": [{"CidrIp": source}],
    }


def _launch(ec2: Any, name: str, address: str) -> None:
    role = role_of(name).name
    groups = [{"Name": "group-name", "Values": [f"{NAME}-{role}"]}]
    group = ec2.describe_security_groups(Filters=groups)["SecurityGroups"][0]
    subnets = [{"Name": "vpc-id", "Values": [group["VpcId"]]}]
    subnet = ec2.describe_subnets(Filters=subnets)["Subnets"][0]["SubnetId"]
    interface = ec2.create_network_interface(
        SubnetId=subnet, Groups=[group["GroupId"]], PrivateIpAddress=address
    )["NetworkInterface"]["NetworkInterfaceId"]
    elastic = ec2.allocate_address(Domain="vpc")["AllocationId"]
    ec2.associate_address(AllocationId=elastic, NetworkInterfaceId=interface)
    tags = [{"Key": "Name", "Value": f"{NAME}-{name}"}, {"Key": "role", "Value": role}]
    ec2.run_instances(
        ImageId=ec2.describe_images(Owners=["099720109477"])["Images"][0]["ImageId"],
        InstanceType=_TYPE,
        KeyName=NAME,
        MinCount=1,
        MaxCount=1,
        NetworkInterfaces=[{"NetworkInterfaceId": interface, "DeviceIndex": 0}],
        TagSpecifications=[{"ResourceType": "instance", "Tags": tags}],
    )


def _running(ec2: Any) -> list[dict[str, Any]]:
    states = [{"Name": "instance-state-name", "Values": ["pending", "running", "stopped"]}]
    found = ec2.describe_instances(Filters=states)["Reservations"]
    return [one for reservation in found for one in reservation["Instances"]]


def _described(ec2: Any, address: str) -> dict[str, str]:
    """A machine as `hosts` names it; waits until it has booted once."""
    machine = next(one for one in _running(ec2) if one["PrivateIpAddress"] == address)
    limit = time.monotonic() + _BOOT_SECONDS
    while True:
        console = ec2.get_console_output(InstanceId=machine["InstanceId"], Latest=True)
        if key := host_key(console.get("Output", "")):
            break
        if time.monotonic() > limit:
            raise TimeoutError(f"{address} shows no SSH host key on its console")
        time.sleep(0.2)
    addresses = ec2.describe_addresses()["Addresses"]
    public = next(one for one in addresses if one.get("PrivateIpAddress") == address)
    return {"publicIp": public["PublicIp"], "privateIp": address, "hostKey": key}


if __name__ == "__main__":
    json.dump(main(sys.argv[1], sys.argv[2], sys.argv[3:], sys.stdin.read().strip()), sys.stdout)
