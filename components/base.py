"""The base services machine: load balancer, Redis, MinIO, Elasticsearch and Kibana.

Source: page, "Installing Base Services".
"""

from __future__ import annotations

import hashlib

import pulumi

from components.env_files import base_env
from components.installation import MachineOf, env_fields, install_fields
from components.machine import Machine
from components.membership_program import bundle
from components.remote import fields, run_on
from components.settings import Settings
from openvidu import environment, release


class BaseServices(pulumi.ComponentResource):
    """Base services on a machine, from install to the first answer.

    Attributes:
        machine: the machine.
        domain_or_public_ip: the name under which users reach the cluster.
        ready: what depends on running base services depends on these.
    """

    machine: Machine
    domain_or_public_ip: pulumi.Output[str]
    ready: list[pulumi.Resource]

    def __init__(
        self,
        settings: Settings,
        machine_of: MachineOf,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Register the base.

        Args:
            settings: what to deploy.
            machine_of: registers the machine as a child of the component it is given.
            opts: options of the component.
        """
        super().__init__("openvidu-enterprise:index:BaseServices", "base", None, opts)
        self.machine = machine = machine_of(self)
        self.domain_or_public_ip = (
            pulumi.Output.from_input(settings.domain_or_public_ip)
            if settings.domain_or_public_ip
            else machine.public_ip
        )
        docker = run_on(machine, "base-docker", "install-docker.sh", settings, parent=self)
        install = run_on(
            machine,
            "base-install",
            "install-openvidu.sh",
            settings,
            parent=self,
            stdin=install_fields(release.BASE, settings.openvidu_version),
            depends_on=[docker],
        )
        env_text: pulumi.Output[str] = pulumi.Output.secret(
            self.domain_or_public_ip.apply(lambda domain: base_env(settings, domain))
        )
        env = run_on(
            machine,
            "base-env",
            "put-env.sh",
            settings,
            parent=self,
            stdin=pulumi.Output.concat(
                env_fields(release.BASE, keep=environment.NODE_IPS), env_text
            ),
            depends_on=[install],
        )
        before_start: list[pulumi.Resource] = [env]
        if settings.certificate_type == "owncert":
            before_start.append(
                run_on(
                    machine,
                    "base-certificate",
                    "put-certificate.sh",
                    settings,
                    parent=self,
                    stdin=pulumi.Output.secret(
                        fields({"FOLDER": release.BASE.folder})
                        + f"{settings.own_certificate}{settings.own_private_key}"
                    ),
                    depends_on=[install],
                )
            )
        start = run_on(
            machine,
            "base-start",
            "start-base.sh",
            settings,
            parent=self,
            # A changed configuration is applied; the script sees for itself what changed.
            stdin=env_text.apply(
                lambda text: fields(
                    {
                        "FOLDER": release.BASE.folder,
                        "CONFIGURATION": hashlib.sha256(text.encode()).hexdigest(),
                    }
                )
            ),
            depends_on=before_start,
        )
        program = run_on(
            machine,
            "base-membership-program",
            "put-membership-program.sh",
            settings,
            parent=self,
            stdin=bundle(),
            depends_on=[docker],
        )
        self.ready = [start, program]
        self.register_outputs({"privateIp": machine.private_ip, "publicIp": machine.public_ip})
