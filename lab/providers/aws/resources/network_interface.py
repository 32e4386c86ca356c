"""aws:ec2/networkInterface:NetworkInterface, with IPv4 addresses.

Source: terraform-provider-aws 6, aws_network_interface.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from botocore.exceptions import ClientError

from lab.providers.aws.call import MINUTE, Call
from lab.providers.aws.errors import code_of, gone_is_fine
from lab.providers.aws.facts import fact, facts
from lab.providers.aws.resource_type import Change, ResourceType, update
from lab.providers.aws.resources.lookup import find_one, given
from lab.providers.aws.rules import identifier as an_id
from lab.providers.aws.rules import ipv4_address
from lab.providers.aws.schema import State
from lab.providers.aws.tags import specification, tag_map
from lab.providers.base import UNKNOWN

_SETTLE_SECONDS: Final = 10 * MINUTE
_DELETE_SECONDS: Final = 10 * MINUTE
# What EC2 answers while the interface's instance is going.
_STILL_USED: Final = ("InvalidNetworkInterface.InUse", "InvalidParameterValue")


def find_interface(call: Call, identifier: str) -> dict[str, Any] | None:
    """The network interface with this id, as EC2 describes it."""
    return find_one(
        lambda: call.ec2.describe_network_interfaces(NetworkInterfaceIds=[identifier]),
        "NetworkInterfaces",
    )


def _create(call: Call, inputs: State) -> str:
    addresses = inputs.get("privateIps") or []
    arguments = given(
        SubnetId=inputs["subnetId"],
        Description=inputs.get("description"),
        Groups=inputs.get("securityGroups"),
        PrivateIpAddress=None if addresses else inputs.get("privateIp"),
        PrivateIpAddresses=[
            {"PrivateIpAddress": address, "Primary": index == 0}
            for index, address in enumerate(addresses)
        ],
        TagSpecifications=specification("network-interface", inputs),
    )
    answer = call.ec2.create_network_interface(ClientToken=call.token, **arguments)
    return answer["NetworkInterface"]["NetworkInterfaceId"]


def _settle(call: Call, identifier: str, inputs: State) -> None:
    def available() -> bool | None:
        interface = find_interface(call, identifier)
        return True if interface and interface.get("Status") != "pending" else None

    call.wait(f"interface {identifier} to be available", available, seconds=_SETTLE_SECONDS)


def _read(call: Call, identifier: str, state: State) -> State | None:
    interface = find_interface(call, identifier)
    if interface is None:
        return None
    owner = interface.get("OwnerId")
    # The primary address comes first, as in the real provider's ordered list.
    entries = interface.get("PrivateIpAddresses", ())
    addresses = [
        entry["PrivateIpAddress"] for entry in sorted(entries, key=lambda each: not each["Primary"])
    ]
    return {
        "arn": call.arn("network-interface", identifier, owner),
        "attachments": _attachments(interface),
        "description": interface.get("Description"),
        "interfaceType": interface.get("InterfaceType"),
        "macAddress": interface.get("MacAddress"),
        "ownerId": owner,
        "privateDnsName": interface.get("PrivateDnsName"),
        "privateIp": interface.get("PrivateIpAddress"),
        "privateIpLists": addresses,
        "privateIps": addresses,
        "privateIpsCount": max(0, len(addresses) - 1),
        "securityGroups": [group["GroupId"] for group in interface.get("Groups", ())],
        "sourceDestCheck": interface.get("SourceDestCheck"),
        "subnetId": interface.get("SubnetId"),
        "tagsAll": tag_map(interface.get("TagSet")),
    }


def _attachments(interface: dict[str, Any]) -> list[State]:
    attachment = interface.get("Attachment") or {}
    if not attachment.get("AttachmentId"):
        return []
    return [
        {
            "attachmentId": attachment["AttachmentId"],
            "deviceIndex": attachment.get("DeviceIndex"),
            "instance": attachment.get("InstanceId", ""),
        }
    ]


def _primary_goes(old: State, new: State) -> Iterator[str]:
    """Addresses come and go in place, except the primary one."""
    wanted = new.get("privateIps")
    if wanted is None or wanted is UNKNOWN:
        return
    if old.get("privateIp") not in wanted:
        yield "privateIps"


def _change_addresses(call: Call, identifier: str, change: Change) -> None:
    old, new = set(change.old.get("privateIps") or ()), set(change.new.get("privateIps") or ())
    if old - new:
        call.ec2.unassign_private_ip_addresses(
            NetworkInterfaceId=identifier, PrivateIpAddresses=sorted(old - new)
        )
    if new - old:
        call.ec2.assign_private_ip_addresses(
            NetworkInterfaceId=identifier, PrivateIpAddresses=sorted(new - old)
        )


def _keep_address(call: Call, identifier: str, change: Change) -> None:
    """The primary address stays as it is: the real provider shows a change, and makes none."""


def _change_groups(call: Call, identifier: str, change: Change) -> None:
    call.ec2.modify_network_interface_attribute(
        NetworkInterfaceId=identifier, Groups=change.new["securityGroups"]
    )


def _change_source_check(call: Call, identifier: str, change: Change) -> None:
    call.ec2.modify_network_interface_attribute(
        NetworkInterfaceId=identifier,
        SourceDestCheck={"Value": bool(change.new.get("sourceDestCheck"))},
    )


def _change_description(call: Call, identifier: str, change: Change) -> None:
    call.ec2.modify_network_interface_attribute(
        NetworkInterfaceId=identifier, Description={"Value": change.new.get("description", "")}
    )


def _delete(call: Call, identifier: str, state: State) -> None:
    _detach(call, identifier)
    with gone_is_fine():
        call.insist(
            f"interface {identifier} to be out of use",
            lambda: call.ec2.delete_network_interface(NetworkInterfaceId=identifier),
            on=_STILL_USED,
            seconds=_DELETE_SECONDS,
        )

    def gone() -> bool | None:
        return True if find_interface(call, identifier) is None else None

    call.wait(f"interface {identifier} to be gone", gone, seconds=_DELETE_SECONDS)


def _detach(call: Call, identifier: str) -> None:
    """Take the interface off its instance; a primary one goes only with the instance."""
    attachment = (find_interface(call, identifier) or {}).get("Attachment") or {}
    if not attachment.get("AttachmentId") or attachment.get("DeviceIndex") == 0:
        return
    try:
        call.ec2.detach_network_interface(AttachmentId=attachment["AttachmentId"], Force=True)
    except ClientError as error:
        if code_of(error) not in ("InvalidAttachmentID.NotFound", "IncorrectState"):
            raise


NETWORK_INTERFACE: Final = ResourceType(
    name="aws:ec2/networkInterface:NetworkInterface",
    noun="network interface",
    inputs={
        **facts("description"),
        "privateIp": fact(ipv4_address),
        "privateIps": fact(each=(ipv4_address,), replaces=False),
        "securityGroups": fact(each=(an_id("sg"),)),
        "sourceDestCheck": fact(default=True),
        "subnetId": fact(an_id("subnet")),
    },
    outputs=frozenset({"attachments", "interfaceType", "privateIpLists", "privateIpsCount"}),
    also_replaces=_primary_goes,
    create=_create,
    settle=_settle,
    read=_read,
    updates=(
        update(_change_addresses, "privateIps"),
        update(_keep_address, "privateIp"),
        update(_change_groups, "securityGroups"),
        update(_change_source_check, "sourceDestCheck"),
        update(_change_description, "description"),
    ),
    delete=_delete,
)
