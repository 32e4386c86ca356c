from __future__ import annotations

import threading
import time

import grpc
import pytest

from lab.tests.providers.aws.driver import Driver
from lab.tests.providers.aws.edge import Edge
from lab.tests.providers.aws.world import World

GROUP = "aws:ec2/securityGroup:SecurityGroup"
VPC = "aws:ec2/vpc:Vpc"


def test_a_delete_waits_until_nothing_depends_on_the_thing(
    aws_behind_edge: Driver, edge: Edge, world: World
) -> None:
    group = aws_behind_edge.create(GROUP, "nodes", vpcId=world.vpc)
    edge.refuse("DeleteSecurityGroup", "DependencyViolation", times=3)
    aws_behind_edge.delete(group)
    assert aws_behind_edge.read(group) is None


def test_a_wait_ends_at_the_users_limit_and_says_what_aws_said(
    aws_behind_edge: Driver, edge: Edge, world: World
) -> None:
    group = aws_behind_edge.create(GROUP, "nodes", vpcId=world.vpc)
    edge.refuse("DeleteSecurityGroup", "DependencyViolation")
    with pytest.raises(grpc.RpcError) as caught:
        aws_behind_edge.delete(group, timeout=0.5)
    details = str(caught.value)
    assert "deleting security group nodes" in details
    assert "DependencyViolation" in details
    edge.heal()
    aws_behind_edge.delete(group)


def test_cancel_ends_a_wait(aws_behind_edge: Driver, edge: Edge, world: World) -> None:
    group = aws_behind_edge.create(GROUP, "nodes", vpcId=world.vpc)
    edge.refuse("DeleteSecurityGroup", "DependencyViolation")
    threading.Timer(0.3, aws_behind_edge.cancel).start()
    start = time.monotonic()
    with pytest.raises(grpc.RpcError, match="stopped by the user"):
        aws_behind_edge.delete(group, timeout=60)
    assert time.monotonic() - start < 30


def test_an_unreachable_aws_is_named(unconfigured: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    unconfigured.configure(maxRetries=0)
    with pytest.raises(grpc.RpcError, match=r"creating VPC net: .*http://127\.0\.0\.1:9"):
        unconfigured.create(VPC, "net", cidrBlock="10.5.0.0/16")


def test_the_default_rule_outwards_is_taken_from_a_new_group(aws: Driver, world: World) -> None:
    group = aws.create(GROUP, "closed", vpcId=world.vpc)
    rule = aws.create(
        "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
        "out",
        securityGroupId=group.id,
        ipProtocol="-1",
        cidrIpv4="0.0.0.0/0",
    )
    assert rule.outputs["securityGroupRuleId"] == rule.id
    aws.delete(rule)
    aws.delete(group)


def test_a_rule_for_all_of_ipv6_has_no_ports(aws: Driver, world: World) -> None:
    wanted = {"securityGroupId": world.group, "ipProtocol": "-1", "cidrIpv6": "::/0"}
    rule = aws.create("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule", "out", **wanted)
    assert aws.diff(rule, **wanted).paths == set()
    assert "fromPort" not in rule.outputs
    aws.delete(rule)
