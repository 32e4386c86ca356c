"""aws:ec2/eipAssociation:EipAssociation.

Source: terraform-provider-aws 6, aws_eip_association.
"""

from __future__ import annotations

from typing import Any, Final

from botocore.exceptions import ClientError

from lab.providers.aws.call import MINUTE, Call
from lab.providers.aws.errors import code_of, gone_is_fine
from lab.providers.aws.facts import fact, facts
from lab.providers.aws.resource_type import ResourceType
from lab.providers.aws.resources.lookup import find_one, given, where
from lab.providers.aws.rules import identifier as an_id
from lab.providers.aws.rules import ipv4_address
from lab.providers.aws.schema import State, at_least_one_of, conflicts, exactly_one_of

_SECONDS: Final = 5 * MINUTE
# What EC2 answers while the instance is still starting.
_NOT_YET: Final = ("InvalidInstanceID", "IncorrectInstanceState")


def _create(call: Call, inputs: State) -> str:
    arguments = given(
        AllocationId=inputs.get("allocationId"),
        AllowReassociation=inputs.get("allowReassociation"),
        InstanceId=inputs.get("instanceId"),
        NetworkInterfaceId=inputs.get("networkInterfaceId"),
        PrivateIpAddress=inputs.get("privateIpAddress"),
        PublicIp=inputs.get("publicIp"),
    )

    def associate() -> str | None:
        try:
            return call.ec2.associate_address(**arguments)["AssociationId"]
        except ClientError as error:
            if code_of(error) in _NOT_YET:
                return None
            raise

    return call.wait("the instance to take the address", associate, seconds=_SECONDS)


def _find(call: Call, identifier: str) -> dict[str, Any] | None:
    filters = where(association_id=identifier)
    return find_one(lambda: call.ec2.describe_addresses(Filters=filters), "Addresses")


def _settle(call: Call, identifier: str, inputs: State) -> None:
    call.wait(
        f"association {identifier} to be in force",
        lambda: _find(call, identifier),
        seconds=_SECONDS,
    )


def _read(call: Call, identifier: str, state: State) -> State | None:
    address = _find(call, identifier)
    if address is None:
        return None
    return {
        "allocationId": address.get("AllocationId"),
        "instanceId": address.get("InstanceId") or "",
        "networkInterfaceId": address.get("NetworkInterfaceId"),
        "privateIpAddress": address.get("PrivateIpAddress"),
        "publicIp": address.get("PublicIp"),
    }


def _delete(call: Call, identifier: str, state: State) -> None:
    with gone_is_fine():
        call.ec2.disassociate_address(AssociationId=identifier)


EIP_ASSOCIATION: Final = ResourceType(
    name="aws:ec2/eipAssociation:EipAssociation",
    noun="Elastic IP association",
    inputs={
        **facts("allowReassociation"),
        "allocationId": fact(an_id("eipalloc")),
        "instanceId": fact(an_id("i")),
        "networkInterfaceId": fact(an_id("eni")),
        "privateIpAddress": fact(ipv4_address),
        "publicIp": fact(ipv4_address),
    },
    checks=(
        at_least_one_of("allocationId", "publicIp"),
        exactly_one_of("instanceId", "networkInterfaceId"),
        conflicts("allocationId", "publicIp"),
    ),
    create=_create,
    settle=_settle,
    read=_read,
    delete=_delete,
)
