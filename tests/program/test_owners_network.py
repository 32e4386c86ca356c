"""A network that existed: looked at before anything is registered, and then left as it is."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import Any

import boto3
import pytest
from moto import mock_aws

from components.settings.mistakes import ConfigurationError
from components.settings.read import read
from components.settings.table import Settings
from tests.program.conftest import SECRETS, example
from tests.program.test_cluster import INSTANCE_TYPES, RULE, Recorder, deploy
from tests.program.test_managed import Cloud

INTERFACE = "aws:ec2/networkInterface:NetworkInterface"
GROUP = "aws:ec2/securityGroup:SecurityGroup"
ROUTE = {"DestinationCidrBlock": "0.0.0.0/0"}
MADE = ("ec2/vpc:", "subnet:", "internetGateway:", "ec2/route:", "routeTable")
MANAGED = {
    "shape": "ha-managed",
    "certificateType": "acm",
    "hostedZoneId": "Z1",
    "elasticsearchPassword": "Secret-of-search-1",
}


@dataclass
class Owner:
    """Who has a VPC with two public subnets, and machines of their own in there."""

    ec2: Any
    vpc: str
    table: str
    gateway: str
    subnets: list[str]

    @classmethod
    def of_two_subnets(cls, *blocks: str) -> Owner:
        ec2: Any = boto3.client("ec2", region_name="eu-west-1")
        vpc = ec2.create_vpc(CidrBlock="10.20.0.0/16")["Vpc"]["VpcId"]
        gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
        mine = [{"Name": "vpc-id", "Values": [vpc]}]
        table = ec2.describe_route_tables(Filters=mine)["RouteTables"][0]["RouteTableId"]
        ec2.create_route(RouteTableId=table, GatewayId=gateway, **ROUTE)
        owner = cls(ec2, vpc, table, gateway, [])
        for place, block in enumerate(blocks or ("10.20.1.0/24", "10.20.2.0/24")):
            owner.adds_subnet(block, "ab"[place % 2])
        return owner

    def adds_subnet(self, block: str, zone: str = "a") -> str:
        made = self.ec2.create_subnet(
            VpcId=self.vpc, CidrBlock=block, AvailabilityZone=f"eu-west-1{zone}"
        )
        self.subnets.append(made["Subnet"]["SubnetId"])
        return self.subnets[-1]

    def has(self, *addresses: str, subnet: int = 0) -> None:
        for address in addresses:
            self.ec2.create_network_interface(
                SubnetId=self.subnets[subnet], PrivateIpAddress=address
            )

    @property
    def config(self) -> dict[str, str]:
        return {"vpcId": self.vpc, "subnetIds": json.dumps(self.subnets)}


@pytest.fixture
def owner(monkeypatch: pytest.MonkeyPatch) -> Iterator[Owner]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    monkeypatch.setitem(INSTANCE_TYPES, "t3.small", (2, 2048, ["x86_64"]))
    with mock_aws():
        yield Owner.of_two_subnets()


def addresses(recorder: Recorder) -> dict[str, tuple[str, str]]:
    """Subnet and address by machine."""
    return {
        name.removesuffix("-interface"): (one["subnetId"], one["privateIps"][0])
        for name, one in recorder.of_type(INTERFACE).items()
    }


def with_machines(known: Mapping[str, str], owner: Owner) -> Recorder:
    """A stack that has machines in the owner's network."""
    recorder = Recorder()
    urn = "urn:pulumi:dev::openvidu-enterprise"
    for name, address in known.items():
        recorder.state |= {
            f"{urn}::{INTERFACE}::{name}-interface": {"outputs": {"privateIp": address}},
            f"{urn}::aws:ec2/eip:Eip::{name}-address": {"outputs": {"allocationId": name}},
        }
    kind = "openvidu-enterprise:index:Network"
    outputs = {"vpcId": owner.vpc, "subnetIds": owner.subnets}
    recorder.state[f"{urn}::{kind}::network"] = {"type": kind, "outputs": outputs}
    return recorder


def problems(config: Mapping[str, str], recorder: Recorder | None = None) -> list[str]:
    recorder = recorder or Recorder()
    with pytest.raises(ConfigurationError) as caught:
        deploy(dict(config), recorder=recorder)
    assert not recorder.registered
    return [f"{one.key}: {one.problem}" for one in caught.value.mistakes]


def test_machines_have_addresses_that_nobody_else_has(config: dict[str, str], owner: Owner) -> None:
    owner.has("10.20.1.4", "10.20.1.6")
    owner.has("10.20.2.4", subnet=1)
    first, second = owner.subnets
    assert addresses(deploy({**config, **owner.config, "nodeCount": "3"})) == {
        "base": (first, "10.20.1.5"),
        "node-1": (first, "10.20.1.7"),
        "node-2": (second, "10.20.2.5"),
        "node-3": (first, "10.20.1.8"),
    }


def test_an_address_that_a_machine_has_stays(config: dict[str, str], owner: Owner) -> None:
    known = {"base": "10.20.1.9", "node-1": "10.20.1.12", "node-2": "10.20.2.30"}
    # These are the stack's own, and lower ones have become free.
    owner.has("10.20.1.9", "10.20.1.12")
    recorder = with_machines(known, owner)
    found = addresses(deploy({**config, **owner.config, "nodeCount": "3"}, recorder=recorder))
    assert {name: found[name][1] for name in known} == known
    assert found["node-3"][1] == "10.20.1.4"


def test_prefixes_that_a_machine_of_others_has_are_left_to_it(
    config: dict[str, str], owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    from components.aws import owners_lookup  # noqa: PLC0415

    asked = owners_lookup.ask

    def with_prefix(settings: Settings, region: str | None) -> Any:
        found = asked(settings, region)
        # moto has none.
        prefixes = [{"Ipv4Prefixes": [{"Ipv4Prefix": "10.20.1.0/28"}]}]
        return type(found)(**{**vars(found), "interfaces": prefixes})

    monkeypatch.setattr(owners_lookup, "ask", with_prefix)
    assert addresses(deploy({**config, **owner.config}))["base"][1] == "10.20.1.16"


@pytest.mark.parametrize("shape", ["ha", "single-master", "ha-managed"])
def test_nothing_of_the_network_is_made_or_changed(
    config: dict[str, str], owner: Owner, shape: str
) -> None:
    if shape == "single-master":
        owner.subnets.pop()
    own = MANAGED if shape == "ha-managed" else {"shape": shape}
    recorder = deploy({**config, **own, **owner.config}, recorder=Cloud())
    assert not [one.typ for one in recorder.registered if any(kind in one.typ for kind in MADE)]
    groups = recorder.of_type(GROUP)
    assert {one["vpcId"] for one in groups.values()} == {owner.vpc}
    assert {one["availabilityZone"] for one in volumes(recorder)} <= {"eu-west-1a"}
    for balancer in recorder.of_type("aws:lb/loadBalancer:LoadBalancer").values():
        assert balancer["subnets"] == owner.subnets
        assert "cluster-security-group-id" in balancer["securityGroups"]


def volumes(recorder: Recorder) -> list[Mapping[str, Any]]:
    return [*recorder.of_type("aws:ebs/volume:Volume").values()]


@pytest.mark.parametrize("shape", ["ha", "ha-managed"])
def test_others_in_the_network_reach_nothing_of_the_cluster(
    config: dict[str, str], owner: Owner, shape: str
) -> None:
    own = MANAGED if shape == "ha-managed" else {}
    recorder = deploy({**config, **own, **owner.config}, recorder=Cloud())
    rules = recorder.of_type(RULE)
    assert not [one for one in rules.values() if str(one.get("cidrIpv4")).startswith("10.")]
    within = {name: one for name, one in rules.items() if name.endswith("-from-cluster")}
    assert any(name.endswith("redis-from-cluster") for name in within)
    assert {one["referencedSecurityGroupId"] for one in within.values()} == {
        "cluster-security-group-id"
    }
    for interface in recorder.of_type(INTERFACE).values():
        assert "cluster-security-group-id" in interface["securityGroups"]


def test_media_nodes_reach_their_master(config: dict[str, str], owner: Owner) -> None:
    owner.subnets.pop()
    master = {"shape": "single-master", "mediaNodes": json.dumps(["10.20.9.7"])}
    rules = deploy({**config, **master, **owner.config}).of_type(RULE)
    assert rules["master-logstash-from-10.20.9.7/32"]["cidrIpv4"] == "10.20.9.7/32"


def test_all_that_is_wrong_with_a_network_is_told_at_once(
    config: dict[str, str], owner: Owner
) -> None:
    private = owner.ec2.create_route_table(VpcId=owner.vpc)["RouteTable"]["RouteTableId"]
    owner.ec2.associate_route_table(RouteTableId=private, SubnetId=owner.subnets[1])
    elsewhere = Owner.of_two_subnets().subnets[0]
    small = owner.adds_subnet("10.20.3.0/28")
    owner.has(*(f"10.20.3.{last}" for last in range(4, 15)), subnet=2)
    absent = "subnet-0123456789abcdef0"
    wrong = [*owner.subnets, elsewhere, absent]
    found = problems({**config, **owner.config, "subnetIds": json.dumps(wrong)})
    assert found[0].startswith(
        f"subnetIds: {wrong[1]} isn't public: 0.0.0.0/0 leads to nowhere in {private}; it needs a"
    )
    assert found[1].startswith(f"subnetIds: {elsewhere} is in vpc-")
    assert found[2] == f"subnetIds: {absent} isn't there"
    assert len(found) == 3
    # Addresses are looked at in subnets that suit.
    found = problems({**config, **owner.config, "subnetIds": json.dumps([small])})
    assert found == [
        f"subnetIds: {small} has 0 free addresses, but needs 3, for base, node-1, node-2"
    ]


def test_a_gateway_that_is_not_attached_is_no_way_out(config: dict[str, str], owner: Owner) -> None:
    owner.ec2.detach_internet_gateway(InternetGatewayId=owner.gateway, VpcId=owner.vpc)
    (first, _) = problems({**config, **owner.config})
    assert f"0.0.0.0/0 leads to {owner.gateway}" in first


def test_a_vpc_that_is_not_there_is_told_with_other_mistakes(
    config: dict[str, str], owner: Owner
) -> None:
    absent = {"vpcId": "vpc-0123456789abcdef0", "nodeInstanceType": "c5.large"}
    found = problems({**config, **owner.config, **absent})
    assert [one.partition(":")[0] for one in found] == ["nodeInstanceType", "vpcId"]


def test_aws_that_does_not_tell_ends_the_update(
    config: dict[str, str], owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    (told,) = problems({**config, **owner.config})
    assert told.startswith("vpcId: AWS doesn't say what exists there: ")
    assert "ec2:DescribeRouteTables" in told


def test_services_of_aws_need_addresses_too(config: dict[str, str], owner: Owner) -> None:
    owner.subnets[:] = []
    for place, zone in enumerate("ab"):
        owner.adds_subnet(f"10.20.{place + 4}.0/28", zone)
    found = problems({**config, **MANAGED, **owner.config})
    assert "has 11 free addresses, but needs 14, for bastion, node-1 and 12 for AWS's" in found[0]
    assert "needs 13, for node-2 and 12 for AWS's services" in found[1]


def test_a_load_balancer_takes_one_subnet_of_each_zone(
    config: dict[str, str], owner: Owner
) -> None:
    owner.subnets[1] = owner.adds_subnet("10.20.5.0/24", "a")
    owner.subnets.pop()
    (told,) = problems({**config, **MANAGED, **owner.config})
    assert told.startswith("subnetIds: are in eu-west-1a, eu-west-1a; a load balancer takes one")


def test_a_network_that_docker_takes_is_no_place_for_several_subnets(
    config: dict[str, str], owner: Owner
) -> None:
    owner.ec2.associate_vpc_cidr_block(VpcId=owner.vpc, CidrBlock="172.17.0.0/16")
    dockers = owner.adds_subnet("172.17.1.0/24")
    (told,) = problems({**config, **owner.config})
    assert told.startswith(f"subnetIds: {dockers} has 172.17.1.0/24, which machines in other")
    alone = {**owner.config, "subnetIds": json.dumps([dockers])}
    assert addresses(deploy({**config, **alone}))["base"] == (dockers, "172.17.1.4")


def test_types_are_looked_for_in_the_zones_of_the_subnets(
    config: dict[str, str], owner: Owner
) -> None:
    recorder = Recorder()
    recorder.offered["c5.4xlarge"] = ["eu-west-1c"]
    found = problems({**config, **owner.config, "nodeInstanceType": "c5.4xlarge"}, recorder)
    assert (
        "is c5.4xlarge, which isn't available in eu-west-1a, where this deployment is" in found[0]
    )


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        ({"vpcId": "vpc-1"}, ["vpcId: must be", "the id of a VPC"]),
        ({"vpcId": "vpc-1a2b3c4d"}, ["subnetIds: is missing"]),
        ({"subnetIds": '["subnet-1a2b3c4d"]'}, ["vpcId: is missing"]),
        (
            {"vpcId": "vpc-1a2b3c4d", "subnetIds": '["subnet-1a2b3c4d", "subnet-1a2b3c4d"]'},
            ["subnetIds: lists a subnet twice"],
        ),
        (
            {
                "vpcId": "vpc-1a2b3c4d",
                "subnetIds": '["subnet-1a2b3c4d"]',
                "subnetCidr": "10.6.0.0/24",
            },
            ["subnetCidr: is for a new network only"],
        ),
        (
            {**MANAGED, "vpcId": "vpc-1a2b3c4d", "subnetIds": '["subnet-1a2b3c4d"]'},
            ["subnetIds: must be 2 or 3 subnets, each in another zone, got 1"],
        ),
        (
            {
                **MANAGED,
                "vpcId": "vpc-1a2b3c4d",
                "subnetIds": '["subnet-1a2b3c4d", "subnet-1a2b3c4e"]',
                "availabilityZones": "3",
            },
            ["availabilityZones: is 3; with subnetIds"],
        ),
        (
            {
                "shape": "single-master",
                "vpcId": "vpc-1a2b3c4d",
                "subnetIds": '["subnet-1a2b3c4d", "subnet-1a2b3c4e"]',
            },
            ["subnetIds: must be one subnet for a single master, got 2"],
        ),
        (
            {"vpcId": "vpc-1a2b3c4d", "subnetIds": '["subnet-1a2b3c4d"]', "nodeCount": "0"},
            ["nodeCount: must be 1 or more, got 0"],
        ),
    ],
)
def test_keys_that_do_not_fit_together_are_refused(
    own: dict[str, str], expected: list[str]
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read({**example(), **own}, SECRETS)
    (mistake,) = caught.value.mistakes
    for text in expected:
        assert text in f"{mistake.key}: {mistake.problem}"


def test_a_stack_keeps_the_subnets_that_its_machines_are_in(
    config: dict[str, str], owner: Owner
) -> None:
    recorder = with_machines({"base": "10.20.1.5"}, owner)
    where = f"subnetIds: must begin with {owner.subnets[0]}, {owner.subnets[1]}, where"
    for other in (owner.subnets[::-1], owner.subnets[:1]):
        (told,) = problems({**config, **owner.config, "subnetIds": json.dumps(other)}, recorder)
        assert told.startswith(where)
    assert [one.partition(":")[0] for one in problems(config, recorder)] == ["vpcId", "subnetIds"]


def test_a_subnet_more_is_for_the_nodes_that_come(config: dict[str, str], owner: Owner) -> None:
    ips = {"base": "10.20.1.5", "node-1": "10.20.1.7", "node-2": "10.20.2.5", "node-3": "10.20.1.8"}
    recorder = with_machines(ips, owner)
    first, second = owner.subnets
    third = owner.adds_subnet("10.20.7.0/28")
    found = addresses(deploy({**config, **owner.config, "nodeCount": "5"}, recorder=recorder))
    assert found == {
        "base": (first, "10.20.1.5"),
        "node-1": (first, "10.20.1.7"),
        "node-2": (second, "10.20.2.5"),
        "node-3": (first, "10.20.1.8"),
        "node-4": (third, "10.20.7.4"),
        "node-5": (second, "10.20.2.4"),
    }


def test_a_stack_with_a_network_of_its_own_keeps_it(config: dict[str, str], owner: Owner) -> None:
    recorder = Recorder()
    for name, outputs in (
        ("vpc", {"cidrBlock": "10.5.0.0/24"}),
        ("base-address", {"allocationId": "eipalloc-1"}),
    ):
        recorder.state[f"urn:pulumi:dev::x::aws:any::{name}"] = {"outputs": outputs}
    found = problems({**config, **owner.config}, recorder)
    assert [one.partition(":")[0] for one in found] == ["vpcId", "subnetIds"]
    assert "are in a network of its own, and can't leave it" in found[0]


def test_addresses_are_free_ones_that_aws_gives_away(config: dict[str, str], owner: Owner) -> None:
    small = owner.adds_subnet("10.20.7.0/28")
    owner.subnets[:] = [small]
    found = addresses(deploy({**config, **owner.config, "nodeCount": "10"}))
    network = [*IPv4Network("10.20.7.0/28")]
    # AWS keeps the first four and the last.
    assert {one for _, one in found.values()} == {str(one) for one in network[4:15]}
    assert len(found) == 11
    full = problems({**config, **owner.config, "nodeCount": "11"})
    assert "has 11 free addresses, but needs 12" in full[0]
