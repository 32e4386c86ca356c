"""The EC2 instances of a cluster that somebody made by hand, by their ids or tags."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from components.settings.aws_values import is_id
from scripts.pulumi_cli import PulumiError

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_ec2.type_defs import InstanceTypeDef

_BASE, _TAG = "base=", "tag:"
_LIKE_AN_ID = re.compile("i-[0-9a-f]+")


@dataclass(frozen=True)
class Instance:
    """An instance that runs.

    Attributes:
        id: its own.
        type: its EC2 type.
        interface: id of its primary network interface.
        address: allocation id of its Elastic IP; empty where it has none.
        public_ip, private_ip: its addresses.
        vpc, subnet: ids of where it is.
    """

    id: str
    type: str
    interface: str
    address: str
    public_ip: str
    private_ip: str
    vpc: str
    subnet: str


def are_of_aws(words: Sequence[str]) -> bool:
    """Whether machines are named by what AWS knows them by: `i-0abc`, or `tag:KEY=VALUE`."""
    plain = [one.removeprefix(_BASE) for one in words]
    return any(_LIKE_AN_ID.fullmatch(one) or one.startswith(_TAG) for one in plain)


def find(ec2: EC2Client, words: Sequence[str]) -> list[Instance]:
    """The instances that words name, the base first.

    Of those that a tag names the one with the lowest private address comes first.

    Raises:
        PulumiError: with every word that names none that can be taken over.
        BotoCoreError, ClientError: AWS can't be asked.
    """
    bases = [one for one in words if one.startswith(_BASE)]
    nodes = [one for one in words if not one.startswith(_BASE)]
    found: list[Instance] = []
    problems = []
    for word in [*bases, *nodes]:
        try:
            named = _named(ec2, word.removeprefix(_BASE))
        except LookupError as error:
            problems.append(f"{word}: {error}")
            continue
        if word.startswith(_BASE) and len(named) != 1:
            ids = ", ".join(one.id for one in named)
            problems.append(f"{word}: must name one instance that runs, got {ids or 'none'}")
        elif not named:
            problems.append(f"{word}: no instance that runs has it")
        found += [one for one in named if one not in found]
    if len(bases) != 1 or not nodes:
        problems.append("must name one base and its nodes: base=i-0123456789abcdef0 tag:role=node")
    elif not problems and len(found) == 1:
        problems.append(f"no node is named beside the base, {found[0].id}")
    if len({one.vpc for one in found}) > 1:
        where = ", ".join(f"{one.id} in {one.vpc}" for one in found)
        problems.append(f"the instances must be in one VPC, got {where}")
    if problems:
        told = "\n".join(f"  {one}" for one in problems)
        raise PulumiError(
            f"These instances can't be taken over. Nothing was changed or written.\n{told}\n"
            "  Next: aws ec2 describe-instances --filters Name=instance-state-name,Values=running"
        )
    return found


def _named(ec2: EC2Client, word: str) -> list[Instance]:
    """The instances that one word names, by rising private address.

    Raises:
        LookupError: one of them can't be taken over, or it's no such word.
    """
    key, equals, value = word.removeprefix(_TAG).partition("=")
    if is_id("i", word):
        wanted = {"Name": "instance-id", "Values": [word]}
    elif word.startswith(_TAG) and key and equals:
        wanted = {"Name": f"tag:{key}", "Values": [value]}
    else:
        raise LookupError("must be an id, as i-0123456789abcdef0, or tag:KEY=VALUE")
    runs = {"Name": "instance-state-name", "Values": ["running"]}
    pages = ec2.get_paginator("describe_instances").paginate(Filters=[wanted, runs])  # type: ignore[list-item]
    there = [one for page in pages for held in page["Reservations"] for one in held["Instances"]]
    if not there and is_id("i", word):
        raise LookupError("AWS has no such instance that runs in this region")
    hidden = [one["InstanceId"] for one in there if not one.get("PublicIpAddress")]
    if hidden:
        raise LookupError(f"{', '.join(hidden)}: no public address")
    found = [_instance(ec2, one) for one in there]
    return sorted(found, key=lambda one: [int(part) for part in one.private_ip.split(".")])


def _instance(ec2: EC2Client, told: InstanceTypeDef) -> Instance:
    """An instance that runs, as AWS describes it."""
    primary = next(
        one for one in told["NetworkInterfaces"] if one["Attachment"]["DeviceIndex"] == 0
    )
    filters = [{"Name": "network-interface-id", "Values": [primary["NetworkInterfaceId"]]}]
    elastic = ec2.describe_addresses(Filters=filters)["Addresses"]  # type: ignore[arg-type]
    return Instance(
        told["InstanceId"],
        told["InstanceType"],
        primary["NetworkInterfaceId"],
        elastic[0]["AllocationId"] if elastic else "",
        told["PublicIpAddress"],
        told["PrivateIpAddress"],
        told["VpcId"],
        told["SubnetId"],
    )
