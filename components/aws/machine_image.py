"""The image that machines start from: the newest of Ubuntu's, or one that is configured.

Source: page, "Prerequisites": any Linux, Ubuntu recommended; EC2 guide, "Amazon Machine Images".
"""

from __future__ import annotations

from collections.abc import Mapping

import pulumi_aws as aws

from components.previous_state import PreviousState
from components.settings.mistakes import Mistake, set_command
from components.settings.table import Settings

UBUNTU_OWNER = "099720109477"
"""Canonical's AWS account."""
UBUNTU_IMAGES = "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-*"
ARCHITECTURE = "x86_64"
"""OpenVidu's container images are for this processor only."""
UBUNTU = {"name": UBUNTU_IMAGES, "architecture": ARCHITECTURE}
"""What is asked for by default."""
OWN = "self"
_TAKES = {
    "state": "available",
    "architecture": ARCHITECTURE,
    "root_device_type": "ebs",
    # Machines run on Nitro: see `machine_types`.
    "virtualization_type": "hvm",
    "ena_support": True,
}
"""What is asked of an image, by the names of the SDK."""
_LINUX = "Linux/UNIX"
_NO_SUCH = ("returned no results", "InvalidAMIID")


def find_mistakes(settings: Settings, previous: PreviousState) -> list[Mistake]:
    """Why the configured image can't be what machines start from, if it can't.

    It's asked about where a machine is to start: those that run keep theirs.

    Args:
        settings: what is wanted.
        previous: what is deployed.
    """
    if settings.image_id is None:
        return _no_ubuntu(settings)
    if not _starts(settings, previous):
        return []
    owner = settings.image_owner or OWN
    found = newest_of(owner, {"image-id": settings.image_id})
    if found is None:
        problem = f"{settings.image_id} doesn't exist, or isn't owned by {owner} (imageOwner)"
        return [Mistake("imageId", problem, "pulumi config rm imageId")]
    unfit = [
        f"{name.replace('_', ' ')} {_shown(getattr(found, name))}, must be {_shown(takes)}"
        for name, takes in _TAKES.items()
        if getattr(found, name) != takes
    ]
    if found.platform_details and not found.platform_details.startswith(_LINUX):
        unfit.append(f"platform {found.platform_details}, must be {_LINUX}")
    mistakes = []
    if unfit:
        problem = f"{settings.image_id} has {'; '.join(unfit)}"
        mistakes.append(Mistake("imageId", problem, "pulumi config rm imageId"))
    if (least := root_gib(found)) > settings.volume_size:
        problem = (
            f"must be at least {least}, the GiB of the root volume of {settings.image_id}, "
            f"got {settings.volume_size}"
        )
        mistakes.append(Mistake("volumeSize", problem, set_command("volumeSize", str(least))))
    return mistakes


def _no_ubuntu(settings: Settings) -> list[Mistake]:
    """An account without copies of Ubuntu's images; of Canonical's nobody need ask twice."""
    if settings.image_owner is None:
        return []
    if newest_of(settings.image_owner, UBUNTU):
        return []
    problem = f"{settings.image_owner} has no image {UBUNTU_IMAGES} in this region"
    return [Mistake("imageOwner", problem, "pulumi config rm imageOwner")]


def image_of(settings: Settings) -> str:
    """Id of the image that new machines start from.

    While this waits for AWS, what the program has registered so far is on its way.
    """
    if settings.image_id:
        return settings.image_id
    return _newest(settings.image_owner or UBUNTU_OWNER, UBUNTU).id


def _newest(owner: str, having: Mapping[str, str]) -> aws.ec2.GetAmiResult:
    filters: list[aws.ec2.GetAmiFilterArgsDict] = [
        {"name": name, "values": [value]} for name, value in having.items()
    ]
    return aws.ec2.get_ami(owners=[owner], most_recent=True, filters=filters)


def newest_of(owner: str, having: Mapping[str, str]) -> aws.ec2.GetAmiResult | None:
    """The newest image of an owner that has what is asked for; None where there is none.

    Args:
        owner: whose.
        having: values by the names of EC2's filters.
    """
    try:
        return _newest(owner, having)
    # The SDK raises nothing more specific; what isn't meant goes on.
    except Exception as error:
        if any(words in str(error) for words in _NO_SUCH):
            return None
        raise


def _starts(settings: Settings, previous: PreviousState) -> bool:
    return not settings.instance_types.keys() <= previous.instance_types.keys()


def _shown(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def root_gib(image: aws.ec2.GetAmiResult) -> int:
    """GiB of the snapshot that a root volume begins with: it can't be smaller."""
    for mapping in image.block_device_mappings:
        if mapping.device_name == image.root_device_name:
            return int(mapping.ebs.get("volume_size") or 0)
    return 0
