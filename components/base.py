"""The base services machine: load balancer, Redis, MinIO, Elasticsearch and Kibana.

Source: page, "Installing Base Services".
"""

from __future__ import annotations

from collections.abc import Sequence

import pulumi

from components.control_services import services
from components.endpoints import Endpoints, of_base
from components.env_files import base_env
from components.installation import MachineOf
from components.machine import Machine
from components.previous_state import PreviousState
from components.settings.table import Settings
from openvidu import environment


class BaseServices(pulumi.ComponentResource):
    """Base services on a machine, from install to the first answer.

    Attributes:
        machine: the machine.
        domain_or_public_ip: the name under which users reach the cluster.
        endpoints: what nodes connect to.
        version: the version of OpenVidu that they have.
        ready: what depends on running base services depends on these.
        downloads_after: what has to be there before something is downloaded on the machine.
    """

    machine: Machine
    domain_or_public_ip: pulumi.Output[str]
    endpoints: pulumi.Output[Endpoints]
    version: pulumi.Input[str]
    ready: Sequence[pulumi.Resource]
    downloads_after: Sequence[pulumi.Resource]

    def __init__(
        self,
        settings: Settings,
        machine_of: MachineOf,
        previous: PreviousState,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Register the base.

        Args:
            settings: what to deploy.
            machine_of: registers the machine as a child of the component it is given.
            previous: what is deployed: its configuration is told apart from this one.
            opts: options of the component.
        """
        super().__init__("openvidu-enterprise:index:BaseServices", "base", None, opts)
        self.machine = machine_of(self)
        running = services(
            self.machine,
            settings,
            base_env,
            previous,
            wait_for=("redis", "s3", "elasticsearch", "api"),
            parent=self,
            # Join and drain edit the load balancer's list there.
            keep=environment.NODE_IPS,
        )
        self.domain_or_public_ip = running.name
        self.endpoints = running.name.apply(lambda name: of_base(settings, name))
        self.version, self.ready = running.version, running.ready
        self.downloads_after = [running.docker]
        self.register_outputs(
            {"privateIp": self.machine.private_ip, "publicIp": self.machine.public_ip}
        )
