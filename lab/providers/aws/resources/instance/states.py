"""Waiting for an instance to reach a state."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

from lab.providers.aws.call import Call
from lab.providers.aws.errors import WaitError
from lab.providers.aws.resources.lookup import find_one

PENDING: Final = "pending"
RUNNING: Final = "running"
STOPPING: Final = "stopping"
STOPPED: Final = "stopped"
SHUTTING_DOWN: Final = "shutting-down"
TERMINATED: Final = "terminated"


def find_instance(call: Call, identifier: str) -> dict[str, Any] | None:
    """The instance with this id, as EC2 describes it; also for a while after its end."""
    reservation = find_one(
        lambda: call.ec2.describe_instances(InstanceIds=[identifier]), "Reservations"
    )
    if reservation is None:
        return None
    instance: dict[str, Any] = reservation["Instances"][0]
    return {**instance, "OwnerId": reservation.get("OwnerId")}


def state_of(instance: dict[str, Any] | None) -> str:
    """The name of the instance's state; one that EC2 has forgotten is terminated."""
    return str(instance["State"]["Name"]) if instance else TERMINATED


def wait_for_state(
    call: Call, identifier: str, wanted: str, *, through: Collection[str], seconds: float
) -> None:
    """Wait for a state.

    Args:
        call: The operation.
        identifier: The instance.
        wanted: The state.
        through: The states that lead there.
        seconds: The limit, where the user set none.

    Raises:
        WaitError: The instance went into another state, or the limit has passed.
    """

    def reached() -> bool | None:
        instance = find_instance(call, identifier)
        state = state_of(instance)
        if state == wanted:
            return True
        # EC2 tells of a new instance a moment after it launched it.
        if state in through or (instance is None and wanted == RUNNING):
            return None
        reason = ((instance or {}).get("StateReason") or {}).get("Message")
        because = f": {reason}" if reason else ""
        raise WaitError(f"{identifier} is {state}, expected it to become {wanted}{because}")

    call.wait(f"{identifier} to be {wanted}", reached, seconds=seconds)
