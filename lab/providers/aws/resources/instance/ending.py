"""TerminateInstances, and the wait for the end."""

from __future__ import annotations

from typing import Final

from lab.providers.aws.call import MINUTE, Call
from lab.providers.aws.errors import gone_is_fine
from lab.providers.aws.resources.instance.states import (
    PENDING,
    RUNNING,
    SHUTTING_DOWN,
    STOPPED,
    STOPPING,
    TERMINATED,
    find_instance,
    state_of,
    wait_for_state,
)
from lab.providers.aws.schema import State

_SECONDS: Final = 20 * MINUTE


def delete(call: Call, identifier: str, state: State) -> None:
    """Terminate the instance; lift its protection only if the program says so."""
    if state_of(find_instance(call, identifier)) == TERMINATED:
        return
    with gone_is_fine():
        if state.get("forceDestroy"):
            call.ec2.modify_instance_attribute(
                InstanceId=identifier, DisableApiTermination={"Value": False}
            )
            call.ec2.modify_instance_attribute(
                InstanceId=identifier, DisableApiStop={"Value": False}
            )
        call.ec2.terminate_instances(InstanceIds=[identifier])
    through = {PENDING, RUNNING, STOPPING, STOPPED, SHUTTING_DOWN}
    wait_for_state(call, identifier, TERMINATED, through=through, seconds=_SECONDS)
