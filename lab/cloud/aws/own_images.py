"""Images that are made of instances: CreateImage copies the disk, and takes a while.

moto's are available at once, of one size, and can't have their snapshots tagged.
Source: EC2 API reference, CreateImage, DescribeImages, DeregisterImage; EC2 guide, "Create an
Amazon EBS-backed AMI".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from moto.ec2.models.amis import Ami, AmiBackend
from moto.ec2.utils import random_ami_id

from lab.cloud.aws.patching import error, put

_ROOT_GIB = 8
"""What an image has whose instance tells no root volume."""


def install(make: Callable[[str, str], None]) -> None:
    """Put images behind instances.

    Args:
        make: copies the disk of an instance, by the ids of instance and image; doesn't wait.
    """

    def create_image(
        self: Any,
        instance_id: str,
        name: str,
        description: str,
        tag_specifications: Sequence[Mapping[str, Any]],
    ) -> Ami:
        if any(image.name == name for image in self.amis.values()):
            message = f"AMI name {name} is already in use by AMI"
            raise error("InvalidAMIName.Duplicate", message)
        instance = self.get_instance(instance_id)
        if instance.state != "stopped":
            raise error(
                "IncorrectInstanceState",
                f"The instance '{instance_id}' is {instance.state}; a lab makes images of those "
                "that are stopped.",
            )
        image = _image(self, instance, name, description)
        tagged = {"image": image.id, "snapshot": image.ebs_snapshot.id}
        for one in tag_specifications:
            tags = {tag["Key"]: tag["Value"] for tag in one["Tags"]}
            self.create_tags([tagged[one["ResourceType"]]], tags)
        self.amis[image.id] = image
        make(instance_id, image.id)
        return image

    put(AmiBackend, "create_image", create_image)
    mappings = Ami.block_device_mappings

    def block_device_mappings(self: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = mappings.fget(self)  # type: ignore[attr-defined]
        found[0]["Ebs"].update(getattr(self, "root_volume", {}))
        return found

    put(Ami, "block_device_mappings", property(block_device_mappings))


def require_available(backend: Any, image_id: str) -> None:
    """Refuse to start what isn't there yet.

    Raises:
        EC2ClientError: the image is pending.
    """
    image = backend.amis.get(image_id)
    if image is not None and image.state != "available":
        message = f"The image ID '{image_id}' is not available"
        raise error("InvalidAMIID.Unavailable", message)
    if image is None and image_id in backend.deleted_amis:
        raise error("InvalidAMIID.NotFound", f"The image id '[{image_id}]' does not exist")


def _image(backend: Any, instance: Any, name: str, description: str) -> Ami:
    image_id = random_ami_id()
    image = Ami(
        backend,
        image_id,
        instance=instance,
        name=name,
        description=description,
        state="pending",
        hypervisor="xen",
        image_location=f"{backend.account_id}/{name}",
        root_device_type="ebs",
        root_device_name=instance.root_device_name,
        boot_mode="uefi-preferred",
        snapshot_description=f"Created by CreateImage({instance.id}) for {image_id}",
    )
    root = instance.block_device_mapping.get(instance.root_device_name)
    volume = backend.get_volume(root.volume_id) if root else None
    # moto knows nothing of these, and tells the first one where it's there.
    setattr(image, "ena_support", True)  # noqa: B010 - it has none
    setattr(  # noqa: B010 - likewise
        image,
        "root_volume",
        {
            "VolumeSize": volume.size if volume else _ROOT_GIB,
            "Encrypted": bool(volume and volume.encrypted),
            "DeleteOnTermination": True,
            "VolumeType": volume.volume_type if volume else "gp3",
        },
    )
    return image
