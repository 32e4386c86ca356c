"""The machine that an image is made of: where it starts, and that it ends, whatever happens.

Source: EC2 API, RunInstances, StopInstances, TerminateInstances.
"""

from __future__ import annotations

import ipaddress
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from components.resource_names import of_urn
from components.settings.table import Settings
from scripts.pulumi_cli import PulumiError

NAME = "image-builder"
"""What it's called, as nodes are called `node-1`; its tag `role`, too."""
PAUSE_SECONDS = 5.0
_LIMIT_SECONDS = 900.0
"""For AWS to start or stop it."""
_ENDED = ("shutting-down", "terminated")
_INTERFACE, _INSTANCE = "aws:ec2/networkInterface:NetworkInterface", "aws:ec2/instance:Instance"
_KEY_PAIR = "aws:ec2/keyPair:KeyPair"

Ec2 = Any
"""boto3's client of EC2: its methods are made at run time."""


@dataclass(frozen=True)
class Place:
    """Where nodes of a stack start, and with what.

    Attributes:
        subnet: id of the subnet.
        groups: ids of the nodes' security groups.
        key_name: the stack's key pair.
        profile: the nodes' instance profile; empty where they have none.
        tags: the stack's, without those that are one machine's.
    """

    subnet: str
    groups: Sequence[str]
    key_name: str
    profile: str
    tags: Mapping[str, str]


def place_in(exported: Mapping[str, Any]) -> Place:
    """Where nodes start, in a state that was exported.

    Raises:
        PulumiError: there is no node yet.
    """
    interface, node, pair = _first_node(exported, "interface", _INTERFACE), None, None
    if interface:
        node = _first_node(exported, "", _INSTANCE)
    for one in exported["deployment"].get("resources", ()):
        if one["type"] == _KEY_PAIR and not one.get("delete"):
            pair = one["outputs"]
    if not (interface and node and pair):
        raise PulumiError(
            "This stack has no node on AWS yet: an image is made in its network, and with its SSH "
            "key.\n"
            "  Next: pulumi up"
        )
    tags = node.get("tagsAll") or node.get("tags") or {}
    return Place(
        interface["subnetId"],
        interface["securityGroups"],
        pair["keyName"],
        node.get("iamInstanceProfile") or "",
        {key: value for key, value in tags.items() if key not in ("Name", "role")},
    )


def _first_node(exported: Mapping[str, Any], part: str, kind: str) -> Mapping[str, Any] | None:
    """The outputs of what belongs to a node."""
    for one in exported["deployment"].get("resources", ()):
        name = of_urn(one["urn"])
        if one["type"] == kind and name and name.node and name.part == part:
            outputs: Mapping[str, Any] = one.get("outputs") or {}
            if not one.get("delete") and outputs:
                return outputs
    return None


def name_of(tags: Mapping[str, str]) -> str:
    """The builder's tag Name, by which Session Manager finds it, too."""
    return f"{tags['project']}-{tags['stack']}-{NAME}"


def free_address(ec2: Ec2, subnet: str) -> str:
    """The last address of a subnet that nobody has: new machines of the stack get the first ones.

    AWS would choose any, and it might be the next node's.

    Raises:
        PulumiError: there is none.
    """
    (told,) = ec2.describe_subnets(SubnetIds=[subnet])["Subnets"]
    filters = [{"Name": "subnet-id", "Values": [subnet]}]
    used = {
        address["PrivateIpAddress"]
        for page in ec2.get_paginator("describe_network_interfaces").paginate(Filters=filters)
        for one in page["NetworkInterfaces"]
        for address in one["PrivateIpAddresses"]
    }
    # Source: VPC guide, "Subnet sizing": the first four addresses and the last are AWS's.
    whole = [*ipaddress.IPv4Network(told["CidrBlock"])][4:-1]
    for address in reversed(whole):
        if str(address) not in used:
            return str(address)
    raise PulumiError(
        f"{subnet} has no free address for {NAME}. Nothing was made.\n"
        f"  Next: aws ec2 describe-network-interfaces --filters Name=subnet-id,Values={subnet}"
    )


def order(
    place: Place, settings: Settings, source: Mapping[str, Any], address: str
) -> dict[str, Any]:
    """What RunInstances is asked for.

    Args:
        place: where to start.
        settings: gives size and key of the volume.
        source: the image, as DescribeImages tells it.
        address: its private address.
    """
    tags = tag_list({**place.tags, "Name": name_of(place.tags), "role": NAME})
    volume = {
        "VolumeType": "gp3",
        "VolumeSize": settings.volume_size,
        "Encrypted": True,
        "DeleteOnTermination": True,
        **({"KmsKeyId": settings.kms_key_id} if settings.kms_key_id else {}),
    }
    return {
        "ImageId": source["ImageId"],
        "InstanceType": settings.node_instance_type,
        "MinCount": 1,
        "MaxCount": 1,
        "KeyName": place.key_name,
        "NetworkInterfaces": [
            {
                "DeviceIndex": 0,
                "SubnetId": place.subnet,
                "Groups": [*place.groups],
                "PrivateIpAddress": address,
                "AssociatePublicIpAddress": True,
                "DeleteOnTermination": True,
            }
        ],
        "BlockDeviceMappings": [{"DeviceName": source["RootDeviceName"], "Ebs": volume}],
        "MetadataOptions": {
            "HttpEndpoint": "enabled",
            "HttpTokens": "required",
            "HttpPutResponseHopLimit": 1,
        },
        **({"IamInstanceProfile": {"Name": place.profile}} if place.profile else {}),
        "TagSpecifications": [
            {"ResourceType": kind, "Tags": tags} for kind in ("instance", "volume")
        ],
    }


def tag_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Tags as EC2 takes them."""
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]


def require_none(ec2: Ec2, place: Place, region: str | None) -> None:
    """Make sure that no builder is there: one of a bake that runs, or that was killed.

    Raises:
        PulumiError: one is; says what removes it.
    """
    wanted = {f"tag:{key}": place.tags[key] for key in ("project", "stack")} | {"tag:role": NAME}
    filters = [{"Name": key, "Values": [value]} for key, value in wanted.items()]
    found = [
        one["InstanceId"]
        for page in ec2.get_paginator("describe_instances").paginate(Filters=filters)
        for group in page["Reservations"]
        for one in group["Instances"]
        if one["State"]["Name"] not in _ENDED
    ]
    if found:
        raise PulumiError(
            f"{name_of(place.tags)} is there already, {', '.join(found)}: another bake runs, or "
            "one was killed and has left it behind. Nothing was made.\n"
            f"  Next: wait for the other one; if none runs: {removal(found, region)}"
        )


def removal(found: Sequence[str], region: str | None) -> str:
    """The command that ends instances."""
    where = f" --region {region}" if region else ""
    return f"aws ec2 terminate-instances --instance-ids {' '.join(found)}{where}"


@contextmanager
def started(ec2: Ec2, asked: Mapping[str, Any], region: str | None) -> Iterator[str]:
    """Start it for the length of a `with`; gives its id. It's ended also where that is interrupted.

    Raises:
        BotoCoreError, ClientError: AWS doesn't start it.
    """
    instance = str(ec2.run_instances(**asked)["Instances"][0]["InstanceId"])
    try:
        yield instance
    finally:
        try:
            ec2.terminate_instances(InstanceIds=[instance])
        except BaseException:
            sys.stderr.write(
                f"{instance}, from which the image was made, couldn't be ended, and costs money.\n"
                f"  Next: {removal([instance], region)}\n"
            )
            raise


def reach(
    ec2: Ec2,
    instance: str,
    state: str,
    pause: Callable[[], None] = lambda: time.sleep(PAUSE_SECONDS),
    now: Callable[[], float] = time.monotonic,
) -> Mapping[str, Any]:
    """Wait until an instance is `running` or `stopped`; returns what AWS tells of it then.

    Raises:
        PulumiError: it ends instead, or isn't within the limit.
    """
    began = now()
    while True:
        filters = [{"Name": "instance-id", "Values": [instance]}]
        # It isn't known everywhere at once: by its id it would be an error meanwhile.
        groups = ec2.describe_instances(Filters=filters)["Reservations"]
        told: Mapping[str, Any] = groups[0]["Instances"][0] if groups else {}
        found = told["State"]["Name"] if told else "not known to AWS"
        if found == state:
            return told
        if found in _ENDED or now() - began > _LIMIT_SECONDS:
            why = (told.get("StateReason") or {}).get("Message") or "no reason"
            raise PulumiError(
                f"{instance} is {found}, expected {state}; AWS says: {why}. No image was made.\n"
                "  Next: uv run openvidu-enterprise bake"
            )
        pause()
