"""EC2's status checks and scheduled events: they follow the machines.

AWS asks a machine's network interface by ARP, once a minute. Here a check fails at once, or later
with the fault `late-checks`. Source: EC2 API, DescribeInstanceStatus; EC2 guide, "Status checks",
"Scheduled events".
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from moto.core.utils import utcnow
from moto.ec2.models.instances import Instance

from lab.cloud.aws.patching import put

PASSED, FAILED, INITIALIZING = "passed", "failed", "initializing"
_WORDS = {PASSED: "ok", FAILED: "impaired", INITIALIZING: "initializing"}
_RETIRES_IN = timedelta(days=14)
"""Source: EC2 guide, "Scheduled events": about two weeks' notice."""


class Late:
    """Checks that fail later than machines do."""

    def __init__(
        self,
        reached: Callable[[str], str],
        seconds: Callable[[], float],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin without a failure.

        Args:
            reached: what is found of an instance's machine.
            seconds: how much later a failure is told, from when it's asked for first.
            clock: seconds that pass.
        """
        self._reached, self._seconds, self._clock = reached, seconds, clock
        self._failed: dict[str, float] = {}

    def found(self, instance_id: str) -> str:
        """What is told of an instance's machine."""
        found = self._reached(instance_id)
        if found != FAILED:
            self._failed.pop(instance_id, None)
            return found
        since = self._failed.setdefault(instance_id, self._clock())
        return FAILED if self._clock() - since >= self._seconds() else PASSED


def install(
    reached: Callable[[str], str], retires: Callable[[str], bool], moved: Callable[[str], None]
) -> None:
    """Have instances tell how their machines are; comes after `power.install`.

    Args:
        reached: whether an instance's machine answers: `passed`, `failed` or `initializing`.
        retires: whether the host below the instance with this Name tag is to be retired.
        moved: called when that instance starts, which it does on another host.
    """

    def name(instance: Any) -> str:
        found: str = instance.ec2_backend.tags.get(instance.id, {}).get("Name", "")
        return found

    def check(instance: Any, found: str) -> dict[str, Any]:
        if instance.state != "running":
            return {"Status": "not-applicable"}
        details = [{"Name": "reachability", "Status": found}]
        return {"Status": _WORDS[found], "Details": details}

    def events(instance: Any) -> list[dict[str, Any]]:
        if instance.state == "terminated" or not retires(name(instance)):
            return []
        return [
            {
                "InstanceEventId": f"instance-event-{instance.id.removeprefix('i-')}",
                "Code": "instance-retirement",
                "Description": "The instance is running on degraded hardware",
                "NotBefore": utcnow() + _RETIRES_IN,
            }
        ]

    start = Instance.start

    def start_elsewhere(instance: Any) -> Any:
        moved(name(instance))
        return start(instance)

    put(Instance, "start", start_elsewhere)
    put(Instance, "instance_status", property(lambda self: check(self, reached(self.id))))
    # A machine that crashed leaves its host as it was.
    put(Instance, "system_status", property(lambda self: check(self, PASSED)))
    # moto tells of none, so there's nothing to put it in the place of.
    setattr(Instance, "events", property(events))  # noqa: B010
