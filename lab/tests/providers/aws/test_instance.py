from __future__ import annotations

from typing import Any

import grpc
import pytest
from mypy_boto3_ec2 import EC2Client
from pulumi.runtime.proto import provider_pb2, status_pb2

from lab.providers.base import Secret, decode
from lab.tests.providers.aws.driver import Driver, Resource
from lab.tests.providers.aws.edge import Edge
from lab.tests.providers.aws.world import World

INSTANCE = "aws:ec2/instance:Instance"
INTERFACE = "aws:ec2/networkInterface:NetworkInterface"
ADDRESS = "aws:ec2/eip:Eip"


@pytest.fixture
def inputs(world: World) -> dict[str, Any]:
    return {"ami": world.image, "instanceType": "c5.2xlarge", "subnetId": world.subnet}


def state_of(ec2: EC2Client, identifier: str) -> str:
    answer = ec2.describe_instances(InstanceIds=[identifier])
    return answer["Reservations"][0]["Instances"][0]["State"]["Name"]


def test_a_machine_with_an_interface_of_its_own_is_made_and_ends_in_order(
    aws: Driver, ec2: EC2Client, world: World
) -> None:
    interface = aws.create(
        INTERFACE,
        "node-1",
        subnetId=world.subnet,
        privateIps=["10.5.0.6"],
        securityGroups=[world.group],
    )
    wanted = {
        "ami": world.image,
        "instanceType": "c5.2xlarge",
        "primaryNetworkInterface": {"networkInterfaceId": interface.id},
        "metadataOptions": {"httpEndpoint": "enabled", "httpTokens": "required"},
        "rootBlockDevice": {
            "encrypted": True,
            "volumeType": "gp3",
            "volumeSize": 100,
            "tags": {"Name": "node-1"},
        },
        "disableApiTermination": False,
        "monitoring": True,
        "tags": {"Name": "node-1", "role": "node"},
    }
    machine = aws.create(INSTANCE, "node-1", **wanted)
    address = aws.create(ADDRESS, "node-1", domain="vpc", networkInterface=interface.id)
    seen = aws.read(machine)

    assert aws.diff(machine, **wanted).paths == set()
    assert machine.outputs["instanceState"] == "running"
    assert machine.outputs["privateIp"] == "10.5.0.6"
    assert machine.outputs["primaryNetworkInterfaceId"] == interface.id
    assert machine.outputs["metadataOptions"]["httpTokens"] == "required"
    assert machine.outputs["rootBlockDevice"]["volumeSize"] == 100
    assert "sourceDestCheck" not in machine.inputs
    assert seen is not None
    assert seen.outputs["publicIp"] == address.outputs["publicIp"]

    aws.delete(address)
    aws.delete(machine)
    aws.delete(interface)
    assert state_of(ec2, machine.id) == "terminated"
    assert aws.read(interface) is None


def test_a_machine_that_is_replaced_hands_on_its_interface_and_address(
    aws: Driver, world: World
) -> None:
    interface = aws.create(INTERFACE, "node-1", subnetId=world.subnet, privateIps=["10.5.0.7"])
    address = aws.create(ADDRESS, "node-1", domain="vpc", networkInterface=interface.id)
    wanted = {
        "instanceType": "c5.2xlarge",
        "primaryNetworkInterface": {"networkInterfaceId": interface.id},
    }
    old = aws.create(INSTANCE, "node-1", ami=world.image, **wanted)
    assert aws.diff(old, ami=world.other_image, **wanted).replaces == {"ami"}
    aws.delete(old)
    new = aws.create(INSTANCE, "node-1", ami=world.other_image, **wanted)
    assert new.id != old.id
    assert new.outputs["privateIp"] == "10.5.0.7"
    assert new.outputs["publicIp"] == address.outputs["publicIp"]
    for resource in (new, address, interface):
        aws.delete(resource)


def test_a_new_type_stops_and_starts_the_machine(
    aws_behind_edge: Driver, edge: Edge, inputs: dict[str, Any]
) -> None:
    aws = aws_behind_edge
    machine = aws.create(INSTANCE, "node", **inputs)
    edge.calls.clear()
    aws.update(machine, **{**inputs, "instanceType": "c5.4xlarge"})
    steps = ("StopInstances", "ModifyInstanceAttribute", "StartInstances")
    assert tuple(each["Action"] for each in edge.calls if each["Action"] in steps) == steps
    assert machine.outputs["instanceType"] == "c5.4xlarge"
    assert machine.outputs["instanceState"] == "running"
    aws.delete(machine)


def test_user_data_is_base64_on_the_wire_and_text_in_the_state(
    aws: Driver, ec2: EC2Client, inputs: dict[str, Any]
) -> None:
    machine = aws.create(INSTANCE, "node", **inputs, userData=Secret("#!/bin/sh\nuptime"))
    assert machine.outputs["userData"] == Secret("#!/bin/sh\nuptime")
    answer = ec2.describe_instance_attribute(InstanceId=machine.id, Attribute="userData")
    assert answer["UserData"]["Value"] == "IyEvYmluL3NoCnVwdGltZQ=="
    aws.delete(machine)


def test_the_root_volume_grows_in_place(aws: Driver, inputs: dict[str, Any]) -> None:
    small = {"volumeSize": 100, "volumeType": "gp3", "tags": {"Name": "root"}}
    machine = aws.create(INSTANCE, "node", **inputs, rootBlockDevice=small)
    large = {**small, "volumeSize": 200, "deleteOnTermination": False, "tags": {"Name": "disk"}}
    assert not aws.diff(machine, **inputs, rootBlockDevice=large).replaces
    aws.update(machine, **inputs, rootBlockDevice=large)
    root = machine.outputs["rootBlockDevice"]
    assert (root["volumeSize"], root["deleteOnTermination"]) == (200, False)
    assert root["tags"] == {"Name": "disk"}
    aws.delete(machine)


def test_a_machine_that_was_terminated_by_hand_is_gone(
    aws: Driver, ec2: EC2Client, inputs: dict[str, Any]
) -> None:
    machine = aws.create(INSTANCE, "node", **inputs)
    ec2.terminate_instances(InstanceIds=[machine.id])
    assert aws.read(machine) is None
    aws.delete(machine)


def test_a_protected_machine_stays_unless_force_is_given(
    aws: Driver, ec2: EC2Client, inputs: dict[str, Any]
) -> None:
    protected = {**inputs, "disableApiTermination": True}
    machine = aws.create(INSTANCE, "node", **protected)
    with pytest.raises(grpc.RpcError, match="OperationNotPermitted"):
        aws.delete(machine)
    assert state_of(ec2, machine.id) == "running"
    aws.update(machine, **protected, forceDestroy=True)
    aws.delete(machine)
    assert state_of(ec2, machine.id) == "terminated"


def test_create_waits_until_the_machine_runs(
    aws_behind_edge: Driver, edge: Edge, inputs: dict[str, Any]
) -> None:
    edge.rewrite("DescribeInstances", b"<name>running</name>", b"<name>pending</name>", times=3)
    machine = aws_behind_edge.create(INSTANCE, "node", **inputs)
    assert machine.outputs["instanceState"] == "running"
    assert edge.counted()["DescribeInstances"] >= 4
    aws_behind_edge.delete(machine)


def test_a_launch_that_does_not_end_well_keeps_the_machines_id(
    aws_behind_edge: Driver, edge: Edge, inputs: dict[str, Any]
) -> None:
    edge.rewrite(
        "DescribeInstances", b"<name>running</name>", b"<name>shutting-down</name>", times=1
    )
    with pytest.raises(grpc.RpcError) as caught:
        aws_behind_edge.create(INSTANCE, "node", **inputs, userData=Secret("x y"))
    error: Any = caught.value
    lost = _init_failure(error)
    assert lost.id.startswith("i-")
    assert "shutting-down" in lost.reasons[0]
    assert decode(lost.properties)["userData"] == Secret("x y")

    machine = Resource(INSTANCE, "node", lost.id, decode(lost.inputs), decode(lost.properties))
    assert aws_behind_edge.diff(machine, **inputs, userData="x y").paths == set()
    aws_behind_edge.delete(machine)


def _init_failure(error: Any) -> provider_pb2.ErrorResourceInitFailed:
    metadata = dict(error.trailing_metadata())
    status = status_pb2.Status.FromString(metadata["grpc-status-details-bin"])
    failure = provider_pb2.ErrorResourceInitFailed()
    assert status.details[0].Unpack(failure)
    return failure


def test_a_lack_of_capacity_is_told_at_once_with_the_machines_name(
    aws_behind_edge: Driver, edge: Edge, inputs: dict[str, Any]
) -> None:
    edge.refuse("RunInstances", "InsufficientInstanceCapacity", status=500)
    with pytest.raises(grpc.RpcError) as caught:
        aws_behind_edge.create(INSTANCE, "node-3", **inputs)
    error: Any = caught.value
    assert "creating EC2 instance node-3: InsufficientInstanceCapacity" in error.details()
    assert "run the update again later" in error.details()
    assert not error.trailing_metadata()
    assert edge.counted()["RunInstances"] == 1


def test_throttled_calls_are_tried_again(
    aws_behind_edge: Driver, edge: Edge, inputs: dict[str, Any]
) -> None:
    edge.refuse("RunInstances", "RequestLimitExceeded", times=2, status=503)
    machine = aws_behind_edge.create(INSTANCE, "node", **inputs)
    assert edge.counted()["RunInstances"] == 3
    tokens = {each["ClientToken"] for each in edge.calls if each["Action"] == "RunInstances"}
    assert len(tokens) == 1
    aws_behind_edge.delete(machine)


def test_endless_throttling_is_an_error_that_says_so(
    aws_behind_edge: Driver, edge: Edge, inputs: dict[str, Any]
) -> None:
    edge.refuse("RunInstances", "RequestLimitExceeded", status=503)
    with pytest.raises(grpc.RpcError, match=r"RequestLimitExceeded.*after 4 attempts"):
        aws_behind_edge.create(INSTANCE, "node", **inputs)


def test_a_repeated_create_of_one_update_bears_the_same_token(
    aws_behind_edge: Driver, edge: Edge, inputs: dict[str, Any]
) -> None:
    aws_behind_edge.seed = b"one update"
    first = aws_behind_edge.create(INSTANCE, "node", **inputs)
    again = aws_behind_edge.create(INSTANCE, "node", **inputs)
    aws_behind_edge.seed = b"another update"
    later = aws_behind_edge.create(INSTANCE, "node", **inputs)
    tokens = [each["ClientToken"] for each in edge.calls if each["Action"] == "RunInstances"]
    assert tokens[0] == tokens[1] != tokens[2]
    for machine in (first, again, later):
        aws_behind_edge.delete(machine)
