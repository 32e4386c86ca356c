"""Targets of load balancers: their state is what the lab's load balancers have found.

Source: Elastic Load Balancing, "Target health status" and "Deregistration delay".
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from moto.elbv2.models import ELBv2Backend, FakeHealthStatus, FakeTargetGroup

from lab.cloud.aws.patching import put

_DELAY = "deregistration_delay.timeout_seconds"
_UNUSED = ("unused", "Target.NotRegistered", "Target is not registered to the target group")
_LEAVING = ("draining", "Target.DeregistrationInProgress", "Target deregistration is in progress")
_NOT_IN_USE = ("unused", "Target.NotInUse", "Target group is not configured to receive traffic")


def install(health: Callable[[str], Mapping[str, Any]]) -> None:
    """Put the lab's states in the place of moto's.

    Args:
        health: what load balancers say of the targets of a group, by address; see
            `lab.cloud.managed.services`.
    """

    def deregister(self: Any, targets: list[dict[str, Any]]) -> None:
        for target in targets:
            if found := self.targets.pop(target["Id"], None):
                self.deregistered_targets[target["Id"]] = {**found, "since": time.monotonic()}

    def describe_target_health(
        self: Any, target_group_arn: str, targets: list[dict[str, Any]]
    ) -> list[FakeHealthStatus]:
        describe = self.describe_target_groups
        (group,) = describe(load_balancer_arn=None, target_group_arns=[target_group_arn], names=[])
        leaving = {
            ip: found
            for ip, found in group.deregistered_targets.items()
            if time.monotonic() - found["since"] < float(group.attributes[_DELAY])
        }
        found = health(target_group_arn)
        asked = targets or [*group.targets.values(), *leaving.values()]
        return [
            FakeHealthStatus(
                one["Id"],
                one.get("Port", group.port),
                group.health_check_port,
                *_state(one["Id"], group, leaving, found),
            )
            for one in asked
        ]

    put(FakeTargetGroup, "deregister", deregister)
    put(ELBv2Backend, "describe_target_health", describe_target_health)


def _state(
    ip: str, group: Any, leaving: Mapping[str, Any], found: Mapping[str, Any]
) -> tuple[str, str | None, str | None]:
    if ip in leaving:
        return _LEAVING
    if ip not in group.targets:
        return _UNUSED
    if not group.load_balancer_arns:
        return _NOT_IN_USE
    state = found.get(ip, {"state": "initial", "reason": "Elb.RegistrationInProgress"})
    return state["state"], state["reason"] or None, None
