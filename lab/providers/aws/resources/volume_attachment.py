"""aws:ec2/volumeAttachment:VolumeAttachment.

Source: terraform-provider-aws 6, aws_volume_attachment.
"""

from __future__ import annotations

import zlib
from typing import Any, Final

from lab.providers.aws.call import MINUTE, Call
from lab.providers.aws.errors import gone_is_fine
from lab.providers.aws.facts import fact, facts
from lab.providers.aws.resource_type import Located, ResourceType
from lab.providers.aws.resources.instance.states import (
    RUNNING,
    STOPPED,
    STOPPING,
    find_instance,
    state_of,
    wait_for_state,
)
from lab.providers.aws.resources.lookup import find_one, parts_of, where
from lab.providers.aws.rules import identifier as an_id
from lab.providers.aws.schema import State

_SECONDS: Final = 5 * MINUTE
# What EC2 answers while the instance is still starting, or the volume still leaves another one.
_NOT_YET: Final = ("IncorrectInstanceState", "IncorrectState", "VolumeInUse")


def _create(call: Call, inputs: State) -> str:
    call.insist(
        f"{inputs['instanceId']} to take {inputs['volumeId']}",
        lambda: call.ec2.attach_volume(
            Device=inputs["deviceName"],
            InstanceId=inputs["instanceId"],
            VolumeId=inputs["volumeId"],
        ),
        on=_NOT_YET,
        seconds=_SECONDS,
    )
    return _identifier(inputs)


def _identifier(state: State) -> str:
    """The real provider's id, which AWS doesn't know: a checksum."""
    key = f"{state['deviceName']}-{state['instanceId']}-{state['volumeId']}-"
    return f"vai-{zlib.crc32(key.encode())}"


def _locate(call: Call, identifier: str) -> Located:
    device, volume, instance = parts_of(identifier, ":", "DEVICE_NAME:VOLUME_ID:INSTANCE_ID")
    state: State = {"deviceName": device, "instanceId": instance, "volumeId": volume}
    return Located(_identifier(state), state)


def _find(call: Call, state: State) -> dict[str, Any] | None:
    filters = where(
        attachment__instance_id=str(state["instanceId"]),
        attachment__device=str(state["deviceName"]),
    )
    found = find_one(
        lambda: call.ec2.describe_volumes(VolumeIds=[state["volumeId"]], Filters=filters),
        "Volumes",
    )
    return found if found and found.get("Attachments") else None


def _settle(call: Call, identifier: str, inputs: State) -> None:
    call.wait(f"{inputs['volumeId']} to be attached", lambda: _find(call, inputs), seconds=_SECONDS)


def _read(call: Call, identifier: str, state: State) -> State | None:
    if _find(call, state) is None:
        return None
    return {name: state[name] for name in ("deviceName", "instanceId", "volumeId")}


def _delete(call: Call, identifier: str, state: State) -> None:
    with gone_is_fine():
        if _find(call, state) is None:
            return
        if state.get("stopInstanceBeforeDetaching"):
            _stop(call, str(state["instanceId"]))
        call.ec2.detach_volume(
            Device=state["deviceName"],
            InstanceId=state["instanceId"],
            VolumeId=state["volumeId"],
        )
        call.wait(
            f"{state['volumeId']} to be detached",
            lambda: True if _find(call, state) is None else None,
            seconds=_SECONDS,
        )


def _stop(call: Call, instance_id: str) -> None:
    if state_of(find_instance(call, instance_id)) not in (RUNNING, STOPPING):
        return
    call.ec2.stop_instances(InstanceIds=[instance_id])
    wait_for_state(call, instance_id, STOPPED, through={RUNNING, STOPPING}, seconds=_SECONDS)


VOLUME_ATTACHMENT: Final = ResourceType(
    name="aws:ec2/volumeAttachment:VolumeAttachment",
    noun="volume attachment",
    inputs={
        **facts("deviceName", "stopInstanceBeforeDetaching"),
        "instanceId": fact(an_id("i")),
        "volumeId": fact(an_id("vol")),
    },
    provider_only=frozenset({"stopInstanceBeforeDetaching"}),
    create=_create,
    settle=_settle,
    locate=_locate,
    read=_read,
    delete=_delete,
)
