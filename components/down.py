"""What an update does about machines that AWS says are down: it tells first, and waits for none."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pulumi

from components.aws.health import DownError, Health, InstanceHealth, Unasked, look
from components.cluster_observation import Overview, Unseen
from components.machine import Machine
from components.previous_state import PreviousState
from components.resource_names import node_number
from components.settings.stack_config import config_of_stack
from components.settings.table import Settings

if TYPE_CHECKING:
    from components.aws.provider_session import AwsSession


def ask(previous: PreviousState) -> Health:
    """Ask AWS how the stack's instances are, and those that it has taken over.

    Standbys aren't asked about: they are stopped.
    """
    serving = {
        name: arn
        for name, arn in {**previous.instances, **previous.owners_instances}.items()
        if node_number(name) not in previous.standbys
    }

    def log_in(region: str) -> AwsSession:
        # It's slow to import, and a stack without machines needs none of it.
        from components.aws.provider_session import AwsSession  # noqa: PLC0415

        return AwsSession(config_of_stack("aws")[0], region)

    return look(serving, log_in, previous.owners_instances)


def with_present_type(previous: PreviousState, settings: Settings, health: Health) -> PreviousState:
    """What is deployed, with the EC2 type that AWS has for the machine that users connect to.

    What a refresh finds in an update is in no state that the program can read: the engine writes
    it with the first change. Source: pulumi, pkg/backend/snapshot.go, `refreshSnapshotMutation`.
    """
    one = _of(settings.main_role.name, health)
    # The owner's may have any type.
    return replace(previous, present_type=one.type if one and not one.is_owners else "")


def refuse(settings: Settings, seen: Overview, health: Health) -> None:
    """End an update that would wait for a base, bastion or master that is down; a preview goes on.

    One that answers isn't down: AWS may be behind. One that is gone is made again, where the
    update looks (`--refresh`).

    Raises:
        DownError: it's stopped, or AWS can't reach it.
    """
    name = settings.main_role.name
    one = _of(name, health)
    if one is None or not one.is_down or one.is_gone or not isinstance(seen, Unseen):
        return
    if not pulumi.runtime.is_dry_run():
        raise DownError(name, one)


def require_another(machine: Machine, health: Health) -> Machine:
    """The machine, or where AWS has the old one no more: the one that takes its place.

    An update that doesn't look (`--refresh`) has the old one in its state. What reaches the
    machine over SSH isn't begun then, and the update fails.
    """
    one = _of(machine.name, health)
    if one is None or not one.is_gone or machine.instance_arn is None:
        return machine
    gone = one

    def check(given: list[str]) -> str:
        if given[1].endswith(f"/{gone.instance_id}") and not pulumi.runtime.is_dry_run():
            raise DownError(machine.name, gone)
        return given[0]

    known = pulumi.Output.all(machine.host_key, machine.instance_arn)
    return replace(machine, host_key=known.apply(check))


def overview(
    settings: Settings, previous: PreviousState, seen: Overview, health: Health
) -> Overview:
    """What the base sees, and AWS: a node that is down isn't brought back by waiting for it."""
    if isinstance(seen, Unseen):
        return seen
    nodes = dict(seen.nodes)
    for number in settings.node_numbers:
        ip, one = settings.node_private_ip(number), _of(f"node-{number}", health)
        node = nodes.get(ip)
        if node and one and one.is_down and not one.is_gone and not node.in_service:
            nodes[ip] = replace(
                node,
                in_service=None,
                generation=previous.generations.get(number),
                sees=f"AWS says: {one}",
            )
    return replace(seen, nodes=nodes)


def _of(name: str, health: Health) -> InstanceHealth | None:
    return None if isinstance(health, Unasked) else health.get(name)
