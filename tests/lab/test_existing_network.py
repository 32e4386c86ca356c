"""A cluster in a network that others have: up, scaled and removed, and the network as before."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.lab.conftest import Lab, deployed

pytestmark = [pytest.mark.lab, pytest.mark.matrix, pytest.mark.xdist_group("existing-network")]

THEIRS = ["10.20.0.5", "10.20.0.6", "10.20.1.5", "10.20.1.6"]
ASK = """
import boto3, json
ec2 = boto3.client("ec2", region_name="eu-west-1")
vpc = ec2.describe_vpcs(Filters=[{"Name": "tag:Name", "Values": ["owners"]}])["Vpcs"][0]
mine = [{"Name": "vpc-id", "Values": [vpc["VpcId"]]}]
attached = [{"Name": "attachment.vpc-id", "Values": [vpc["VpcId"]]}]
subnets = ec2.describe_subnets(Filters=mine)["Subnets"]
for one in subnets:
    del one["AvailableIpAddressCount"]
interfaces = ec2.describe_network_interfaces(Filters=mine)["NetworkInterfaces"]
alarms = boto3.client("cloudwatch", region_name="eu-west-1").describe_alarms()["MetricAlarms"]
groups = ec2.describe_security_groups(Filters=mine)["SecurityGroups"]
print(json.dumps({
    "network": [
        vpc,
        subnets,
        ec2.describe_route_tables(Filters=mine)["RouteTables"],
        ec2.describe_internet_gateways(Filters=attached)["InternetGateways"],
    ],
    "addresses": sorted(one["PrivateIpAddress"] for one in interfaces),
    "groups": sorted(one["GroupName"] for one in groups),
    "alarms": sorted(one["AlarmName"] for one in alarms),
}, default=str))
"""


def asked(lab: Lab) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(lab.ok("run", "--", "python", "-c", ASK))
    return found


def addresses(lab: Lab) -> dict[str, str]:
    hosts = lab.json("status", "--json")["hosts"]
    return {name: host["privateIp"] for name, host in hosts.items() if host["running"]}


@pytest.mark.parametrize(
    ("example", "main"),
    [("existing-network", "base"), ("existing-network-managed", "bastion")],
)
def test_a_cluster_lives_in_a_network_of_others_and_leaves_it_as_it_was(
    example: str, main: str
) -> None:
    machines = {main: "10.20.0.4", "node-1": "10.20.0.7", "node-2": "10.20.1.4"}
    with deployed("network", "--example", example) as lab:
        up = asked(lab)
        assert addresses(lab) == machines
        # The neighbours have theirs.
        assert up["addresses"] == sorted([*THEIRS, *machines.values()])
        assert lab.json("status", "--json")["health"]["clusterStatus"] == "UP"
        assert set(lab.json("preview", "--json")["changeSummary"]) == {"same"}
        lab.ok("config", "set", "alarmEmail", "operators@example.io")
        lab.ok("scale", "3")
        alarms = asked(lab)["alarms"]
        for name in (f"{main}-host", f"{main}-machine", "node-3-host", "node-3-machine"):
            assert any(one.endswith(f"-{name}") for one in alarms), alarms
        assert addresses(lab) == {**machines, "node-3": "10.20.0.8"}
        lab.ok("scale", "1")
        assert addresses(lab) == {main: "10.20.0.4", "node-1": "10.20.0.7"}
        lab.ok("destroy")
        down = asked(lab)
    assert down["network"] == up["network"]
    assert down["addresses"] == THEIRS
    assert down["groups"] == ["default"]
    assert down["alarms"] == []
