"""What the fake AWS refuses, as AWS does, and what it can be asked to refuse."""

from __future__ import annotations

import pytest

from tests.cloud.aws_operator import AwsError, Desk, Machine

pytestmark = [pytest.mark.lab, pytest.mark.xdist_group("cloud")]


def refused(desk: Desk, method: str, **arguments: object) -> str:
    with pytest.raises(AwsError) as caught:
        desk.aws(method, **arguments)
    return caught.value.code


def run_arguments(desk: Desk, **more: object) -> dict[str, object]:
    return {
        "ImageId": desk.image(),
        "InstanceType": "c5.2xlarge",
        "MinCount": 1,
        "MaxCount": 1,
        **more,
    }


def test_the_newest_ubuntu_image_is_found(desk: Desk) -> None:
    name = "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-*"
    found = desk.aws(
        "describe_images",
        Owners=["099720109477"],
        Filters=[{"Name": "name", "Values": [name]}],
    )["Images"]
    assert len({image["CreationDate"] for image in found}) == 2
    assert {image["Architecture"] for image in found} == {"x86_64"}


def test_instance_types_are_aws_own(desk: Desk) -> None:
    found = desk.aws("describe_instance_types", InstanceTypes=["c5.2xlarge"])["InstanceTypes"][0]
    assert found["VCpuInfo"]["DefaultVCpus"] == 8
    assert found["MemoryInfo"]["SizeInMiB"] == 16384
    offered = desk.aws(
        "describe_instance_type_offerings",
        LocationType="availability-zone",
        Filters=[{"Name": "instance-type", "Values": ["c5.2xlarge"]}],
    )["InstanceTypeOfferings"]
    assert {offer["Location"] for offer in offered} >= {"eu-west-1a", "eu-west-1b"}


def test_throttling_ends_after_so_many_calls(desk: Desk) -> None:
    desk.supervisor.control.fault("throttle", times=2, actions="DescribeVpcs")
    assert refused(desk, "describe_vpcs") == "RequestLimitExceeded"
    assert desk.aws("describe_subnets")
    assert refused(desk, "describe_vpcs") == "RequestLimitExceeded"
    assert desk.aws("describe_vpcs")


def test_there_can_be_no_capacity(desk: Desk) -> None:
    desk.supervisor.control.fault("no-capacity")
    code = refused(desk, "run_instances", **run_arguments(desk, SubnetId=desk.subnet))
    assert code == "InsufficientInstanceCapacity"


def test_quotas_are_told_and_enforced(desk: Desk) -> None:
    desk.supervisor.control.fault("quota", vcpus=7, addresses=0)
    code = refused(desk, "run_instances", **run_arguments(desk, SubnetId=desk.subnet))
    assert code == "VcpuLimitExceeded"
    assert refused(desk, "allocate_address", Domain="vpc") == "AddressLimitExceeded"
    told = desk.aws(
        "get_service_quota", "service-quotas", ServiceCode="ec2", QuotaCode="L-1216C47A"
    )
    assert told["Quota"]["Value"] == 7


def test_an_interface_serves_one_machine(desk: Desk, machine: Machine) -> None:
    interface = [{"NetworkInterfaceId": machine.interface_id, "DeviceIndex": 0}]
    code = refused(desk, "run_instances", **run_arguments(desk, NetworkInterfaces=interface))
    assert code == "InvalidNetworkInterface.InUse"
    code = refused(desk, "delete_network_interface", NetworkInterfaceId=machine.interface_id)
    assert code == "InvalidParameterValue"


def test_an_address_is_given_once(desk: Desk, machine: Machine) -> None:
    code = refused(
        desk,
        "create_network_interface",
        SubnetId=desk.subnet,
        PrivateIpAddress=machine.private_ip,
    )
    assert code == "InvalidIPAddress.InUse"


@pytest.mark.parametrize("address", ["10.5.0.3", "10.5.0.255", "10.6.0.9"])
def test_addresses_that_a_subnet_does_not_have_are_refused(desk: Desk, address: str) -> None:
    code = refused(desk, "create_network_interface", SubnetId=desk.subnet, PrivateIpAddress=address)
    assert code == "InvalidParameterValue"


def test_what_is_in_use_is_not_deleted(desk: Desk, machine: Machine) -> None:
    assert refused(desk, "delete_security_group", GroupId=machine.group_id) == "DependencyViolation"
    assert refused(desk, "delete_subnet", SubnetId=desk.subnet) == "DependencyViolation"
    assert refused(desk, "delete_vpc", VpcId=desk.vpc) == "DependencyViolation"
    code = refused(desk, "release_address", AllocationId=machine.allocation_id)
    assert code == "InvalidIPAddress.InUse"


def test_an_image_for_another_processor_is_refused(desk: Desk) -> None:
    images = desk.aws("describe_images", Owners=["099720109477"])["Images"]
    arm = next(image["ImageId"] for image in images if image["Architecture"] == "arm64")
    code = refused(desk, "run_instances", **(run_arguments(desk) | {"ImageId": arm}))
    assert code == "InvalidParameterValue"


def test_a_repeated_call_starts_one_machine(desk: Desk) -> None:
    arguments = run_arguments(desk, SubnetId=desk.subnet, ClientToken="same")
    first = desk.aws("run_instances", **arguments)["Instances"][0]["InstanceId"]
    assert desk.aws("run_instances", **arguments)["Instances"][0]["InstanceId"] == first
    desk.aws("terminate_instances", InstanceIds=[first])


def test_pending_comes_before_running_and_shutting_down_before_terminated(desk: Desk) -> None:
    started = desk.aws("run_instances", **run_arguments(desk, SubnetId=desk.subnet))
    instance = started["Instances"][0]
    assert instance["State"]["Name"] == "pending"
    ended = desk.aws("terminate_instances", InstanceIds=[instance["InstanceId"]])
    assert ended["TerminatingInstances"][0]["CurrentState"]["Name"] == "shutting-down"
