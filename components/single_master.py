"""A single master: OpenVidu's server with everything it needs on one machine.

Media nodes that exist carry the calls. Source: page, "Single master deployment"; documentation,
"Deploy OpenVidu Pro on premises".
"""

from __future__ import annotations

from typing import Any

import pulumi

from components import down, upgrade
from components.addresses import users_url
from components.aws import health
from components.aws.domain import with_record
from components.deployed import deployed
from components.env_files import master_env
from components.machine_source import machine_source
from components.mistakes import ConfigurationError
from components.overview import Unseen
from components.service import stop_of_main
from components.services import services
from components.settings import Settings


class SingleMaster(pulumi.ComponentResource):
    """OpenVidu Enterprise with a single master.

    Attributes:
        outputs: the stack's outputs by name.
    """

    outputs: dict[str, Any]

    def __init__(self, settings: Settings) -> None:
        """Register everything.

        Raises:
            ConfigurationError: the machine can't be had as the configuration asks for; nothing
                was registered.
            DownError: the machine is down; likewise.
        """
        there = deployed()
        aws_says = down.ask(there)
        there = down.with_present_type(there, settings, aws_says)
        if mistakes := upgrade.find_mistakes(settings, there, Unseen("it is no cluster")):
            raise ConfigurationError(mistakes)
        settings, machines_of = machine_source(settings, there)
        down.refuse(settings, Unseen("it is no cluster"), aws_says)
        super().__init__("openvidu-enterprise:index:SingleMaster", "single-master")
        for warning in (
            *health.warnings(aws_says),
            *upgrade.warnings(settings, there, Unseen("it is no cluster")),
            *stop_of_main(settings, there),
        ):
            pulumi.log.warn(warning, self)
        if not settings.media_nodes:
            pulumi.log.warn("Without mediaNodes the master can carry no calls.", self)
        machine = down.require_another(machines_of(self).main(self), aws_says)
        machine = with_record(machine, settings, self)
        running = services(
            machine,
            settings,
            master_env,
            there,
            wait_for=("elasticsearch", "server", "proxy"),
            parent=self,
        )
        url = users_url(settings, running.name)
        self.outputs = {
            "callUrl": pulumi.Output.concat(url, "/"),
            "kibanaUrl": pulumi.Output.concat(url, "/kibana"),
            "inspectorUrl": pulumi.Output.concat(url, "/inspector/"),
            "apiUrl": url,
            "masterPublicIp": machine.public_ip,
            "masterPrivateIp": machine.private_ip,
        }
        self.register_outputs(self.outputs)
