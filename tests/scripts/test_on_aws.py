"""Instances of a cluster that was made by hand, named by ids and tags."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from scripts.adopting import on_aws
from scripts.pulumi_cli import PulumiError


class Account:
    """An account with instances in a public subnet."""

    def __init__(self) -> None:
        self.ec2: Any = boto3.client("ec2", region_name="eu-west-1")
        # Of its own: those that moto has from the start may be gone after another test.
        self.image = self.ec2.register_image(Name="ubuntu")["ImageId"]
        self.subnet = self.subnet_of("10.20.0.0/16")

    def subnet_of(self, block: str) -> str:
        vpc = self.ec2.create_vpc(CidrBlock=block)["Vpc"]["VpcId"]
        made = self.ec2.create_subnet(VpcId=vpc, CidrBlock=block)["Subnet"]
        return str(made["SubnetId"])

    def starts(self, role: str, ip: str, *, public: bool = True, subnet: str = "") -> str:
        interface = {
            "DeviceIndex": 0,
            "SubnetId": subnet or self.subnet,
            "PrivateIpAddress": ip,
            "AssociatePublicIpAddress": public,
        }
        tags = [{"Key": "role", "Value": role}]
        made = self.ec2.run_instances(
            ImageId=self.image,
            InstanceType="c5.2xlarge",
            MinCount=1,
            MaxCount=1,
            NetworkInterfaces=[interface],
            TagSpecifications=[{"ResourceType": "instance", "Tags": tags}],
        )
        return str(made["Instances"][0]["InstanceId"])

    def find(self, *words: str) -> list[on_aws.Instance]:
        return on_aws.find(self.ec2, words)

    def problems(self, *words: str) -> str:
        with pytest.raises(PulumiError) as caught:
            self.find(*words)
        return str(caught.value)


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        yield Account()


def test_nodes_of_a_tag_come_by_their_addresses_after_the_base(account: Account) -> None:
    account.starts("node", "10.20.0.10")
    second = account.starts("node", "10.20.0.9")
    base = account.starts("base", "10.20.0.20")
    elastic = account.ec2.allocate_address(Domain="vpc")["AllocationId"]
    account.ec2.associate_address(AllocationId=elastic, InstanceId=base)
    found = account.find("tag:role=node", f"base={base}", second)
    assert [one.private_ip for one in found] == ["10.20.0.20", "10.20.0.9", "10.20.0.10"]
    first = found[0]
    assert (first.id, first.address, first.subnet) == (base, elastic, account.subnet)
    assert first.interface.startswith("eni-")
    assert (found[1].address, found[1].type) == ("", "c5.2xlarge")


def test_all_that_is_wrong_is_told_at_once(account: Account) -> None:
    base = account.starts("base", "10.20.0.5")
    stopped = account.starts("node", "10.20.0.6")
    account.ec2.stop_instances(InstanceIds=[stopped])
    hidden = account.starts("hidden", "10.20.0.7", public=False)
    too = account.starts("hidden", "10.20.0.8", public=False)
    elsewhere = account.starts("node", "10.30.0.8", subnet=account.subnet_of("10.30.0.0/16"))
    words = (stopped, "tag:role=none", "tag:role=hidden", elsewhere, "node-1")
    told = account.problems(f"base={base}", *words)
    for problem in (
        f"{stopped}: AWS has no such instance that runs in this region",
        "tag:role=none: no instance that runs has it",
        f"tag:role=hidden: {hidden}, {too}: no public address",
        "node-1: must be an id, as i-0123456789abcdef0, or tag:KEY=VALUE",
        "the instances must be in one VPC, got",
        "Next: aws ec2 describe-instances",
    ):
        assert problem in told


def test_one_base_is_named_and_nodes(account: Account) -> None:
    for ip in ("10.20.0.5", "10.20.0.6"):
        account.starts("base", ip)
    told = account.problems("base=tag:role=base")
    assert "base=tag:role=base: must name one instance that runs, got i-" in told
    assert "must name one base and its nodes" in told
    base = account.starts("alone", "10.20.0.7")
    told = account.problems(f"base={base}", "tag:role=alone")
    assert f"no node is named beside the base, {base}" in told


@pytest.mark.parametrize(
    ("words", "are"),
    [
        (["base=i-0123456789abcdef0", "i-0123456789abcdef1"], True),
        (["base=203.0.113.5", "tag:role=node"], True),
        # What is too short is no host's name.
        (["base=i-0123", "i-0456"], True),
        (["base=203.0.113.5", "203.0.113.6"], False),
    ],
)
def test_instances_are_told_from_addresses(words: list[str], *, are: bool) -> None:
    assert on_aws.are_of_aws(words) is are
