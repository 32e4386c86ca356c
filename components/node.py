"""A node: a machine that carries calls.

Source: page, "Installing OpenVidu Enterprise Nodes" and "Node Management".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

from components import installation
from components.control_machine import ControlMachine
from components.endpoints import Endpoints
from components.env_files import logins, node_env
from components.installation import MachineOf
from components.machine import Machine
from components.node_membership import hold, membership, way_to_node
from components.on_base import on_base
from components.remote import fields, run_on
from components.settings.table import Settings
from components.upgrade_path import Change
from openvidu import release


@dataclass(frozen=True)
class NodePlan:
    """What becomes of a node.

    Attributes:
        generation: how often it will have been brought into service.
        change: what becomes of its version.
        script: the SHA-256 that its install script has to have.
        upgraded_after: what has to be there before it gets another one.
        wait_seconds: how long its install waits before it pulls images; kept as long as the node.
    """

    generation: int
    change: Change
    script: pulumi.Input[str] = ""
    upgraded_after: Sequence[pulumi.Resource] = ()
    wait_seconds: int = 0


class Node(pulumi.ComponentResource):
    """Machine, install, `.env`, start, membership: one node.

    Attributes:
        number: 1 for `node-1`.
        machine: the machine.
        membership: what brings it into the cluster, and drains it.
    """

    number: int
    machine: Machine
    membership: pulumi.Resource

    def __init__(
        self,
        number: int,
        settings: Settings,
        base: ControlMachine,
        machine_of: MachineOf,
        configuration: pulumi.Resource,
        plan: NodePlan,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Register a node.

        Args:
            number: the node's number.
            settings: what to deploy.
            base: from where the node joins and drains.
            machine_of: registers the machine as a child of the component it is given.
            configuration: what nodes share, as the base has to know it before they start.
            plan: what becomes of it.
            opts: options of the component.
        """
        name = f"node-{number}"
        super().__init__("openvidu-enterprise:index:Node", name, None, opts)
        self.number = number
        self.machine = machine = machine_of(self)
        docker = installation.docker(machine, settings, self)
        upgrade = _upgrade(machine, settings, base, plan, self)
        install = installation.install(
            machine,
            release.NODE,
            settings,
            base.version,
            plan.change,
            first=installation.First(plan.script, plan.wait_seconds),
            parent=self,
            # A new node has nothing that could be cut, and needn't wait for the base.
            depends_on=[docker, upgrade] if plan.change.is_due else [docker],
        )
        env = installation.put_env(
            machine,
            release.NODE,
            settings,
            pulumi.Output.secret(
                base.endpoints.apply(lambda found: node_env(settings, number, found))
            ),
            parent=self,
            depends_on=[install],
        )
        held = hold(name, settings, machine, base, parent=self)
        announced = _announce(machine, settings, base, held, self)
        ready = [env, announced, configuration, *base.ready]
        start = _start(machine, settings, base, ready, self)
        in_service = plan.generation, plan.change
        self.membership = membership(
            name, settings, machine, base, *in_service, parent=self, depends_on=[start]
        )
        self.register_outputs({"privateIp": machine.private_ip, "publicIp": machine.public_ip})


def _upgrade(
    machine: Machine,
    settings: Settings,
    base: ControlMachine,
    plan: NodePlan,
    parent: pulumi.Resource,
) -> pulumi.Resource:
    """What has to have happened before another version is installed: the node's drain."""
    return on_base(
        f"{machine.name}-upgrade",
        "pause",
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


def _announce(
    machine: Machine,
    settings: Settings,
    base: ControlMachine,
    held: pulumi.Resource,
    parent: pulumi.Resource,
) -> pulumi.Resource:
    """What tells the base which machine the node is, and how it's reached."""
    return run_on(
        base.machine,
        f"{machine.name}-identity",
        "announce-node.sh",
        settings,
        parent=parent,
        stdin=pulumi.Output.all(
            NAME=machine.name,
            IP=machine.private_ip,
            IDENTITY=machine.identity,
            HOST=machine.public_ip,
            HOST_KEY=machine.host_key,
            INSTANCE=machine.instance_arn,
            **machine.way_as("SSH_WAY"),
        ).apply(fields),
        triggers=[machine.identity],
        # Whatever the machine before it has left behind on the base goes before.
        depends_on=[*base.ready, held],
    )


def _start(
    machine: Machine,
    settings: Settings,
    base: ControlMachine,
    depends_on: Sequence[pulumi.Resource],
    parent: pulumi.Resource,
) -> pulumi.Resource:
    """The start of OpenVidu; with other logins a restart, which waits for its calls."""

    def told(found: Endpoints) -> str:
        return fields(
            {
                "NAME": machine.name,
                "FOLDER": release.NODE.folder,
                "LOGINS": logins(settings, found),
                "CHANGE_SECONDS": str(int(settings.config_change_timeout.total_seconds())),
                "DURING_CALLS": str(settings.config_change_during_calls).lower(),
            }
        )

    return run_on(
        machine,
        f"{machine.name}-start",
        "start-node.sh",
        settings,
        parent=parent,
        stdin=pulumi.Output.secret(base.endpoints.apply(told)),
        depends_on=depends_on,
    )
