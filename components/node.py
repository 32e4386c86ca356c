"""A node: a machine that carries calls.

Source: page, "Installing OpenVidu Enterprise Nodes" and "Node Management".
"""

from __future__ import annotations

from collections.abc import Sequence

import pulumi

from components import installation
from components.aws import power
from components.control_machine import ControlMachine
from components.endpoints import Endpoints
from components.env_files import logins, node_env
from components.installation import MachineOf
from components.machine import Machine
from components.node_machine import NODE_COMPONENT, MachinePlan, prepare, started_with
from components.node_membership import hold, membership
from components.remote import fields, run_on
from components.settings.table import Settings
from openvidu import release


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
        generation: int,
        plan: MachinePlan,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Register a node.

        Args:
            number: the node's number.
            settings: what to deploy.
            base: from where the node joins and drains.
            machine_of: registers the machine as a child of the component it is given.
            configuration: what nodes share, as the base has to know it before they start.
            generation: how often it will have been brought into service.
            plan: what becomes of its machine.
            opts: options of the component.
        """
        name = f"node-{number}"
        super().__init__(NODE_COMPONENT, name, None, opts)
        self.number = number
        machine = machine_of(self)
        if plan.runs_while_node:
            machine = started_with(machine, power.awake(machine, settings, base, plan.starts, self))
        self.machine = machine
        install = prepare(machine, settings, base, plan, self)
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
        in_service = generation, plan.change
        self.membership = membership(
            name, settings, machine, base, *in_service, parent=self, depends_on=[start]
        )
        self.register_outputs({"privateIp": machine.private_ip, "publicIp": machine.public_ip})


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
