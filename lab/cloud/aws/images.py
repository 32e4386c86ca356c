"""The images that instances start from: Ubuntu's, as Canonical publishes them.

Source: Ubuntu on AWS, "Find Ubuntu images on AWS": owner 099720109477 and the form of the names.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from moto.ec2.models.amis import Ami, AmiBackend

from lab.cloud.aws.patching import put

OWNER = "099720109477"


@dataclass(frozen=True)
class Image:
    """A published image.

    Attributes:
        architecture: as AWS says it.
        word: as Ubuntu says it.
        date: day of the build.
    """

    architecture: str
    word: str
    date: str

    @property
    def name(self) -> str:
        """The image's name."""
        return f"ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-{self.word}-server-{self.date}"

    def image_id(self, region: str) -> str:
        """The image's id, which is another one in each region."""
        return f"ami-0{hashlib.sha256(f'{region} {self.name}'.encode()).hexdigest()[:16]}"


IMAGES = (
    Image("x86_64", "amd64", "20250305"),
    Image("x86_64", "amd64", "20250610"),
    Image("arm64", "arm64", "20250610"),
)


def install() -> None:
    """Let each region begin with these images instead of moto's."""

    def load(self: Any) -> None:
        for image in IMAGES:
            image_id = image.image_id(self.region_name)
            self.amis[image_id] = _ami(self, image, image_id)

    put(AmiBackend, "_load_amis", load)


def _ami(backend: Any, image: Image, image_id: str) -> Ami:
    ami = Ami(
        backend,
        image_id,
        name=image.name,
        description="Canonical, Ubuntu, 24.04 LTS, noble image, in a lab",
        owner_id=OWNER,
        owner_alias="amazon",
        public=True,
        virtualization_type="hvm",
        architecture=image.architecture,
        creation_date=datetime.strptime(image.date, "%Y%m%d").replace(tzinfo=UTC),
        image_location=f"amazon/{image.name}",
        hypervisor="xen",
        root_device_type="ebs",
        root_device_name="/dev/sda1",
        sriov="simple",
        boot_mode="uefi-preferred",
    )
    # moto knows nothing of it, and tells it where it's there.
    setattr(ami, "ena_support", True)  # noqa: B010 - it has none
    return ami
