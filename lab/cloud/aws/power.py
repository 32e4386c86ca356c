"""Instances that boot: what the EC2 API asks of machines, and what it says about them.

A call changes the state at once to the one on the way (`pending`, `stopping`, …) and hands the
work to `Power`, which says through `Ec2` when it's done.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, Protocol

from moto.core.responses import ActionResult
from moto.core.types import Base64EncodedString
from moto.core.utils import utcnow
from moto.ec2.models.instance_types import INSTANCE_TYPES
from moto.ec2.models.instances import Instance, InstanceBackend, InstanceState, Reservation
from moto.ec2.responses.general import General

from lab.cloud.aws import interfaces, own_images, quotas
from lab.cloud.aws.patching import error, put

CODES = {
    "pending": 0,
    "running": 16,
    "shutting-down": 32,
    "terminated": 48,
    "stopping": 64,
    "stopped": 80,
}
"""Source: EC2 API, "InstanceState"."""
_CONSOLE_BYTES = 64 * 1024
"""Source: EC2 API, "GetConsoleOutput": the most recent 64 KB."""
_NO_TOKEN = "ABCDE"  # noqa: S105 - moto's word for a call without one


class Power(Protocol):
    """What instances need of machines; nothing here waits."""

    def launch(self, instance_id: str) -> None:
        """Boot a new machine."""

    def start(self, instance_id: str) -> None:
        """Boot a machine that was stopped."""

    def stop(self, instance_id: str) -> None:
        """Shut a machine down, and keep its disk."""

    def reboot(self, instance_id: str) -> None:
        """Shut a machine down and boot it."""

    def terminate(self, instance_id: str) -> None:
        """Shut a machine down and discard it."""

    def make_image(self, instance_id: str, image_id: str) -> None:
        """Copy the disk of a machine that is down."""

    def console(self, instance_id: str) -> str:
        """What a machine has printed."""


_ALREADY = {
    "pending": ("pending", "running"),
    "stopping": ("stopping", "stopped"),
    "shutting-down": ("shutting-down", "terminated"),
}
"""States in which a call has nothing to do, and is no error."""


def state(instance: Any, name: str) -> InstanceState:
    """Put an instance into a state; returns the one before."""
    before: InstanceState = copy.copy(instance._state)
    instance._state = InstanceState(name, CODES[name])
    return before


class Settled:
    """Says of instances what their machines have become."""

    def __init__(self) -> None:
        """Keep moto's own functions; has to be made before `install`."""
        self._stop = Instance.stop
        self._terminate = Instance.terminate

    def settle(self, instance: Instance, name: str) -> None:
        """Put an instance into its new state.

        Args:
            instance: moto's instance.
            name: `running`, `stopped` or `terminated`.
        """
        match name:
            case "stopped":
                self._stop(instance)
            case "terminated":
                # An interface that goes with it is not in use any more.
                state(instance, name)
                self._terminate(instance)
                interfaces.release(instance)
        state(instance, name)


def install(power: Power, vcpus: Callable[[], int]) -> None:
    """Put machines behind instances.

    Args:
        power: does what is asked.
        vcpus: quota of virtual CPUs, at this time.
    """
    _install_launch(power, vcpus)
    _install_changes(power)

    def get_console_output(self: Any) -> ActionResult:
        instance = self.ec2_backend.get_instance(self._get_param("InstanceId"))
        text = power.console(instance.id)[-_CONSOLE_BYTES:]
        answer: dict[str, Any] = {"InstanceId": instance.id, "Timestamp": utcnow()}
        if text:
            answer["Output"] = Base64EncodedString.from_raw_string(text)
        return ActionResult(answer)

    put(General, "get_console_output", get_console_output)


def _install_launch(power: Power, vcpus: Callable[[], int]) -> None:
    run = InstanceBackend.run_instances

    def run_instances(self: Any, image_id: str, count: int, *rest: Any, **options: Any) -> Any:
        token = options.get("client_token", _NO_TOKEN)
        if earlier := _launched_with(self, token):
            return earlier
        if options.get("key_name"):
            self.describe_key_pairs(key_names=[options["key_name"]])
        own_images.require_available(self, image_id)
        _check_architecture(self, image_id, options["instance_type"])
        quotas.check_vcpus(self, options["instance_type"], count, vcpus())
        interfaces.check_unused(self, options.get("nics", []))
        reservation: Reservation = run(self, image_id, count, *rest, **options)
        for instance in reservation.instances:
            _complete(instance, options.get("nics", []))
            state(instance, "pending")
            power.launch(instance.id)
        return reservation

    put(InstanceBackend, "run_instances", run_instances)


def _launched_with(backend: Any, token: str) -> Reservation | None:
    """What the same call did before: a client repeats a call whose answer it didn't get.

    Source: EC2 guide, "Ensuring idempotency in Amazon EC2 API requests".
    """
    if token == _NO_TOKEN:
        return None
    for reservation in backend.reservations.values():
        if any(instance.client_token == token for instance in reservation.instances):
            found: Reservation = reservation
            return found
    return None


def _check_architecture(backend: Any, image_id: str, instance_type: str) -> None:
    found = INSTANCE_TYPES.get(instance_type)
    if found is None:
        raise error("InvalidParameterValue", f"Invalid value '{instance_type}' for InstanceType.")
    known = found["ProcessorInfo"]["SupportedArchitectures"]
    for image in backend.describe_images(ami_ids=[image_id]):
        if image.architecture not in known:
            raise error(
                "InvalidParameterValue",
                f"The architecture '{','.join(known)}' of the specified instance type does not "
                f"match the architecture '{image.architecture}' of the specified AMI.",
            )


def _complete(instance: Instance, wanted: list[dict[str, Any]]) -> None:
    """Say of an instance what moto leaves out."""
    interface = instance.nics[0]
    made_here = not any(entry.get("NetworkInterfaceId") for entry in wanted)
    kept = any(entry.get("DeleteOnTermination") is False for entry in wanted)
    # Source: EC2 guide, "Elastic network interfaces": one made with the instance goes with it.
    interface.delete_on_termination = made_here and not kept


def _install_changes(power: Power) -> None:
    put(Instance, "start", _change(("stopped",), "pending", power.start))
    put(Instance, "stop", _change(("pending", "running"), "stopping", power.stop))
    anything = ("pending", "running", "stopping", "stopped")
    put(Instance, "terminate", _change(anything, "shutting-down", power.terminate))
    put(Instance, "reboot", _change(("running",), "running", power.reboot))


def _change(
    allowed: tuple[str, ...], on_the_way: str, act: Callable[[str], None]
) -> Callable[[Any], InstanceState]:
    """A function in the place of one of moto's: changes the state, and asks the machine."""

    def change(instance: Any) -> InstanceState:
        before: InstanceState = copy.copy(instance._state)
        if before.name in allowed:
            state(instance, on_the_way)
            act(instance.id)
        elif before.name not in _ALREADY.get(on_the_way, ()):
            raise error(
                "IncorrectInstanceState",
                f"The instance '{instance.id}' is {before.name}; it has to be "
                f"{' or '.join(allowed)}.",
            )
        return before

    return change
