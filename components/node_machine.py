"""What a node's machine has before it's in service, and a standby as well: Docker, and OpenVidu."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pulumi

from components import installation
from components.control_machine import ControlMachine
from components.machine import Machine
from components.node_membership import way_to_node
from components.on_base import on_base
from components.remote import RemoteCommand
from components.settings.table import Settings
from components.upgrade_path import Change
from openvidu import release

NODE_COMPONENT = "openvidu-enterprise:index:Node"
"""The type of the component, of a node and of a standby: so they have the same resources."""


@dataclass(frozen=True)
class MachinePlan:
    """What becomes of a node's machine, or a standby's.

    Attributes:
        change: what becomes of its version.
        script: the SHA-256 that its install script has to have.
        upgraded_after: what has to be there before it gets another one.
        wait_seconds: how long its install waits before it pulls images; kept as long as the node.
        may_serve: whether somebody may be led there, as it was in service before this update.
        runs_while_node: whether its machine is started with the node, and stopped when that leaves.
        starts: how often that will have been started once more.
        instance: ARN of its instance before this update; empty where there's none.
    """

    change: Change
    script: pulumi.Input[str] = ""
    upgraded_after: Sequence[pulumi.Resource] = ()
    wait_seconds: int = 0
    may_serve: bool = False
    runs_while_node: bool = False
    starts: int = 0
    instance: str = ""

    @property
    def first(self) -> installation.First:
        """What holds for its first install."""
        return installation.First(self.script, self.wait_seconds)


def prepare(
    machine: Machine,
    settings: Settings,
    base: ControlMachine,
    plan: MachinePlan,
    parent: pulumi.Resource,
) -> RemoteCommand:
    """Register what is installed on a node's machine; returns the last of it.

    Args:
        machine: where to install it.
        settings: what to deploy.
        base: from where a node is drained before it gets another version.
        plan: what becomes of it.
        parent: the node's component.
    """
    docker = installation.docker(machine, settings, parent)
    upgrade = _upgrade(machine, settings, base, plan, parent)
    return installation.install(
        machine,
        release.NODE,
        settings,
        base.version,
        plan.change,
        first=plan.first,
        parent=parent,
        # A new node has nothing that could be cut, and needn't wait for the base.
        depends_on=[docker, upgrade] if plan.change.is_due else [docker],
    )


def started_with(machine: Machine, start: pulumi.Resource) -> Machine:
    """The machine, which can be used once it was started."""
    return replace(machine, depends_on=[*machine.depends_on, start])


def _upgrade(
    machine: Machine,
    settings: Settings,
    base: ControlMachine,
    plan: MachinePlan,
    parent: pulumi.Resource,
) -> pulumi.Resource:
    """What has to have happened before another version is installed: the node's drain."""
    return on_base(
        f"{machine.name}-upgrade",
        # The base knows nothing of one that wasn't in service.
        "pause" if plan.may_serve else None,
        settings,
        base.machine,
        {
            "NODE_NAME": machine.name,
            "NODE_IP": machine.private_ip,
            **plan.change.variables,
            **({"WAIT_SECONDS": str(plan.wait_seconds)} if plan.wait_seconds else {}),
        },
        parent=parent,
        depends_on=[*base.ready, *plan.upgraded_after],
        on_create=False,
        beside=way_to_node(machine),
        is_due=plan.change.is_due,
    )
