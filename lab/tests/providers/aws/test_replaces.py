"""Replace or update, where it depends on more than the property: as the real provider does it."""

from __future__ import annotations

import base64
from typing import Any

import boto3
import pytest
from mypy_boto3_ec2 import EC2Client

from lab.providers.aws.diff import differences
from lab.providers.aws.resources import RESOURCE_TYPES
from lab.providers.base import UNKNOWN
from lab.tests.providers.aws.driver import Driver, Resource
from lab.tests.providers.aws.world import ManagedWorld, World

DOMAIN = "aws:opensearch/domain:Domain"
INSTANCE = "aws:ec2/instance:Instance"
REDIS = "aws:elasticache/replicationGroup:ReplicationGroup"
TARGET_GROUP = "aws:lb/targetGroup:TargetGroup"
VERSIONING = "aws:s3/bucketVersioning:BucketVersioning"
ON, OFF = {"enabled": True}, {"enabled": False}


def _replaced(token: str, old: dict[str, Any], new: dict[str, Any]) -> dict[str, bool]:
    return {each.name: each.replaces for each in differences(RESOURCE_TYPES[token], old, new)}


@pytest.mark.parametrize("version", ["7.0", "6.2", "5.0.6"])
def test_redis_does_not_go_back_in_place(version: str) -> None:
    change = _replaced(REDIS, {"engineVersion": "7.1"}, {"engineVersion": version})
    assert change == {"engineVersion": True}


def test_redis_goes_forward_in_place() -> None:
    change = _replaced(REDIS, {"engineVersion": "7.1"}, {"engineVersion": "7.10"})
    assert change == {"engineVersion": False}


@pytest.mark.parametrize(
    "name", ["encryptAtRest", "nodeToNodeEncryption", "advancedSecurityOptions"]
)
def test_what_a_domain_turns_on_stays_on(name: str) -> None:
    assert _replaced(DOMAIN, {name: OFF}, {name: ON}) == {name: False}
    assert _replaced(DOMAIN, {name: ON}, {name: OFF}) == {name: True}
    assert _replaced(DOMAIN, {name: ON}, {}) == {}


def test_a_health_check_goes_back_to_the_defaults(aws: Driver, world: World) -> None:
    group = {"port": 80, "protocol": "HTTP", "targetType": "ip", "vpcId": world.vpc}
    check = {"healthyThreshold": 5, "interval": 7, "path": "/health"}
    resource = aws.create(TARGET_GROUP, "nodes", **group, healthCheck=check)
    fewer = {**group, "healthCheck": {"path": "/health"}}
    change = aws.diff(resource, **fewer)
    assert change.paths == {"healthCheck.healthyThreshold", "healthCheck.interval"}
    aws.update(resource, **fewer)
    assert resource.outputs["healthCheck"]["interval"] == 30
    aws.delete(resource)


@pytest.fixture
def node(aws: Driver, world: World) -> Resource:
    given = {"ami": world.image, "instanceType": "c5.large", "subnetId": world.subnet}
    return aws.create(INSTANCE, "node", **given, userData="#!/bin/sh")


def test_user_data_that_is_left_out_is_removed(aws: Driver, node: Resource, ec2: EC2Client) -> None:
    given = {name: node.inputs[name] for name in ("ami", "instanceType", "subnetId")}
    change = aws.diff(node, **given, userDataReplaceOnChange=True)
    assert "userData" in change.paths
    aws.update(node, **given)
    told = ec2.describe_instance_attribute(InstanceId=node.id, Attribute="userData")
    assert told["UserData"].get("Value") != base64.b64encode(b"#!/bin/sh").decode()
    assert aws.diff(node, **given).paths == set()
    aws.delete(node)


def test_a_preview_does_not_know_the_address_after_a_stop(aws: Driver, node: Resource) -> None:
    given = {name: node.inputs[name] for name in ("ami", "subnetId", "userData")}
    stopped = aws.preview_update(node, **given, instanceType="c5.xlarge")
    assert (stopped["publicIp"], stopped["publicDns"]) == (UNKNOWN, UNKNOWN)
    tagged = aws.preview_update(node, **given, instanceType="c5.large", tags={"a": "b"})
    assert UNKNOWN not in (tagged["publicIp"], tagged["publicDns"])
    aws.delete(node)


def test_an_imported_instance_is_not_replaced_for_its_public_address(
    aws: Driver, world: World
) -> None:
    given = {"ami": world.image, "instanceType": "c5.large", "subnetId": world.subnet}
    made = aws.create(INSTANCE, "node", **given, associatePublicIpAddress=True)
    seen = aws.read(Resource(INSTANCE, "node", made.id, {}, {}))
    assert seen is not None
    assert not aws.diff(seen, **given, associatePublicIpAddress=True).replaces
    aws.delete(made)


def test_versioning_that_was_suspended_by_hand_is_an_update(
    aws: Driver, managed_world: ManagedWorld
) -> None:
    given: dict[str, Any] = {
        "bucket": managed_world.bucket,
        "versioningConfiguration": {"status": "Enabled"},
    }
    resource = aws.create(VERSIONING, "versions", **given)
    boto3.client("s3", region_name="eu-west-1").put_bucket_versioning(
        Bucket=managed_world.bucket, VersioningConfiguration={"Status": "Suspended"}
    )
    seen = aws.read(resource)
    assert seen is not None
    assert aws.diff(seen, **given).paths == {"versioningConfiguration.status"}


def test_a_refresh_sees_what_was_changed_of_a_domain(
    aws: Driver, managed_world: ManagedWorld
) -> None:
    given: dict[str, Any] = {
        "domainName": "drifting",
        "engineVersion": "Elasticsearch_7.10",
        "clusterConfig": {"instanceType": "m5.large.search", "instanceCount": 2},
        "ebsOptions": {"ebsEnabled": True, "volumeType": "gp3", "volumeSize": 100},
        "domainEndpointOptions": {"tlsSecurityPolicy": "Policy-Min-TLS-1-2-2019-07"},
        "vpcOptions": {"subnetIds": managed_world.subnets[:1]},
    }
    resource = aws.create(DOMAIN, "search", **given)
    boto3.client("opensearch", region_name="eu-west-1").update_domain_config(
        DomainName="drifting",
        ClusterConfig={"InstanceType": "m5.large.search", "InstanceCount": 3},
        EBSOptions={"EBSEnabled": True, "VolumeType": "gp3", "VolumeSize": 200},
        DomainEndpointOptions={
            "EnforceHTTPS": True,
            "TLSSecurityPolicy": "Policy-Min-TLS-1-0-2019-07",
        },
    )
    seen = aws.read(resource)
    assert seen is not None
    assert aws.diff(seen, **given).paths == {
        "clusterConfig.instanceCount",
        "ebsOptions.volumeSize",
        "domainEndpointOptions.tlsSecurityPolicy",
    }
    aws.delete(resource)
