"""aws:ec2/securityGroup:SecurityGroup. Its rules are resources of their own.

As the real provider does, a new group loses the rule with which AWS opens it outwards.
Source: terraform-provider-aws 6, aws_security_group.
"""

from __future__ import annotations

from typing import Any, Final

from lab.providers.aws.call import MINUTE, Call
from lab.providers.aws.errors import gone_is_fine
from lab.providers.aws.facts import fact
from lab.providers.aws.resource_type import AutoName, ResourceType
from lab.providers.aws.resources.lookup import find_one, given
from lab.providers.aws.rules import characters, security_group_name, security_group_text
from lab.providers.aws.rules import identifier as an_id
from lab.providers.aws.schema import State, conflicts
from lab.providers.aws.tags import specification, tag_map

_DELETE_SECONDS: Final = 15 * MINUTE
_SETTLE_SECONDS: Final = 5 * MINUTE


def _create(call: Call, inputs: State) -> str:
    prefix = inputs.get("namePrefix")
    arguments = given(
        GroupName=inputs.get("name") or f"{prefix}{call.token[:26]}",
        Description=inputs["description"],
        VpcId=inputs.get("vpcId"),
        TagSpecifications=specification("security-group", inputs),
    )
    return call.ec2.create_security_group(**arguments)["GroupId"]


def _find(call: Call, identifier: str) -> dict[str, Any] | None:
    return find_one(
        lambda: call.ec2.describe_security_groups(GroupIds=[identifier]), "SecurityGroups"
    )


def _settle(call: Call, identifier: str, inputs: State) -> None:
    group = call.wait(
        f"security group {identifier} to be there",
        lambda: _find(call, identifier),
        seconds=_SETTLE_SECONDS,
    )
    opened = group.get("IpPermissionsEgress")
    if opened:
        with gone_is_fine():
            call.ec2.revoke_security_group_egress(GroupId=identifier, IpPermissions=opened)


def _read(call: Call, identifier: str, state: State) -> State | None:
    group = _find(call, identifier)
    if group is None:
        return None
    owner = group.get("OwnerId")
    return {
        "arn": call.arn("security-group", identifier, owner),
        "description": group.get("Description"),
        "name": group.get("GroupName"),
        "ownerId": owner,
        "tagsAll": tag_map(group.get("Tags")),
        "vpcId": group.get("VpcId"),
    }


def _delete(call: Call, identifier: str, state: State) -> None:
    if state.get("revokeRulesOnDelete"):
        _revoke_all(call, identifier)
    with gone_is_fine():
        call.insist(
            f"security group {identifier} to be out of use",
            lambda: call.ec2.delete_security_group(GroupId=identifier),
            on={"DependencyViolation", "InvalidGroup.InUse"},
            seconds=_DELETE_SECONDS,
        )


def _revoke_all(call: Call, identifier: str) -> None:
    group = _find(call, identifier) or {}
    with gone_is_fine():
        if group.get("IpPermissions"):
            call.ec2.revoke_security_group_ingress(
                GroupId=identifier, IpPermissions=group["IpPermissions"]
            )
        if group.get("IpPermissionsEgress"):
            call.ec2.revoke_security_group_egress(
                GroupId=identifier, IpPermissions=group["IpPermissionsEgress"]
            )


SECURITY_GROUP: Final = ResourceType(
    name="aws:ec2/securityGroup:SecurityGroup",
    noun="security group",
    inputs={
        "description": fact(security_group_text, default="Managed by Pulumi"),
        "name": fact(security_group_name),
        "namePrefix": fact(security_group_name, characters(0, 229)),
        "revokeRulesOnDelete": fact(default=False),
        "vpcId": fact(an_id("vpc")),
    },
    checks=(conflicts("name", "namePrefix"),),
    provider_only=frozenset({"revokeRulesOnDelete"}),
    autoname=AutoName("name", "namePrefix"),
    create=_create,
    settle=_settle,
    read=_read,
    delete=_delete,
)
