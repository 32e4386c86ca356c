"""aws:ebs/volume:Volume, a disk that outlives the instances it's attached to.

Source: terraform-provider-aws 6, aws_ebs_volume.
"""

from __future__ import annotations

from typing import Any, Final

from lab.providers.aws.call import MINUTE, Call
from lab.providers.aws.errors import gone_is_fine
from lab.providers.aws.facts import fact, facts
from lab.providers.aws.resource_type import Change, ResourceType, update
from lab.providers.aws.resources.lookup import find_one, given
from lab.providers.aws.resources.volume_modification import wait_for_modification
from lab.providers.aws.rules import ARN, one_of
from lab.providers.aws.schema import State, at_least_one_of
from lab.providers.aws.tags import specification, tag_map

_SECONDS: Final = 5 * MINUTE
_STILL_USED: Final = ("VolumeInUse",)


def _create(call: Call, inputs: State) -> str:
    arguments = given(
        AvailabilityZone=inputs["availabilityZone"],
        Encrypted=inputs.get("encrypted"),
        KmsKeyId=inputs.get("kmsKeyId"),
        Size=inputs.get("size"),
        SnapshotId=inputs.get("snapshotId"),
        VolumeType=inputs.get("type"),
        TagSpecifications=specification("volume", inputs),
    )
    return str(call.ec2.create_volume(**arguments)["VolumeId"])


def _find(call: Call, identifier: str) -> dict[str, Any] | None:
    return find_one(lambda: call.ec2.describe_volumes(VolumeIds=[identifier]), "Volumes")


def _settle(call: Call, identifier: str, inputs: State) -> None:
    def is_available() -> bool | None:
        return True if (_find(call, identifier) or {}).get("State") == "available" else None

    call.wait(f"volume {identifier} to be available", is_available, seconds=_SECONDS)


def _read(call: Call, identifier: str, state: State) -> State | None:
    volume = _find(call, identifier)
    if volume is None:
        return None
    return {
        "arn": call.arn("volume", identifier),
        "availabilityZone": volume.get("AvailabilityZone"),
        "encrypted": volume.get("Encrypted"),
        "kmsKeyId": volume.get("KmsKeyId") or "",
        "size": volume.get("Size"),
        "snapshotId": volume.get("SnapshotId") or "",
        "type": volume.get("VolumeType"),
        "tagsAll": tag_map(volume.get("Tags")),
    }


def _resize(call: Call, identifier: str, change: Change) -> None:
    new = given(Size=change.new.get("size"), VolumeType=change.new.get("type"))
    call.ec2.modify_volume(VolumeId=identifier, **new)
    wait_for_modification(call, identifier)


def _delete(call: Call, identifier: str, state: State) -> None:
    with gone_is_fine():
        call.insist(
            f"volume {identifier} to be out of use",
            lambda: call.ec2.delete_volume(VolumeId=identifier),
            on=_STILL_USED,
            seconds=_SECONDS,
        )


VOLUME: Final = ResourceType(
    name="aws:ebs/volume:Volume",
    noun="volume",
    inputs={
        **facts("availabilityZone", "encrypted", "size", "snapshotId"),
        "kmsKeyId": fact(ARN),
        # The lab has no iops, which io1 and io2 need.
        "type": fact(one_of("gp3", "gp2", "st1", "sc1", "standard")),
    },
    checks=(at_least_one_of("size", "snapshotId"),),
    create=_create,
    settle=_settle,
    read=_read,
    updates=(update(_resize, "size", "type"),),
    delete=_delete,
)
