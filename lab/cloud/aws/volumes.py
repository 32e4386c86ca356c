"""Volumes as far as moto lacks them: what is asked of those of an instance, and gp3's throughput.

Source: EC2 API reference, RunInstances (EbsBlockDevice), DescribeVolumes, DetachVolume; EBS guide,
"General Purpose SSD volumes".
"""

from __future__ import annotations

from typing import Any

from moto.ec2.models.elastic_block_store import EBSBackend, Volume
from moto.ec2.models.instances import Instance
from moto.ec2.responses.instances import InstanceResponse

from lab.cloud.aws.patching import error, put

_GP3 = {"iops": 3000, "throughput": 125}
"""What a volume of the type has where nothing is asked."""
_IMAGE_GIB = 8
"""The images' own size."""


def install() -> None:
    """Complete moto."""
    _install_launch()

    def create_volume(self: Any, *arguments: Any, **options: Any) -> Any:
        return _filled(create(self, *arguments, **options))

    def modify(self: Any, *arguments: Any, **options: Any) -> None:
        change(self, *arguments, **options)
        _filled(self)

    def detach_volume(self: Any, volume_id: str, instance_id: Any, device_path: Any) -> Any:
        attached = self.get_volume(volume_id).attachment
        if attached is None:
            message = f"Volume '{volume_id}' is in the 'available' state."
            raise error("IncorrectState", message)
        return detach(self, volume_id, instance_id or attached.instance.id, device_path)

    create = put(EBSBackend, "create_volume", create_volume)
    change = put(Volume, "modify", modify)
    detach = put(EBSBackend, "detach_volume", detach_volume)


def _install_launch() -> None:
    def parsed(self: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = parse(self)
        asked = self._get_param("BlockDeviceMappings", [])
        for mapping, one in zip(found, asked, strict=True):
            mapping["Ebs"]["Throughput"] = one.get("Ebs", {}).get("Throughput")
        return found

    def __init__(self: Any, *arguments: Any, **options: Any) -> None:  # noqa: N807 - moto's
        begin(self, *arguments, **options)
        # moto's is the region's first zone where an interface says which it is.
        self._placement.zone = self.nics[0].subnet.availability_zone
        mappings = options.get("block_device_mappings", [])
        self.asked_volumes = {one["DeviceName"]: one["Ebs"] for one in mappings}

    def add_block_device(
        self: Any,
        size: int | None,
        device_path: str,
        snapshot_id: str | None,
        encrypted: bool,
        delete_on_termination: bool,
        kms_key_id: str | None,
        volume_type: str | None,
    ) -> None:
        asked = self.asked_volumes[device_path]
        volume = self.ec2_backend.create_volume(
            size=size or _IMAGE_GIB,
            zone_name=self._placement.zone,
            snapshot_id=snapshot_id,
            encrypted=encrypted,
            kms_key_id=kms_key_id,
            volume_type=volume_type,
            iops=asked.get("Iops"),
            throughput=asked.get("Throughput"),
        )
        self.ec2_backend.attach_volume(volume.id, self.id, device_path, delete_on_termination)

    parse = put(InstanceResponse, "_parse_block_device_mapping", parsed)
    begin = put(Instance, "__init__", __init__)
    put(Instance, "add_block_device", add_block_device)


def _filled(volume: Any) -> Any:
    if volume.volume_type == "gp3":
        for name, value in _GP3.items():
            setattr(volume, name, getattr(volume, name) or value)
    else:
        volume.throughput = None
    return volume
