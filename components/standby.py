"""A standby: a machine that is installed as a node's, and stopped on AWS until it becomes one.

It has the name, and the resources, of the node that it becomes. It has no `.env` of this stack, the
base doesn't know it, and no user is led there.
"""

from __future__ import annotations

import pulumi

from components import installation
from components.aws import power
from components.control_machine import ControlMachine
from components.installation import MachineOf
from components.machine import Machine
from components.node_machine import NODE_COMPONENT, MachinePlan, prepare, started_with
from components.settings.table import Settings
from openvidu import release


class Standby(pulumi.ComponentResource):
    """Machine, start, install, stop: one standby.

    Attributes:
        number: that of the node that it becomes.
        machine: the machine.
    """

    number: int
    machine: Machine

    def __init__(
        self,
        number: int,
        settings: Settings,
        base: ControlMachine,
        machine_of: MachineOf,
        plan: MachinePlan,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Register a standby.

        Args:
            number: that of the node that it becomes.
            settings: what to deploy.
            base: tells whether the machine may be stopped.
            machine_of: registers the machine as a child of the component it is given.
            plan: what becomes of it.
            opts: options of the component.
        """
        super().__init__(NODE_COMPONENT, f"node-{number}", None, opts)
        self.number = number
        self.machine = machine = machine_of(self)
        installed = installation.installed(
            machine, release.NODE, settings, base.version, plan.change, plan.first
        )
        roused = power.roused(machine, installed, settings, self)
        install = prepare(started_with(machine, roused), settings, base, plan, self)
        # One that goes on running is stopped by the next update, which knows that it has left.
        if not plan.may_serve or plan.runs_while_node:
            power.asleep(
                machine,
                roused,
                settings,
                base,
                stopped_with_node=plan.instance if plan.may_serve else None,
                parent=self,
                depends_on=install,
            )
        self.register_outputs({"privateIp": machine.private_ip, "publicIp": machine.public_ip})
