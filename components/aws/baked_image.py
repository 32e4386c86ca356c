"""Images of nodes that `scripts.bake` has made: by which tags they are known, and which one fits.

A stack takes its own only: who may make images for one stack can't have another start from them.
Source: EC2 API, DescribeImages, filters; EC2 guide, "Amazon Machine Images".
"""

from __future__ import annotations

from collections.abc import Mapping

import pulumi

from components.aws import machine_image
from components.aws.machine_image import ARCHITECTURE, OWN, UBUNTU_IMAGES, UBUNTU_OWNER
from components.installation import pinned
from components.previous_state import PreviousState
from components.settings.choices import BAKED
from components.settings.table import Settings
from openvidu.roles import NODE

ROLE = "node-image"
"""The tag `role` of an image, and of its snapshot."""
VERSION = "openvidu-version"
SOURCE, SOURCE_IMAGE = "source", "source-image"
"""Owner and name of the image that it was made from; and its id."""
INSTALL_SCRIPT = "install-script-sha256"
"""Of OpenVidu's, by which it was installed."""
MADE_BY = "made-by-sha256"
"""Of the scripts of `machine/` that have prepared it."""
MADE = "made"
_NEXT = "uv run openvidu-enterprise bake"


def of_stack(tags: Mapping[str, str]) -> dict[str, str]:
    """By which filters a stack's images are found.

    Args:
        tags: those by which the stack's things are known.
    """
    return {**{f"tag:{key}": tags[key] for key in ("project", "stack")}, "tag:role": ROLE}


def fitting(settings: Settings, tags: Mapping[str, str]) -> dict[str, str]:
    """By which filters those are found that nodes can start from as they are configured.

    Args:
        settings: what is wanted.
        tags: those by which the stack's things are known.
    """
    owner = settings.image_owner or UBUNTU_OWNER
    source = (
        {f"tag:{SOURCE_IMAGE}": settings.image_id}
        if settings.image_id
        else {f"tag:{SOURCE}": f"{owner} {UBUNTU_IMAGES}"}
    )
    digest = pinned(NODE.name, settings)
    return {
        **of_stack(tags),
        f"tag:{VERSION}": settings.openvidu_version,
        **source,
        **({f"tag:{INSTALL_SCRIPT}": digest} if digest else {}),
        "architecture": ARCHITECTURE,
        "state": "available",
    }


def node_image(
    settings: Settings, tags: Mapping[str, str], previous: PreviousState, ordinary: str
) -> str:
    """Id of the image that new nodes start from; says so where it's not the one that is wanted.

    Nodes that run keep theirs.

    Args:
        settings: what is wanted.
        tags: those by which the stack's things are known.
        previous: what is deployed.
        ordinary: the image of other machines.
    """
    if settings.node_image != BAKED:
        return ordinary
    new = [
        f"node-{number}"
        for number in settings.node_machines
        if f"node-{number}" not in previous.instance_types
    ]
    found = machine_image.newest_of(OWN, fitting(settings, tags))
    if found is not None and machine_image.root_gib(found) <= settings.volume_size:
        return found.id
    if new:
        why = (
            f"{found.id} has a root volume of {machine_image.root_gib(found)} GiB, more than "
            f"volumeSize, {settings.volume_size}"
            if found
            else _why_none(settings, tags)
        )
        pulumi.log.warn(
            f"nodeImage is baked, but {why}: {', '.join(new)} will be installed the ordinary way, "
            f"which takes longer. To have an image for the next ones: {_NEXT}"
        )
    return ordinary


def _why_none(settings: Settings, tags: Mapping[str, str]) -> str:
    """Why no image fits, in words: the newest that there is tells."""
    other = machine_image.newest_of(OWN, {**of_stack(tags), "state": "available"})
    if other is None:
        return "this stack has no image of nodes yet"
    has, newest = other.tags, f"the newest image, {other.id},"
    if has.get(VERSION) != settings.openvidu_version:
        return f"{newest} has OpenVidu {has.get(VERSION)}, not {settings.openvidu_version}"
    return (
        f"{newest} was made of {has.get(SOURCE_IMAGE)} "
        f"({has.get(SOURCE)}) with an install script of SHA-256 {has.get(INSTALL_SCRIPT)}, "
        "which isn't what is configured"
    )
