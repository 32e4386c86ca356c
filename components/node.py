"""A node: a machine that carries calls.

Source: page, "Installing OpenVidu Enterprise Nodes" and "Node Management".
"""

from __future__ import annotations

import pulumi

from components.base import BaseServices
from components.env_files import node_env
from components.installation import MachineOf, env_fields, install_fields
from components.machine import Machine
from components.membership import membership
from components.remote import fields, run_on
from components.settings import Settings
from openvidu import release


class Node(pulumi.ComponentResource):
    """Machine, install, `.env`, start, membership: one node.

    Attributes:
        number: 1 for `node-1`.
        machine: the machine.
    """

    number: int
    machine: Machine

    def __init__(
        self,
        number: int,
        settings: Settings,
        base: BaseServices,
        machine_of: MachineOf,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Register a node.

        Args:
            number: the node's number.
            settings: what to deploy.
            base: the base services that the node joins.
            machine_of: registers the machine as a child of the component it is given.
            opts: options of the component.
        """
        name = f"node-{number}"
        super().__init__("openvidu-enterprise:index:Node", name, None, opts)
        self.number = number
        self.machine = machine = machine_of(self)
        docker = run_on(machine, f"{name}-docker", "install-docker.sh", settings, parent=self)
        install = run_on(
            machine,
            f"{name}-install",
            "install-openvidu.sh",
            settings,
            parent=self,
            stdin=install_fields(release.NODE, settings.openvidu_version),
            depends_on=[docker],
        )
        env = run_on(
            machine,
            f"{name}-env",
            "put-env.sh",
            settings,
            parent=self,
            stdin=pulumi.Output.secret(
                base.domain_or_public_ip.apply(
                    lambda domain: env_fields(release.NODE) + node_env(settings, number, domain)
                )
            ),
            depends_on=[install],
        )
        start = run_on(
            machine,
            f"{name}-start",
            "start-node.sh",
            settings,
            parent=self,
            stdin=fields({"FOLDER": release.NODE.folder}),
            depends_on=[env, *base.ready],
        )
        membership(name, settings, machine, base, parent=self, depends_on=[start])
        self.register_outputs({"privateIp": machine.private_ip, "publicIp": machine.public_ip})
