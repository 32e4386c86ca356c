from __future__ import annotations

import pytest
from mypy_boto3_ec2 import EC2Client

from lab.providers.aws.diff import Effect, differences
from lab.providers.aws.resources import RESOURCE_TYPES
from lab.providers.aws.schema import State
from lab.providers.base import UNKNOWN
from lab.tests.providers.aws.driver import Driver
from lab.tests.providers.aws.world import OTHER_PUBLIC_KEY, PUBLIC_KEY, World

INSTANCE = RESOURCE_TYPES["aws:ec2/instance:Instance"]
RULE = RESOURCE_TYPES["aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"]
KEY = "aws:ec2/keyPair:KeyPair"


def changes(old: State, new: State) -> dict[str, tuple[Effect, bool]]:
    found = differences(INSTANCE, old, new)
    return {each.path: (each.effect, each.replaces) for each in found}


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ({"keyName": "a"}, {}, {}),
        ({"keyName": "a"}, {"keyName": UNKNOWN}, {"keyName": (Effect.UPDATE, True)}),
        ({"userData": "a"}, {"userData": "b"}, {"userData": (Effect.UPDATE, False)}),
        (
            {"userData": "a"},
            {"userData": "b", "userDataReplaceOnChange": True},
            {
                "userData": (Effect.UPDATE, True),
                "userDataReplaceOnChange": (Effect.ADD, False),
            },
        ),
        (
            {"rootBlockDevice": {"volumeSize": 8, "encrypted": False}},
            {"rootBlockDevice": {"volumeSize": 100, "encrypted": True}},
            {
                "rootBlockDevice.volumeSize": (Effect.UPDATE, False),
                "rootBlockDevice.encrypted": (Effect.ADD, True),
            },
        ),
        (
            {"tags": {"a": "1", "b": "2", "c": "3"}},
            {"tags": {"a": "1", "b": "9", "x/y": "4"}},
            {
                "tags.b": (Effect.UPDATE, False),
                "tags.c": (Effect.DELETE, False),
                'tags["x/y"]': (Effect.ADD, False),
            },
        ),
        ({"vpcSecurityGroupIds": ["sg-1", "sg-2"]}, {"vpcSecurityGroupIds": ["sg-2", "sg-1"]}, {}),
        ({"monitoring": True}, {"monitoring": False}, {"monitoring": (Effect.UPDATE, False)}),
        (
            {"networkInterfaces": [{"networkInterfaceId": "eni-1", "deviceIndex": 0}]},
            {"networkInterfaces": [{"networkInterfaceId": "eni-2", "deviceIndex": 0}]},
            {"networkInterfaces[0].networkInterfaceId": (Effect.UPDATE, True)},
        ),
        ({"volumeTags": {"a": "1"}}, {}, {"volumeTags": (Effect.DELETE, False)}),
    ],
)
def test_changes_are_found_where_they_are(
    old: State, new: State, expected: dict[str, tuple[Effect, bool]]
) -> None:
    assert changes(old, new) == expected


@pytest.mark.parametrize(("old", "new"), [("tcp", "6"), ("-1", "all")])
def test_a_protocol_by_its_number_is_a_change_of_its_name(old: str, new: str) -> None:
    (change,) = differences(RULE, {"ipProtocol": old}, {"ipProtocol": new})
    assert (change.path, change.replaces) == ("ipProtocol", False)


def test_port_zero_is_a_port() -> None:
    assert [each.path for each in differences(RULE, {}, {"fromPort": 0})] == ["fromPort"]


def test_a_name_that_is_wanted_again_is_freed_first(aws: Driver) -> None:
    named = aws.create(KEY, "operator", publicKey=PUBLIC_KEY, keyName="the-only-one")
    diff = aws.diff(named, publicKey=OTHER_PUBLIC_KEY, keyName="the-only-one")
    assert diff.replaces == {"publicKey"}
    assert diff.deletes_first
    assert not aws.diff(named, publicKey=OTHER_PUBLIC_KEY).deletes_first
    aws.delete(named)


def test_a_made_name_is_not_freed_first(aws: Driver) -> None:
    named = aws.create(KEY, "automatic", publicKey=PUBLIC_KEY)
    diff = aws.diff(named, publicKey=OTHER_PUBLIC_KEY)
    assert diff.replaces == {"publicKey"}
    assert not diff.deletes_first
    aws.delete(named)


def test_ignored_properties_do_not_differ(aws: Driver, world: World) -> None:
    subnet = {"vpcId": world.vpc, "cidrBlock": "10.5.9.0/24"}
    resource = aws.create("aws:ec2/subnet:Subnet", "s", **subnet, tags={"a": "1"})
    wanted = {"vpcId": world.vpc, "cidrBlock": "10.5.10.0/24", "tags": {"a": "2"}}
    ignored = aws.diff(resource, ("cidrBlock", "tags.a", "tagsAll"), **wanted)
    assert ignored.paths == set()
    aws.delete(resource)


def test_what_was_changed_behind_pulumis_back_shows_after_a_refresh(
    aws: Driver, ec2: EC2Client
) -> None:
    wanted = {"cidrBlock": "10.11.0.0/16", "enableDnsHostnames": True, "tags": {"Name": "net"}}
    resource = aws.create("aws:ec2/vpc:Vpc", "net", **wanted)
    ec2.modify_vpc_attribute(VpcId=resource.id, EnableDnsHostnames={"Value": False})
    ec2.create_tags(Resources=[resource.id], Tags=[{"Key": "by", "Value": "hand"}])
    assert aws.diff(resource, **wanted).paths == set()

    seen = aws.read(resource)
    assert seen is not None
    assert seen.inputs["enableDnsHostnames"] is False
    assert seen.inputs["tags"] == {"Name": "net", "by": "hand"}
    assert aws.diff(seen, **wanted).paths == {"enableDnsHostnames", "tags.by", "tagsAll.by"}

    aws.update(seen, **wanted)
    assert ec2.describe_tags(Filters=[{"Name": "key", "Values": ["by"]}])["Tags"] == []
    aws.delete(seen)
