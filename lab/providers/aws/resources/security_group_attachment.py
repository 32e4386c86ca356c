"""aws:ec2/networkInterfaceSecurityGroupAttachment:NetworkInterfaceSecurityGroupAttachment.

An interface's groups are one list in EC2: it's read and written one attachment at a time.

Source: terraform-provider-aws 6, aws_network_interface_sg_attachment.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Final

from lab.providers.aws.call import Call
from lab.providers.aws.errors import AwsError, gone_is_fine
from lab.providers.aws.facts import fact
from lab.providers.aws.resource_type import Located, ResourceType
from lab.providers.aws.resources.lookup import parts_of
from lab.providers.aws.resources.network_interface import find_interface
from lab.providers.aws.rules import identifier as an_id
from lab.providers.aws.schema import State

_ONE_AT_A_TIME: Final = threading.Lock()


def _create(call: Call, inputs: State) -> str:
    interface, group = inputs["networkInterfaceId"], inputs["securityGroupId"]
    with _ONE_AT_A_TIME:
        there = _groups(call, interface)
        if there is None:
            raise AwsError(f"reading EC2 Network Interface ({interface}): couldn't find resource")
        if group in there:
            raise AwsError(
                f"EC2 Security Group ({group}) already attached to EC2 Network Interface "
                f"({interface})"
            )
        _set(call, interface, [group, *there])
    return _identifier(inputs)


def _identifier(state: State) -> str:
    return f"{state['securityGroupId']}_{state['networkInterfaceId']}"


def _groups(call: Call, interface: str) -> list[str] | None:
    found = find_interface(call, interface)
    return None if found is None else [one["GroupId"] for one in found.get("Groups", ())]


def _set(call: Call, interface: str, groups: Sequence[str]) -> None:
    call.ec2.modify_network_interface_attribute(NetworkInterfaceId=interface, Groups=groups)


def _locate(call: Call, identifier: str) -> Located:
    interface, group = parts_of(identifier, "_", "<NetworkInterfaceId>_<SecurityGroupID>")
    state: State = {"networkInterfaceId": interface, "securityGroupId": group}
    return Located(_identifier(state), state)


def _read(call: Call, identifier: str, state: State) -> State | None:
    if state["securityGroupId"] not in (_groups(call, state["networkInterfaceId"]) or ()):
        return None
    return {name: state[name] for name in ("networkInterfaceId", "securityGroupId")}


def _delete(call: Call, identifier: str, state: State) -> None:
    interface = state["networkInterfaceId"]
    with _ONE_AT_A_TIME, gone_is_fine():
        if there := _groups(call, interface):
            _set(call, interface, [one for one in there if one != state["securityGroupId"]])


SECURITY_GROUP_ATTACHMENT: Final = ResourceType(
    name="aws:ec2/networkInterfaceSecurityGroupAttachment:NetworkInterfaceSecurityGroupAttachment",
    noun="security group attachment",
    inputs={"networkInterfaceId": fact(an_id("eni")), "securityGroupId": fact(an_id("sg"))},
    create=_create,
    locate=_locate,
    read=_read,
    delete=_delete,
)
