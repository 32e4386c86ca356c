from __future__ import annotations

from typing import Any

import boto3
import grpc
import pytest
from mypy_boto3_ec2 import EC2Client

from lab.tests.providers.aws.driver import CheckError, Driver

AMI = "aws:ec2/getAmi:getAmi"
SNAPSHOT = "aws:ebs/getSnapshot:getSnapshot"
CANONICAL = "099720109477"


def test_the_newest_image_is_found(aws: Driver) -> None:
    image = aws.invoke(
        AMI,
        owners=[CANONICAL],
        mostRecent=True,
        filters=[
            {
                "name": "name",
                "values": ["ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-*"],
            }
        ],
    )
    assert image["id"].startswith("ami-")
    assert image["id"] == image["imageId"]
    assert image["name"].endswith("-amd64-server-20250610")
    assert image["architecture"] == "x86_64"
    assert image["ownerId"] == CANONICAL
    assert image["region"] == "eu-west-1"
    assert image["rootDeviceName"] == "/dev/sda1"


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ({"nameRegex": "^no such image$"}, "returned no results"),
        ({"owners": [CANONICAL]}, r"returned \d+ images; make it more specific"),
    ],
)
def test_no_image_and_too_many_images_are_errors(
    aws: Driver, args: dict[str, Any], message: str
) -> None:
    with pytest.raises(grpc.RpcError, match=message):
        aws.invoke(AMI, **args)


@pytest.mark.parametrize(
    ("token", "args", "path"),
    [
        (AMI, {"nameRegexp": "x"}, "nameRegexp"),
        (AMI, {"nameRegex": "("}, "nameRegex"),
        (AMI, {"filters": [{"name": "name"}]}, "filters[0].values"),
        ("aws:ec2/getInstanceType:getInstanceType", {}, "instanceType"),
        ("aws:servicequotas/getServiceQuota:getServiceQuota", {"serviceCode": "ec2"}, "quotaCode"),
        ("aws:route53/getZone:getZone", {}, "name"),
    ],
)
def test_arguments_that_cannot_be_are_refused_by_name(
    aws: Driver, token: str, args: dict[str, Any], path: str
) -> None:
    with pytest.raises(CheckError) as caught:
        aws.invoke(token, **args)
    assert path in caught.value.failures


def test_an_unknown_function_is_an_error(aws: Driver) -> None:
    with pytest.raises(grpc.RpcError, match="does not know the function aws:ec2/getVpc:getVpc"):
        aws.invoke("aws:ec2/getVpc:getVpc")


def test_a_key_is_described_and_one_that_is_not_there_an_error(aws: Driver) -> None:
    made: Any = boto3.client("kms", region_name="eu-west-1").create_key()["KeyMetadata"]
    found = aws.invoke("aws:kms/getKey:getKey", keyId=made["Arn"])
    told = (found["keyState"], found["keySpec"], found["keyUsage"])
    assert told == ("Enabled", "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT")
    assert (found["arn"], found["id"]) == (made["Arn"], made["KeyId"])
    with pytest.raises(grpc.RpcError, match="NotFoundException"):
        aws.invoke("aws:kms/getKey:getKey", keyId=made["Arn"].replace(made["KeyId"], "1234abcd"))


def test_an_instance_type_is_described(aws: Driver) -> None:
    found = aws.invoke("aws:ec2/getInstanceType:getInstanceType", instanceType="c5.2xlarge")
    assert (found["defaultVcpus"], found["memorySize"]) == (8, 16384)
    assert found["supportedArchitectures"] == ["x86_64"]
    assert found["instanceType"] == "c5.2xlarge"


def test_an_instance_type_that_does_not_exist_is_an_error(aws: Driver) -> None:
    with pytest.raises(grpc.RpcError, match=r"c5\.huge"):
        aws.invoke("aws:ec2/getInstanceType:getInstanceType", instanceType="c5.huge")


def test_offerings_tell_where_a_type_can_be_had(aws: Driver) -> None:
    found = aws.invoke(
        "aws:ec2/getInstanceTypeOfferings:getInstanceTypeOfferings",
        locationType="availability-zone",
        filters=[{"name": "instance-type", "values": ["c5.2xlarge"]}],
    )
    assert set(found["instanceTypes"]) == {"c5.2xlarge"}
    assert all(location.startswith("eu-west-1") for location in found["locations"])
    assert set(found["locationTypes"]) == {"availability-zone"}


def test_availability_zones_are_listed_in_order(aws: Driver) -> None:
    token = "aws:index/getAvailabilityZones:getAvailabilityZones"
    found = aws.invoke(token, state="available", excludeNames=["eu-west-1b"])
    assert found["names"] == ["eu-west-1a", "eu-west-1c"]
    assert len(found["zoneIds"]) == 2


def test_availability_zones_are_filtered_by_their_kind(aws: Driver) -> None:
    token = "aws:index/getAvailabilityZones:getAvailabilityZones"
    for kind, expected in (("availability-zone", 3), ("local-zone", 0)):
        found = aws.invoke(token, filters=[{"name": "zone-type", "values": [kind]}])
        assert len(found["names"]) == expected


def test_records_are_found_by_their_name(aws: Driver, zone: str) -> None:
    found = aws.invoke("aws:route53/getRecords:getRecords", zoneId=zone, nameRegex="^example")
    assert {one["type"] for one in found["resourceRecordSets"]} == {"NS", "SOA"}
    found = aws.invoke("aws:route53/getRecords:getRecords", zoneId=zone, nameRegex="^other")
    assert found["resourceRecordSets"] == []


def test_the_caller_and_the_region_are_told(aws: Driver) -> None:
    caller = aws.invoke("aws:index/getCallerIdentity:getCallerIdentity")
    assert caller["accountId"] == "123456789012"
    region = aws.invoke("aws:index/getRegion:getRegion")
    assert region["region"] == "eu-west-1"
    assert region["description"] == "Europe (Ireland)"
    assert region["endpoint"] == "ec2.eu-west-1.amazonaws.com"
    with pytest.raises(grpc.RpcError, match="no region 'mars-1'"):
        aws.invoke("aws:index/getRegion:getRegion", name="mars-1")


def test_elastic_ips_are_listed_and_described(aws: Driver) -> None:
    made = [
        aws.create("aws:ec2/eip:Eip", name, domain="vpc", tags={"Name": name})
        for name in ("a", "b")
    ]
    ids = [one.id for one in made]
    listed = aws.invoke("aws:ec2/getEips:getEips")
    assert {*ids} <= {*listed["allocationIds"]}
    tagged = aws.invoke("aws:ec2/getEips:getEips", tags={"Name": "b"})
    assert tagged["allocationIds"] == [ids[1]]
    described = aws.invoke("aws:ec2/getElasticIp:getElasticIp", id=ids[1])
    assert described["tags"] == {"Name": "b"}
    assert described["publicIp"] == tagged["publicIps"][0]
    with pytest.raises(grpc.RpcError, match=r"eipalloc-none"):
        aws.invoke("aws:ec2/getElasticIp:getElasticIp", id="eipalloc-none")


def test_a_quota_is_found_by_code_and_by_name(aws: Driver) -> None:
    token = "aws:servicequotas/getServiceQuota:getServiceQuota"
    by_code = aws.invoke(token, serviceCode="vpc", quotaCode="L-F678F1CE")
    by_name = aws.invoke(token, serviceCode="vpc", quotaName=by_code["quotaName"])
    assert by_code == by_name
    assert by_code["value"] == by_code["defaultValue"]


def test_a_zone_is_found_by_name_and_by_id(aws: Driver, zone: str) -> None:
    token = "aws:route53/getZone:getZone"
    by_name = aws.invoke(token, name="example.com.")
    assert by_name["zoneId"] == zone
    assert by_name["name"] == "example.com"
    assert aws.invoke(token, zoneId=zone) == by_name
    with pytest.raises(grpc.RpcError, match=r"found 0 .* example\.org"):
        aws.invoke(token, name="example.org")


def test_a_snapshot_is_told_with_the_size_of_its_volume(aws: Driver, ec2: EC2Client) -> None:
    volume = ec2.create_volume(AvailabilityZone="eu-west-1a", Size=40, Encrypted=True)
    made = ec2.create_snapshot(VolumeId=volume["VolumeId"])["SnapshotId"]
    found = aws.invoke(SNAPSHOT, snapshotIds=[made], owners=["self"])
    assert (found["id"], found["state"]) == (made, "completed")
    assert (found["volumeSize"], found["encrypted"]) == (40, True)
    with pytest.raises(grpc.RpcError, match="InvalidSnapshot"):
        aws.invoke(SNAPSHOT, snapshotIds=["snap-0123456789abcdef0"], owners=["self"])
