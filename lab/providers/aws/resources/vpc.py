"""aws:ec2/vpc:Vpc. IPv6 and IPAM are not known here.

Source: terraform-provider-aws 6, aws_vpc.
"""

from __future__ import annotations

from typing import Any, Final

from lab.providers.aws.call import MINUTE, Call
from lab.providers.aws.errors import gone_is_fine
from lab.providers.aws.facts import fact, facts
from lab.providers.aws.resource_type import Apply, Change, ResourceType, update
from lab.providers.aws.resources.lookup import find_one, given, where
from lab.providers.aws.rules import ipv4_network, one_of
from lab.providers.aws.schema import State
from lab.providers.aws.tags import specification, tag_map

# Pulumi's name of each attribute that has calls of its own, and AWS's.
_ATTRIBUTES: Final = {
    "enableDnsSupport": "EnableDnsSupport",
    "enableDnsHostnames": "EnableDnsHostnames",
    "enableNetworkAddressUsageMetrics": "EnableNetworkAddressUsageMetrics",
}
_DELETE_SECONDS: Final = 5 * MINUTE


def _create(call: Call, inputs: State) -> str:
    arguments = given(
        CidrBlock=inputs.get("cidrBlock"),
        InstanceTenancy=inputs.get("instanceTenancy"),
        TagSpecifications=specification("vpc", inputs),
    )
    return call.ec2.create_vpc(**arguments)["Vpc"]["VpcId"]


def _find(call: Call, identifier: str) -> dict[str, Any] | None:
    return find_one(lambda: call.ec2.describe_vpcs(VpcIds=[identifier]), "Vpcs")


def _settle(call: Call, identifier: str, inputs: State) -> None:
    def available() -> bool | None:
        vpc = _find(call, identifier)
        return True if vpc and vpc.get("State") == "available" else None

    call.wait(f"VPC {identifier} to be available", available, seconds=5 * MINUTE)


def _read(call: Call, identifier: str, state: State) -> State | None:
    vpc = _find(call, identifier)
    if vpc is None:
        return None
    owner = vpc.get("OwnerId")
    return {
        "arn": call.arn("vpc", identifier, owner),
        "cidrBlock": vpc.get("CidrBlock"),
        "dhcpOptionsId": vpc.get("DhcpOptionsId"),
        "instanceTenancy": vpc.get("InstanceTenancy"),
        "ownerId": owner,
        "tagsAll": tag_map(vpc.get("Tags")),
        **{name: _attribute(call, identifier, name) for name in _ATTRIBUTES},
        **_companions(call, identifier),
    }


def _attribute(call: Call, identifier: str, name: str) -> bool | None:
    answer: Any = call.ec2.describe_vpc_attribute(
        VpcId=identifier,
        Attribute=name,  # type: ignore[arg-type]  # EC2 has the same names for them
    )
    return (answer.get(_ATTRIBUTES[name]) or {}).get("Value")


def _companions(call: Call, identifier: str) -> State:
    """The route table, access list and security group that came with the VPC."""
    ec2 = call.ec2
    in_vpc = where(vpc_id=identifier)
    main = where(association__main="true")
    tables = ec2.describe_route_tables(Filters=in_vpc + main)["RouteTables"]
    lists = ec2.describe_network_acls(Filters=in_vpc + where(default="true"))["NetworkAcls"]
    named = where(group_name="default")
    groups = ec2.describe_security_groups(Filters=in_vpc + named)["SecurityGroups"]
    table = tables[0].get("RouteTableId") if tables else None
    return {
        "mainRouteTableId": table,
        "defaultRouteTableId": table,
        "defaultNetworkAclId": lists[0].get("NetworkAclId") if lists else None,
        "defaultSecurityGroupId": groups[0].get("GroupId") if groups else None,
    }


def _set_attribute(name: str) -> Apply:
    def apply(call: Call, identifier: str, change: Change) -> None:
        arguments: Any = {_ATTRIBUTES[name]: {"Value": bool(change.new.get(name))}}
        call.ec2.modify_vpc_attribute(VpcId=identifier, **arguments)

    return apply


def _of_a_vpc(value: Any) -> str | None:
    """Source: Amazon VPC user guide, "VPC CIDR blocks"."""
    bits = int(value.partition("/")[2] or 0) if ipv4_network(value) is None else 16
    return None if 16 <= bits <= 28 else f"expected a network of /16 to /28, got {value}"


def _delete(call: Call, identifier: str, state: State) -> None:
    with gone_is_fine():
        call.insist(
            f"everything in VPC {identifier} to be gone",
            lambda: call.ec2.delete_vpc(VpcId=identifier),
            on={"DependencyViolation"},
            seconds=_DELETE_SECONDS,
        )


VPC: Final = ResourceType(
    name="aws:ec2/vpc:Vpc",
    noun="VPC",
    inputs={
        **facts("enableDnsHostnames", "enableNetworkAddressUsageMetrics"),
        "cidrBlock": fact(ipv4_network, _of_a_vpc, required=True),
        "enableDnsSupport": fact(default=True),
        "instanceTenancy": fact(one_of("default", "dedicated"), default="default"),
    },
    create=_create,
    settle=_settle,
    read=_read,
    updates=tuple(update(_set_attribute(name), name) for name in _ATTRIBUTES),
    delete=_delete,
)
