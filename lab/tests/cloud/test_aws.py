"""What the fake AWS refuses, as AWS does, and what it can be asked to refuse."""

from __future__ import annotations

import pytest

from lab.tests.cloud.aws_operator import AwsError, AwsOperator, Machine

pytestmark = [pytest.mark.lab, pytest.mark.xdist_group("cloud")]


def refused(operator: AwsOperator, method: str, **arguments: object) -> str:
    with pytest.raises(AwsError) as caught:
        operator.aws(method, **arguments)
    return caught.value.code


def run_arguments(operator: AwsOperator, **more: object) -> dict[str, object]:
    return {
        "ImageId": operator.image(),
        "InstanceType": "c5.2xlarge",
        "MinCount": 1,
        "MaxCount": 1,
        **more,
    }


def test_the_newest_ubuntu_image_is_found(operator: AwsOperator) -> None:
    name = "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-*"
    found = operator.aws(
        "describe_images",
        Owners=["099720109477"],
        Filters=[{"Name": "name", "Values": [name]}],
    )["Images"]
    assert len({image["CreationDate"] for image in found}) == 2
    assert {image["Architecture"] for image in found} == {"x86_64"}


def test_instance_types_are_aws_own(operator: AwsOperator) -> None:
    found = operator.aws("describe_instance_types", InstanceTypes=["c5.2xlarge"])["InstanceTypes"][
        0
    ]
    assert found["VCpuInfo"]["DefaultVCpus"] == 8
    assert found["MemoryInfo"]["SizeInMiB"] == 16384
    offered = operator.aws(
        "describe_instance_type_offerings",
        LocationType="availability-zone",
        Filters=[{"Name": "instance-type", "Values": ["c5.2xlarge"]}],
    )["InstanceTypeOfferings"]
    assert {offer["Location"] for offer in offered} >= {"eu-west-1a", "eu-west-1b"}


def test_throttling_ends_after_so_many_calls(operator: AwsOperator) -> None:
    operator.supervisor.control.fault("throttle", times=2, actions="DescribeVpcs")
    assert refused(operator, "describe_vpcs") == "RequestLimitExceeded"
    assert operator.aws("describe_subnets")
    assert refused(operator, "describe_vpcs") == "RequestLimitExceeded"
    assert operator.aws("describe_vpcs")


def test_there_can_be_no_capacity(operator: AwsOperator) -> None:
    operator.supervisor.control.fault("no-capacity")
    code = refused(operator, "run_instances", **run_arguments(operator, SubnetId=operator.subnet))
    assert code == "InsufficientInstanceCapacity"


def test_quotas_are_told_and_enforced(operator: AwsOperator) -> None:
    operator.supervisor.control.fault("quota", vcpus=7, addresses=0)
    code = refused(operator, "run_instances", **run_arguments(operator, SubnetId=operator.subnet))
    assert code == "VcpuLimitExceeded"
    assert refused(operator, "allocate_address", Domain="vpc") == "AddressLimitExceeded"
    told = operator.aws(
        "get_service_quota", "service-quotas", ServiceCode="ec2", QuotaCode="L-1216C47A"
    )
    assert told["Quota"]["Value"] == 7


def test_an_interface_serves_one_machine(operator: AwsOperator, machine: Machine) -> None:
    interface = [{"NetworkInterfaceId": machine.interface_id, "DeviceIndex": 0}]
    code = refused(
        operator, "run_instances", **run_arguments(operator, NetworkInterfaces=interface)
    )
    assert code == "InvalidNetworkInterface.InUse"
    code = refused(operator, "delete_network_interface", NetworkInterfaceId=machine.interface_id)
    assert code == "InvalidParameterValue"


def test_an_address_is_given_once(operator: AwsOperator, machine: Machine) -> None:
    code = refused(
        operator,
        "create_network_interface",
        SubnetId=operator.subnet,
        PrivateIpAddress=machine.private_ip,
    )
    assert code == "InvalidIPAddress.InUse"


@pytest.mark.parametrize("address", ["10.5.0.3", "10.5.0.255", "10.6.0.9"])
def test_addresses_that_a_subnet_does_not_have_are_refused(
    operator: AwsOperator, address: str
) -> None:
    code = refused(
        operator, "create_network_interface", SubnetId=operator.subnet, PrivateIpAddress=address
    )
    assert code == "InvalidParameterValue"


def test_what_is_in_use_is_not_deleted(operator: AwsOperator, machine: Machine) -> None:
    assert (
        refused(operator, "delete_security_group", GroupId=machine.group_id)
        == "DependencyViolation"
    )
    assert refused(operator, "delete_subnet", SubnetId=operator.subnet) == "DependencyViolation"
    assert refused(operator, "delete_vpc", VpcId=operator.vpc) == "DependencyViolation"
    code = refused(operator, "release_address", AllocationId=machine.allocation_id)
    assert code == "InvalidIPAddress.InUse"


def test_an_image_for_another_processor_is_refused(operator: AwsOperator) -> None:
    images = operator.aws("describe_images", Owners=["099720109477"])["Images"]
    arm = next(image["ImageId"] for image in images if image["Architecture"] == "arm64")
    code = refused(operator, "run_instances", **(run_arguments(operator) | {"ImageId": arm}))
    assert code == "InvalidParameterValue"


def test_a_repeated_call_starts_one_machine(operator: AwsOperator) -> None:
    arguments = run_arguments(operator, SubnetId=operator.subnet, ClientToken="same")
    first = operator.aws("run_instances", **arguments)["Instances"][0]["InstanceId"]
    assert operator.aws("run_instances", **arguments)["Instances"][0]["InstanceId"] == first
    operator.aws("terminate_instances", InstanceIds=[first])


def test_pending_comes_before_running_and_shutting_down_before_terminated(
    operator: AwsOperator,
) -> None:
    started = operator.aws("run_instances", **run_arguments(operator, SubnetId=operator.subnet))
    instance = started["Instances"][0]
    assert instance["State"]["Name"] == "pending"
    ended = operator.aws("terminate_instances", InstanceIds=[instance["InstanceId"]])
    assert ended["TerminatingInstances"][0]["CurrentState"]["Name"] == "shutting-down"
