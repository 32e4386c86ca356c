"""What AWS has that belongs to a stack: by its tags, and by its place where it has none."""

from __future__ import annotations

import os
import zlib
from collections import defaultdict
from typing import Any

import boto3

from scripts.left_behind import KINDS, NAMING_TAGS, Json, Tagged

Ec2 = Any
"""boto3's client of EC2: its methods are made at run time."""
_THERE = ["pending", "running", "stopping", "stopped"]


def client(region: str | None, profile: str | None) -> Ec2:
    """A client for where a stack's provider works.

    Args:
        region: the provider's; the environment's where it has none.
        profile: likewise.
    """
    session = boto3.Session(profile_name=profile)
    return session.client("ec2", region_name=region or os.environ.get("AWS_REGION"))


def tagged(ec2: Ec2, project: str, stack: str) -> list[Tagged]:
    """The resources with a stack's tags, of the kinds that the program makes.

    Instances that are terminated keep their tags for an hour; they're left out, and so are the root
    volumes of instances, which go with them.
    """
    found: dict[str, dict[str, str]] = defaultdict(dict)
    filters = [
        {"Name": "key", "Values": [*NAMING_TAGS]},
        {"Name": "value", "Values": [project, stack, f"{project}-{stack}*"]},
    ]
    for page in ec2.get_paginator("describe_tags").paginate(Filters=filters):
        for tag in page["Tags"]:
            found[tag["ResourceId"]][tag["Key"]] = tag["Value"]
    running = _instances(ec2)
    mine = {"project": project, "stack": stack}.items()
    order = [*KINDS]
    return sorted(
        (
            Tagged(id_, tags)
            for id_, tags in found.items()
            if mine <= tags.items()
            and id_.partition("-")[0] in KINDS
            and (not id_.startswith("i-") or id_ in running)
            and (not id_.startswith("vol-") or tags.get("Name", "").endswith("-data"))
        ),
        key=lambda one: (order.index(one.id.partition("-")[0]), one.id),
    )


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
    return None


def _instances(ec2: Ec2) -> set[str]:
    filters = [{"Name": "instance-state-name", "Values": _THERE}]
    pages = ec2.get_paginator("describe_instances").paginate(Filters=filters)
    return {
        instance["InstanceId"]
        for page in pages
        for reservation in page["Reservations"]
        for instance in reservation["Instances"]
    }


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
