"""aws:ec2/subnet:Subnet. IPv6, IPAM and Outposts are not known here.

Source: terraform-provider-aws 6, aws_subnet.
"""

from __future__ import annotations

from typing import Any, Final

from lab.providers.aws.call import MINUTE, Call
from lab.providers.aws.errors import gone_is_fine
from lab.providers.aws.facts import fact, facts
from lab.providers.aws.resource_type import Change, ResourceType, update
from lab.providers.aws.resources.lookup import find_one, given
from lab.providers.aws.rules import identifier as an_id
from lab.providers.aws.rules import ipv4_network
from lab.providers.aws.schema import State, conflicts
from lab.providers.aws.tags import specification, tag_map

# As in the real provider: interfaces of load balancers and the like take long to go.
_DELETE_SECONDS: Final = 20 * MINUTE


def _create(call: Call, inputs: State) -> str:
    arguments = given(
        VpcId=inputs["vpcId"],
        CidrBlock=inputs["cidrBlock"],
        AvailabilityZone=inputs.get("availabilityZone"),
        AvailabilityZoneId=inputs.get("availabilityZoneId"),
        TagSpecifications=specification("subnet", inputs),
    )
    return call.ec2.create_subnet(**arguments)["Subnet"]["SubnetId"]


def _find(call: Call, identifier: str) -> dict[str, Any] | None:
    return find_one(lambda: call.ec2.describe_subnets(SubnetIds=[identifier]), "Subnets")


def _settle(call: Call, identifier: str, inputs: State) -> None:
    def available() -> bool | None:
        subnet = _find(call, identifier)
        return True if subnet and subnet.get("State") == "available" else None

    call.wait(f"subnet {identifier} to be available", available, seconds=10 * MINUTE)


def _read(call: Call, identifier: str, state: State) -> State | None:
    subnet = _find(call, identifier)
    if subnet is None:
        return None
    owner = subnet.get("OwnerId")
    return {
        "arn": call.arn("subnet", identifier, owner),
        "availabilityZone": subnet.get("AvailabilityZone"),
        "availabilityZoneId": subnet.get("AvailabilityZoneId"),
        "cidrBlock": subnet.get("CidrBlock"),
        "mapPublicIpOnLaunch": subnet.get("MapPublicIpOnLaunch"),
        "ownerId": owner,
        "tagsAll": tag_map(subnet.get("Tags")),
        "vpcId": subnet.get("VpcId"),
    }


def _set_public_ip(call: Call, identifier: str, change: Change) -> None:
    call.ec2.modify_subnet_attribute(
        SubnetId=identifier,
        MapPublicIpOnLaunch={"Value": bool(change.new.get("mapPublicIpOnLaunch"))},
    )


def _delete(call: Call, identifier: str, state: State) -> None:
    with gone_is_fine():
        call.insist(
            f"everything in subnet {identifier} to be gone",
            lambda: call.ec2.delete_subnet(SubnetId=identifier),
            on={"DependencyViolation"},
            seconds=_DELETE_SECONDS,
        )


SUBNET: Final = ResourceType(
    name="aws:ec2/subnet:Subnet",
    noun="subnet",
    inputs={
        **facts("availabilityZone", "availabilityZoneId"),
        "cidrBlock": fact(ipv4_network, required=True),
        "mapPublicIpOnLaunch": fact(default=False),
        "vpcId": fact(an_id("vpc")),
    },
    checks=(conflicts("availabilityZone", "availabilityZoneId"),),
    create=_create,
    settle=_settle,
    read=_read,
    updates=(update(_set_public_ip, "mapPublicIpOnLaunch"),),
    delete=_delete,
)
