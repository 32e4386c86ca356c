"""What AWS has that belongs to a stack: by its tags, and by its place where it has none."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Any

from components.aws import actions
from scripts.left_behind import KINDS, NAMING_TAGS, Json, Tagged

Ec2 = Any
"""boto3's client of EC2: its methods are made at run time."""
_ASKED = {
    "i": ("describe_instances", "Reservations", "InstanceId"),
    "vol": ("describe_volumes", "Volumes", "VolumeId"),
    "eipalloc": ("describe_addresses", "Addresses", "AllocationId"),
    "eni": ("describe_network_interfaces", "NetworkInterfaces", "NetworkInterfaceId"),
    "sgr": ("describe_security_group_rules", "SecurityGroupRules", "SecurityGroupRuleId"),
    "sg": ("describe_security_groups", "SecurityGroups", "GroupId"),
    "key": ("describe_key_pairs", "KeyPairs", "KeyPairId"),
    "rtb": ("describe_route_tables", "RouteTables", "RouteTableId"),
    "subnet": ("describe_subnets", "Subnets", "SubnetId"),
    "igw": ("describe_internet_gateways", "InternetGateways", "InternetGatewayId"),
    "vpc": ("describe_vpcs", "Vpcs", "VpcId"),
}
"""By kind: what EC2 is asked, where its answer lists them, and what it calls their id."""


def tagged(ec2: Ec2, project: str, stack: str) -> list[Tagged]:
    """The resources with a stack's tags, of the kinds that the program makes.

    Each is asked for itself, as tags outlive what they were on. Left out are instances that are
    terminated, and the root volumes of instances, which go with them.
    """
    filters = [
        {"Name": "tag:project", "Values": [project]},
        {"Name": "tag:stack", "Values": [stack]},
    ]
    return [
        one
        for kind in KINDS
        for one in sorted(_of_kind(ec2, kind, filters), key=lambda one: one.id)
        if kind != "vol" or one.tags.get("Name", "").endswith("-data")
    ]


def _of_kind(ec2: Ec2, kind: str, filters: list[Json]) -> Iterator[Tagged]:
    method, listed, id_ = _ASKED[kind]
    if ec2.can_paginate(method):
        pages = ec2.get_paginator(method).paginate(Filters=filters)
    else:
        pages = [getattr(ec2, method)(Filters=filters)]
    for page in pages:
        for one in _there(page[listed]):
            tags = {tag["Key"]: tag["Value"] for tag in one.get("Tags") or one["TagSet"]}
            yield Tagged(one[id_], {key: tags[key] for key in NAMING_TAGS if key in tags})


def _there(found: list[Json]) -> list[Json]:
    """The things themselves; instances come by reservation, and for an hour after their end."""
    return [
        one
        for entry in found
        for one in entry.get("Instances", [entry])
        if "Instances" not in entry or one["State"]["Name"] not in ("shutting-down", "terminated")
    ]


def key_names(ec2: Ec2) -> dict[str, str]:
    """The names of key pairs by their ids: Pulumi's id of a key pair is its name."""
    return {one["KeyPairId"]: one["KeyName"] for one in ec2.describe_key_pairs()["KeyPairs"]}


def untagged(ec2: Ec2, resource: Json) -> str | None:
    """The id of what an interrupted create without tags has made.

    Returns:
        The id; empty where it has made nothing; None where it can't be looked for.
    """
    inputs = resource["inputs"]
    match resource["type"]:
        case "aws:ec2/route:Route":
            return _route(_table(ec2, inputs["routeTableId"]), inputs)
        case "aws:ec2/routeTableAssociation:RouteTableAssociation":
            return _association(_table(ec2, inputs["routeTableId"]), inputs)
        case "aws:ec2/volumeAttachment:VolumeAttachment":
            return _attachment(ec2, inputs)
        case actions.IN_A_GROUP:
            return _group_attachment(ec2, inputs)
    return None


def _table(ec2: Ec2, identifier: str) -> Json:
    filters = [{"Name": "route-table-id", "Values": [identifier]}]
    tables = ec2.describe_route_tables(Filters=filters)["RouteTables"]
    return tables[0] if tables else {"Routes": [], "Associations": []}


def _route(table: Json, inputs: Json) -> str:
    destination = inputs["destinationCidrBlock"]
    if destination not in [route.get("DestinationCidrBlock") for route in table["Routes"]]:
        return ""
    # As the provider makes it: the table's id, and the checksum of the destination.
    return f"r-{inputs['routeTableId']}{zlib.crc32(destination.encode())}"


def _association(table: Json, inputs: Json) -> str:
    for association in table["Associations"]:
        if association.get("SubnetId") == inputs["subnetId"]:
            return str(association["RouteTableAssociationId"])
    return ""


def _group_attachment(ec2: Ec2, inputs: Json) -> str:
    interface, group = inputs["networkInterfaceId"], inputs["securityGroupId"]
    filters = [
        {"Name": "network-interface-id", "Values": [interface]},
        {"Name": "group-id", "Values": [group]},
    ]
    found = ec2.describe_network_interfaces(Filters=filters)["NetworkInterfaces"]
    return f"{group}_{interface}" if found else ""


def _attachment(ec2: Ec2, inputs: Json) -> str:
    filters = [
        {"Name": "volume-id", "Values": [inputs["volumeId"]]},
        {"Name": "attachment.instance-id", "Values": [inputs["instanceId"]]},
    ]
    if not ec2.describe_volumes(Filters=filters)["Volumes"]:
        return ""
    # As the provider makes it: a checksum of what is attached to what.
    key = f"{inputs['deviceName']}-{inputs['instanceId']}-{inputs['volumeId']}-"
    return f"vai-{zlib.crc32(key.encode())}"
