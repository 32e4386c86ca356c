"""A single master: OpenVidu's server with everything it needs on one machine.

Media nodes that exist carry the calls. Source: page, "Single master deployment"; documentation,
"Deploy OpenVidu Pro on premises".
"""

from __future__ import annotations

from typing import Any

import pulumi

from components import down, first_look, last_look, next_steps, upgrade_path
from components.addresses import users_url
from components.aws import health
from components.aws.domain import with_record
from components.call_check import call_check
from components.control_services import services
from components.env_files import master_env
from components.settings.table import Settings
from components.update_notice import tell_begin
from components.update_plan import kept_types, stop_of_main


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
            OutsideWindowError: what is wanted has to wait for `changeWindow`; likewise.
        """
        found = first_look.look(settings)
        settings, previous, aws_says = found.settings, found.previous, found.aws_says
        super().__init__("openvidu-enterprise:index:SingleMaster", "single-master")
        for warning in (
            *health.warnings(aws_says),
            *upgrade_path.warnings(settings, previous, found.seen),
            *stop_of_main(settings, previous),
            *kept_types(settings, previous),
        ):
            pulumi.log.warn(warning, self)
        if not settings.media_nodes:
            pulumi.log.warn("Without mediaNodes the master can't carry calls.", self)
        tell_begin(settings, previous)
        machine = down.require_another(found.machines_of(self).main(self), aws_says)
        machine = with_record(machine, settings, self)
        running = services(
            machine,
            settings,
            master_env,
            previous,
            wait_for=("elasticsearch", "server", "proxy"),
            parent=self,
        )
        url = users_url(settings, running.name)
        known = machine.public_ip, machine.host_key
        self.outputs = {
            "callUrl": pulumi.Output.concat(url, "/"),
            "kibanaUrl": pulumi.Output.concat(url, "/kibana"),
            "inspectorUrl": pulumi.Output.concat(url, "/inspector/"),
            "apiUrl": url,
            "masterPublicIp": last_look.look(settings, previous, found.seen, known, running.ready),
            "masterPrivateIp": machine.private_ip,
        }
        call_check(settings, machine, url, [], [*machine.depends_on, *running.ready], self)
        next_steps.tell(settings, previous, self.outputs["callUrl"], running.ready, self)
        self.register_outputs(self.outputs)
