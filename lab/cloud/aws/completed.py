"""moto, completed: all that the lab's fake AWS has beside or instead of moto's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from lab.cloud.aws import (
    addresses,
    attributes,
    boundaries,
    buckets,
    caches,
    checks,
    dependencies,
    domains,
    images,
    interfaces,
    lifecycles,
    own_images,
    power,
    quotas,
    tags,
    targets,
    user_data,
    volumes,
)
from lab.cloud.faults import Faults


class Machines(power.Power, Protocol):
    """What instances need of machines, and what status checks find of those."""

    def reached(self, instance_id: str) -> str:
        """What EC2's check of the machine finds, as in `checks`."""


def install(machines: Machines, faults: Faults, health: Callable[[str], Mapping[str, Any]]) -> None:
    """Complete moto in this process.

    Args:
        machines: those behind the instances.
        faults: quotas in force, and what misbehaves.
        health: what load balancers say of the targets of a group, as in `targets`.
    """
    images.install()
    addresses.install(lambda: faults.quotas.addresses)
    interfaces.install()
    dependencies.install()
    quotas.install(lambda: faults.quotas)
    own_images.install(machines.make_image)
    power.install(machines, lambda: faults.quotas.vcpus)
    late = checks.Late(machines.reached, faults.check_seconds)
    checks.install(late.found, faults.retires, faults.moved)
    targets.install(health)
    attributes.install()
    volumes.install()
    tags.install()
    buckets.install()
    caches.install()
    domains.install()
    user_data.install()
    boundaries.install()
    lifecycles.install()
