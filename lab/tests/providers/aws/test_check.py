from __future__ import annotations

from typing import Any

import pytest

from lab.providers.base import UNKNOWN, Secret
from lab.tests.providers.aws.driver import CheckError, Driver
from lab.tests.providers.aws.world import PUBLIC_KEY

VPC = "aws:ec2/vpc:Vpc"
SUBNET = "aws:ec2/subnet:Subnet"
GROUP = "aws:ec2/securityGroup:SecurityGroup"
RULE = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
KEY = "aws:ec2/keyPair:KeyPair"
INTERFACE = "aws:ec2/networkInterface:NetworkInterface"
ADDRESS = "aws:ec2/eip:Eip"
INSTANCE = "aws:ec2/instance:Instance"
RECORD = "aws:route53/record:Record"

A_RULE = {"securityGroupId": "sg-1", "ipProtocol": "tcp", "fromPort": 22, "toPort": 22}
AN_INSTANCE = {"ami": "ami-1", "instanceType": "c5.2xlarge"}
A_RECORD = {"zoneId": "Z1", "name": "call", "type": "A"}


def refused(aws: Driver, token: str, inputs: dict[str, Any]) -> dict[str, str]:
    with pytest.raises(CheckError) as caught:
        aws.check(token, "thing", inputs)
    return caught.value.failures


@pytest.mark.parametrize(
    ("token", "inputs", "path", "reason"),
    [
        (VPC, {"cidrBlok": "10.5.0.0/16"}, "cidrBlok", "did you mean cidrBlock?"),
        (VPC, {}, "cidrBlock", "missing"),
        (VPC, {"cidrBlock": "10.5.0.1/16"}, "cidrBlock", "has host bits set"),
        (VPC, {"cidrBlock": "10.5.0.0/16", "enableDnsSupport": "yes"}, "enableDnsSupport", "'yes'"),
        (VPC, {"cidrBlock": 7}, "cidrBlock", "expected a string, got 7"),
        (VPC, {"cidrBlock": "10.5.0.0/16", "tags": {"a": 1}}, "tags.a", "expected a string"),
        (VPC, {"cidrBlock": "10.5.0.0/16", "tags": {"aws:x": "1"}}, "tags", "reserved"),
        (SUBNET, {"cidrBlock": "10.5.0.0/24", "vpcId": "subnet-1"}, "vpcId", "expected an id vpc-"),
        (GROUP, {"description": "café"}, "description", "expected letters"),
        (GROUP, {"description": "x" * 256}, "description", "at most 255"),
        (GROUP, {"name": "sg-mine"}, "name", "must not begin with sg-"),
        (GROUP, {"name": "a", "namePrefix": "b"}, "namePrefix", "together with name"),
        (GROUP, {"ingress": []}, "ingress", "the lab doesn't have it"),
        (RULE, {**A_RULE}, "cidrIpv4", "got none"),
        (
            RULE,
            {**A_RULE, "cidrIpv4": "0.0.0.0/0", "cidrIpv6": "::/0"},
            "cidrIpv6",
            "got cidrIpv4 and cidrIpv6",
        ),
        (RULE, {**A_RULE, "cidrIpv4": "0.0.0.0/0", "toPort": 70000}, "toPort", "-1 to 65535"),
        (RULE, {**A_RULE, "cidrIpv4": "0.0.0.0/0", "toPort": 21}, "toPort", "at least fromPort"),
        (RULE, {**A_RULE, "cidrIpv4": "0.0.0.0/0", "toPort": 22.5}, "toPort", "an integer"),
        (
            RULE,
            {**A_RULE, "cidrIpv4": "0.0.0.0/0", "ipProtocol": "-1"},
            "fromPort",
            "means all ports",
        ),
        (
            RULE,
            {"securityGroupId": "sg-1", "ipProtocol": "udp", "cidrIpv4": "0.0.0.0/0"},
            "fromPort",
            "ipProtocol udp needs it",
        ),
        (KEY, {"publicKey": "ecdsa-sha2-nistp256 AAAA"}, "publicKey", "ssh-rsa or ssh-ed25519"),
        (KEY, {"publicKey": "ssh-ed25519 ***"}, "publicKey", "not base64"),
        (
            INTERFACE,
            {"subnetId": "subnet-1", "privateIps": ["10.5.0.256"]},
            "privateIps[0]",
            "an IPv4 address",
        ),
        (ADDRESS, {"domain": "standard"}, "domain", "expected vpc"),
        (ADDRESS, {"instance": "i-1", "networkInterface": "eni-1"}, "networkInterface", "together"),
        (
            INSTANCE,
            {**AN_INSTANCE, "metadataOptions": {"httpTokens": "always"}},
            "metadataOptions.httpTokens",
            "optional or required",
        ),
        (
            INSTANCE,
            {**AN_INSTANCE, "rootBlockDevice": {"size": 100}},
            "rootBlockDevice.size",
            "no such property",
        ),
        (
            INSTANCE,
            {**AN_INSTANCE, "rootBlockDevice": {"volumeId": "vol-1"}},
            "rootBlockDevice.volumeId",
            "only AWS sets",
        ),
        (
            INSTANCE,
            {
                **AN_INSTANCE,
                "primaryNetworkInterface": {"networkInterfaceId": "eni-1"},
                "subnetId": "subnet-1",
            },
            "subnetId",
            "together with primaryNetworkInterface",
        ),
        (
            INSTANCE,
            {**AN_INSTANCE, "networkInterfaces": [{}]},
            "networkInterfaces[0].deviceIndex",
            "missing",
        ),
        (INSTANCE, {**AN_INSTANCE, "userData": "x" * 16385}, "userData", "16384 bytes"),
        (INSTANCE, {**AN_INSTANCE, "userDataBase64": "*"}, "userDataBase64", "base64"),
        (RECORD, {**A_RECORD, "ttl": 60}, "aliases", "got none"),
        (RECORD, {**A_RECORD, "records": ["203.0.113.5"]}, "ttl", "records need it"),
        (RECORD, {**A_RECORD, "type": "B", "records": [], "ttl": 1}, "type", "expected A or"),
    ],
)
def test_inputs_that_cannot_be_are_refused_by_name(
    aws: Driver, token: str, inputs: dict[str, Any], path: str, reason: str
) -> None:
    assert reason in refused(aws, token, inputs)[path]


def test_all_mistakes_are_told_at_once(aws: Driver) -> None:
    assert set(refused(aws, SUBNET, {"cidr": "x", "vpcId": 3})) == {"cidr", "vpcId", "cidrBlock"}


def test_an_unknown_type_is_an_error(aws: Driver) -> None:
    with pytest.raises(Exception, match="does not know the resource type aws:ec2/volume:Volume"):
        aws.check("aws:ec2/volume:Volume", "disk", {})


def test_unknown_values_pass(aws: Driver) -> None:
    inputs = aws.check(SUBNET, "cluster", {"vpcId": UNKNOWN, "cidrBlock": UNKNOWN, "tags": UNKNOWN})
    assert inputs["vpcId"] is UNKNOWN
    assert inputs["tagsAll"] is UNKNOWN


def test_a_refused_secret_is_not_shown(aws: Driver) -> None:
    failures = refused(aws, KEY, {"publicKey": Secret("hunter2 hunter2")})
    assert failures == {"publicKey": "the value is secret and not valid"}


def test_a_secret_stays_secret(aws: Driver) -> None:
    tags = Secret({"Name": "hidden"})
    inputs = aws.check(VPC, "net", {"cidrBlock": "10.5.0.0/16", "tags": tags})
    assert inputs["tags"] == tags
    assert inputs["tagsAll"] == tags
    assert inputs["cidrBlock"] == "10.5.0.0/16"


def test_defaults_are_filled_in_and_named(aws: Driver) -> None:
    inputs = aws.check(VPC, "net", {"cidrBlock": "10.5.0.0/16"})
    assert inputs["enableDnsSupport"] is True
    assert inputs["__defaults"] == ["enableDnsSupport", "instanceTenancy"]


def test_a_name_is_made_once_and_kept(aws: Driver) -> None:
    first = aws.check(KEY, "operator", {"publicKey": PUBLIC_KEY})
    again = aws.check(KEY, "operator", {"publicKey": PUBLIC_KEY}, before=first)
    assert first["keyName"].startswith("operator-")
    assert again == first


def test_a_name_that_was_given_is_dropped_for_a_made_one(aws: Driver) -> None:
    before = aws.check(KEY, "operator", {"publicKey": PUBLIC_KEY, "keyName": "mine"})
    after = aws.check(KEY, "operator", {"publicKey": PUBLIC_KEY}, before=before)
    assert after["keyName"] != "mine"
