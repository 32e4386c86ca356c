"""EC2's status checks and scheduled events: they follow the machines.

AWS looks once a minute; here a check fails at once. Source: EC2 API, DescribeInstanceStatus; EC2
guide, "Status checks", "Scheduled events".
"""

from __future__ import annotations

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
