"""aws:ec2/internetGateway:InternetGateway.

Source: terraform-provider-aws 6, aws_internet_gateway.
"""

from __future__ import annotations

from typing import Any, Final

from lab.providers.aws.call import MINUTE, Call
from lab.providers.aws.errors import gone_is_fine
from lab.providers.aws.facts import fact
from lab.providers.aws.resource_type import Change, ResourceType, update
from lab.providers.aws.resources.lookup import find_one, given
from lab.providers.aws.rules import identifier as an_id
from lab.providers.aws.schema import State
from lab.providers.aws.tags import specification, tag_map

_DELETE_SECONDS: Final = 20 * MINUTE


def _create(call: Call, inputs: State) -> str:
    arguments = given(TagSpecifications=specification("internet-gateway", inputs))
    answer = call.ec2.create_internet_gateway(**arguments)
    return answer["InternetGateway"]["InternetGatewayId"]


def _find(call: Call, identifier: str) -> dict[str, Any] | None:
    return find_one(
        lambda: call.ec2.describe_internet_gateways(InternetGatewayIds=[identifier]),
        "InternetGateways",
    )


def _read(call: Call, identifier: str, state: State) -> State | None:
    gateway = _find(call, identifier)
    if gateway is None:
        return None
    owner = gateway.get("OwnerId")
    attachments = gateway.get("Attachments") or [{}]
    return {
        "arn": call.arn("internet-gateway", identifier, owner),
        "ownerId": owner,
        "tagsAll": tag_map(gateway.get("Tags")),
        "vpcId": attachments[0].get("VpcId", ""),
    }


def _move(call: Call, identifier: str, change: Change) -> None:
    if change.old.get("vpcId") and _read_vpc(call, identifier):
        _detach(call, identifier, change.old["vpcId"])
    if change.new.get("vpcId"):
        call.ec2.attach_internet_gateway(InternetGatewayId=identifier, VpcId=change.new["vpcId"])


def _read_vpc(call: Call, identifier: str) -> str | None:
    state = _read(call, identifier, {})
    return state["vpcId"] if state else None


def _detach(call: Call, identifier: str, vpc: str) -> None:
    with gone_is_fine():
        call.insist(
            f"public addresses in VPC {vpc} to be gone",
            lambda: call.ec2.detach_internet_gateway(InternetGatewayId=identifier, VpcId=vpc),
            on={"DependencyViolation"},
            seconds=_DELETE_SECONDS,
        )


def _delete(call: Call, identifier: str, state: State) -> None:
    vpc = _read_vpc(call, identifier)
    if vpc:
        _detach(call, identifier, vpc)
    with gone_is_fine():
        call.insist(
            f"internet gateway {identifier} to be detached",
            lambda: call.ec2.delete_internet_gateway(InternetGatewayId=identifier),
            on={"DependencyViolation"},
            seconds=_DELETE_SECONDS,
        )


INTERNET_GATEWAY: Final = ResourceType(
    name="aws:ec2/internetGateway:InternetGateway",
    noun="internet gateway",
    inputs={"vpcId": fact(an_id("vpc"))},
    create=_create,
    read=_read,
    updates=(update(_move, "vpcId"),),
    delete=_delete,
)
