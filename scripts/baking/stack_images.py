"""A stack's images of nodes: made of a machine that is stopped, listed, removed when they're old.

Source: EC2 API, CreateImage, DescribeImages, DeregisterImage, DeleteSnapshot: an image that is
deregistered leaves its snapshot.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from components.aws import baked_image
from components.aws.machine_image import OWN, UBUNTU, UBUNTU_OWNER
from components.settings.table import Settings
from scripts.baking.builder import PAUSE_SECONDS, Ec2, tag_list
from scripts.pulumi_cli import PulumiError

_LONGEST_NAME = 128
_PENDING = ("pending", "transient")
_STARTED = ("pending", "running", "stopping", "stopped")


@dataclass(frozen=True)
class Image:
    """An image of nodes.

    Attributes:
        id: AWS's.
        state: `available`, `pending`, `failed`, …
        made: when, as AWS tells it.
        version: of OpenVidu.
        source: owner and name of the image that it was made from.
        snapshots: those with its disk.
    """

    id: str
    state: str
    made: str
    version: str
    source: str
    snapshots: tuple[str, ...] = ()


@dataclass(frozen=True)
class Fate:
    """What becomes of an image when old ones are removed.

    Attributes:
        image: the image.
        kept: why it stays; empty where it goes.
    """

    image: Image
    kept: str


def source_of(ec2: Ec2, settings: Settings) -> Mapping[str, Any]:
    """The image that the builder starts from, as other machines of the stack.

    Raises:
        PulumiError: there is none.
    """
    if settings.image_id:
        owner, having = settings.image_owner or OWN, {"image-id": settings.image_id}
    else:
        owner, having = settings.image_owner or UBUNTU_OWNER, UBUNTU
    found = _described(ec2, owner, {**having, "state": "available"})
    if not found:
        wanted = settings.image_id or UBUNTU["name"]
        raise PulumiError(
            f"{owner} has no image {wanted} in this region that is available: there is nothing to "
            "make an image from.\n  Next: pulumi preview"
        )
    return found[-1]


def make(ec2: Ec2, instance: str, name: str, tags: Mapping[str, str]) -> str:
    """Have AWS make an image of an instance that is stopped; returns its id."""
    made = ec2.create_image(
        InstanceId=instance,
        Name=name[:_LONGEST_NAME],
        Description="Docker and the images of an OpenVidu node, by scripts.bake",
        TagSpecifications=[
            {"ResourceType": kind, "Tags": tag_list(tags)} for kind in ("image", "snapshot")
        ],
    )
    return str(made["ImageId"])


def tags_of(
    settings: Settings,
    stack_tags: Mapping[str, str],
    source: Mapping[str, Any],
    at: datetime,
    digests: Mapping[str, str],
) -> dict[str, str]:
    """The tags of an image: whose it is, its version, and what it was made of.

    Args:
        settings: give the version.
        stack_tags: the stack's.
        source: what the builder started from.
        at: when it's made.
        digests: of the scripts, by tag.
    """
    owner = settings.image_owner or (OWN if settings.image_id else UBUNTU_OWNER)
    return {
        **stack_tags,
        "Name": name_of(settings, stack_tags, at),
        "role": baked_image.ROLE,
        baked_image.VERSION: settings.openvidu_version,
        baked_image.SOURCE: f"{owner} {source.get('Name', '')}".strip(),
        baked_image.SOURCE_IMAGE: source["ImageId"],
        baked_image.MADE: f"{at:%Y-%m-%dT%H:%M:%SZ}",
        **digests,
    }


def name_of(settings: Settings, stack_tags: Mapping[str, str], at: datetime) -> str:
    """An image's name, of which there is one in an account and region."""
    of_stack = f"{stack_tags['project']}-{stack_tags['stack']}"
    return f"{of_stack}-node-{settings.openvidu_version}-{at:%Y%m%dT%H%M%SZ}"


def wait_for(
    ec2: Ec2, image: str, pause: Callable[[], None] = lambda: time.sleep(PAUSE_SECONDS)
) -> None:
    """Wait until an image can be started from.

    Raises:
        PulumiError: AWS couldn't make it.
    """
    while True:
        filters = [{"Name": "image-id", "Values": [image]}]
        found = ec2.describe_images(Owners=[OWN], Filters=filters)["Images"]
        # It isn't known everywhere at once.
        state = found[0]["State"] if found else "pending"
        if state == "available":
            return
        if state not in _PENDING:
            why = (found[0].get("StateReason") or {}).get("Message") or "no reason"
            raise PulumiError(
                f"{image} is {state}, says AWS: {why}\n"
                "  Next: uv run openvidu-enterprise bake; to remove what is left of it: "
                "uv run openvidu-enterprise bake --prune"
            )
        pause()


def of_stack(ec2: Ec2, stack_tags: Mapping[str, str]) -> list[Image]:
    """The images of a stack, the newest one last."""
    return [_image(one) for one in _described(ec2, OWN, baked_image.of_stack(stack_tags))]


def fates(
    images: Sequence[Image], fitting: Sequence[str], used: Mapping[str, Sequence[str]]
) -> list[Fate]:
    """What becomes of a stack's images. Pure.

    Args:
        images: all of them.
        fitting: ids of those that fit the configuration, the newest one last.
        used: names of machines by the image that they have started from.
    """
    return [Fate(one, _why_kept(one, fitting[-1:], used.get(one.id, ()))) for one in images]


def _why_kept(image: Image, newest: Sequence[str], machines: Sequence[str]) -> str:
    if image.id in newest:
        return "new nodes start from it"
    if machines:
        # A node whose type changes is made anew from the image that it has.
        return f"{', '.join(machines)} started from it, and may again"
    return "it's being made" if image.state in _PENDING else ""


def fitting_of(ec2: Ec2, settings: Settings, stack_tags: Mapping[str, str]) -> list[str]:
    """Ids of the images that new nodes can start from, the newest one last."""
    found = _described(ec2, OWN, baked_image.fitting(settings, stack_tags))
    return [str(one["ImageId"]) for one in found]


def used_by(ec2: Ec2, images: Sequence[Image]) -> dict[str, list[str]]:
    """Names of machines, of any stack, by the image of these that they have started from."""
    found: dict[str, list[str]] = {}
    if not images:
        return found
    filters = [
        {"Name": "image-id", "Values": [one.id for one in images]},
        {"Name": "instance-state-name", "Values": [*_STARTED]},
    ]
    for page in ec2.get_paginator("describe_instances").paginate(Filters=filters):
        for group in page["Reservations"]:
            for one in group["Instances"]:
                tags = {tag["Key"]: tag["Value"] for tag in one.get("Tags", ())}
                found.setdefault(one["ImageId"], []).append(tags.get("Name", one["InstanceId"]))
    return found


def remove(ec2: Ec2, images: Sequence[Image]) -> Iterator[str]:
    """Remove images with their snapshots; says of each that it's gone.

    Raises:
        BotoCoreError, ClientError: AWS doesn't.
    """
    for image in images:
        ec2.deregister_image(ImageId=image.id)
        yield f"{image.id} is removed"
        for snapshot in image.snapshots:
            ec2.delete_snapshot(SnapshotId=snapshot)
            yield f"{snapshot}, its snapshot, is removed"


def left_snapshots(ec2: Ec2, stack_tags: Mapping[str, str], images: Sequence[Image]) -> list[str]:
    """Snapshots whose image is gone, as where a removal was cut."""
    filters = _filters(baked_image.of_stack(stack_tags))
    pages = ec2.get_paginator("describe_snapshots").paginate(OwnerIds=[OWN], Filters=filters)
    known = {snapshot for image in images for snapshot in image.snapshots}
    return [
        one["SnapshotId"]
        for page in pages
        for one in page["Snapshots"]
        if one["SnapshotId"] not in known and one["State"] != "pending"
    ]


def _described(ec2: Ec2, owner: str, having: Mapping[str, str]) -> list[Mapping[str, Any]]:
    """Images, the newest one last."""
    pages = ec2.get_paginator("describe_images").paginate(Owners=[owner], Filters=_filters(having))
    found = [one for page in pages for one in page["Images"]]
    return sorted(found, key=lambda one: str(one.get("CreationDate", "")))


def _filters(having: Mapping[str, str]) -> list[dict[str, Any]]:
    return [{"Name": name, "Values": [value]} for name, value in having.items()]


def _image(told: Mapping[str, Any]) -> Image:
    tags = {tag["Key"]: tag["Value"] for tag in told.get("Tags", ())}
    snapshots = (
        one.get("Ebs", {}).get("SnapshotId") for one in told.get("BlockDeviceMappings", ())
    )
    return Image(
        told["ImageId"],
        told["State"],
        tags.get(baked_image.MADE) or str(told.get("CreationDate", "")),
        tags.get(baked_image.VERSION, ""),
        tags.get(baked_image.SOURCE, ""),
        tuple(one for one in snapshots if one),
    )
