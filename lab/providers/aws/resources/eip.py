"""aws:ec2/eip:Eip, an Elastic IP of a VPC, and what it points at.

Source: terraform-provider-aws 6, aws_eip.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from lab.providers.aws.call import MINUTE, Call
from lab.providers.aws.errors import gone_is_fine
from lab.providers.aws.facts import fact, facts
from lab.providers.aws.resource_type import Change, ResourceType, update
from lab.providers.aws.resources.lookup import find_one, given
from lab.providers.aws.rules import identifier as an_id
from lab.providers.aws.rules import ipv4_address, one_of
from lab.providers.aws.schema import State, conflicts
from lab.providers.aws.tags import specification, tag_map

_ASSOCIATE_SECONDS: Final = 5 * MINUTE
_RELEASE_SECONDS: Final = 3 * MINUTE
# What EC2 answers while the instance is still starting, or the address still moving.
_NOT_YET: Final = ("IncorrectInstanceState", "InvalidInstanceID")
_STILL_USED: Final = ("InvalidIPAddress.InUse", "AuthFailure.AddressInUse")


def public_name(address: str, region: str) -> str:
    """The public DNS name that AWS gives to an address."""
    zone = "compute-1" if region == "us-east-1" else f"{region}.compute"
    return f"ec2-{address.replace('.', '-')}.{zone}.amazonaws.com"


def private_name(address: str, region: str) -> str:
    """The private DNS name that AWS gives to an address."""
    zone = "ec2" if region == "us-east-1" else f"{region}.compute"
    return f"ip-{address.replace('.', '-')}.{zone}.internal"


def _create(call: Call, inputs: State) -> str:
    arguments = given(
        Domain=inputs.get("domain", "vpc"),
        Address=inputs.get("address"),
        PublicIpv4Pool=inputs.get("publicIpv4Pool"),
        NetworkBorderGroup=inputs.get("networkBorderGroup"),
        TagSpecifications=specification("elastic-ip", inputs),
    )
    return call.ec2.allocate_address(**arguments)["AllocationId"]


def _find(call: Call, identifier: str) -> dict[str, Any] | None:
    return find_one(lambda: call.ec2.describe_addresses(AllocationIds=[identifier]), "Addresses")


def _settle(call: Call, identifier: str, inputs: State) -> None:
    call.wait(
        f"Elastic IP {identifier} to be there",
        lambda: _find(call, identifier),
        seconds=_ASSOCIATE_SECONDS,
    )


def _read(call: Call, identifier: str, state: State) -> State | None:
    address = _find(call, identifier)
    return describe(call, address) if address else None


def describe(call: Call, address: Mapping[str, Any]) -> State:
    """The outputs that an address has, which AWS has described."""
    public, private = address["PublicIp"], address.get("PrivateIpAddress") or ""
    return {
        "allocationId": address["AllocationId"],
        "arn": call.arn("elastic-ip", address["AllocationId"]),
        "associationId": address.get("AssociationId") or "",
        "domain": address.get("Domain"),
        "instance": address.get("InstanceId") or "",
        "networkBorderGroup": address.get("NetworkBorderGroup"),
        "networkInterface": address.get("NetworkInterfaceId") or "",
        "privateDns": private_name(private, call.region) if private else "",
        "privateIp": private,
        "publicDns": public_name(public, call.region),
        "publicIp": public,
        "publicIpv4Pool": address.get("PublicIpv4Pool"),
        "tagsAll": tag_map(address.get("Tags")),
    }


def _associate(call: Call, identifier: str, change: Change) -> None:
    """Point the address at what is wanted now; away from what it was pointed at, if at nothing."""
    new = change.new
    if not (new.get("instance") or new.get("networkInterface")):
        _disassociate(call, identifier)
        return
    arguments = given(
        AllocationId=identifier,
        InstanceId=new.get("instance"),
        NetworkInterfaceId=new.get("networkInterface"),
        PrivateIpAddress=new.get("associateWithPrivateIp"),
    )
    call.insist(
        f"Elastic IP {identifier} to be associated",
        lambda: call.ec2.associate_address(AllowReassociation=True, **arguments),
        on=_NOT_YET,
        seconds=_ASSOCIATE_SECONDS,
    )


def _disassociate(call: Call, identifier: str) -> None:
    association = (_find(call, identifier) or {}).get("AssociationId")
    if association:
        with gone_is_fine():
            call.ec2.disassociate_address(AssociationId=association)


def _delete(call: Call, identifier: str, state: State) -> None:
    if state.get("instance") or state.get("networkInterface"):
        _disassociate(call, identifier)
    with gone_is_fine():
        call.insist(
            f"Elastic IP {identifier} to be out of use",
            lambda: call.ec2.release_address(AllocationId=identifier),
            on=_STILL_USED,
            seconds=_RELEASE_SECONDS,
        )


EIP: Final = ResourceType(
    name="aws:ec2/eip:Eip",
    noun="Elastic IP",
    inputs={
        **facts("networkBorderGroup", "publicIpv4Pool"),
        "address": fact(ipv4_address),
        "associateWithPrivateIp": fact(ipv4_address),
        "domain": fact(one_of("vpc")),
        "instance": fact(an_id("i")),
        "networkInterface": fact(an_id("eni")),
    },
    checks=(conflicts("instance", "networkInterface"),),
    create=_create,
    settle=_settle,
    read=_read,
    updates=(update(_associate, "instance", "networkInterface", "associateWithPrivateIp"),),
    delete=_delete,
)
