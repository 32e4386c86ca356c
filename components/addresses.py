"""Under which name users reach a deployment."""

from __future__ import annotations

import pulumi

from components.machine import Machine
from components.settings.table import Settings
from openvidu import ports


def domain_or_public_ip(settings: Settings, machine: Machine) -> pulumi.Output[str]:
    """The configured name, or the public address of the machine that users connect to."""
    if settings.domain_or_public_ip:
        return pulumi.Output.from_input(settings.domain_or_public_ip)
    return machine.public_ip


def users_url(settings: Settings, name: pulumi.Output[str]) -> pulumi.Output[str]:
    """The address that users type, without a path."""
    port = "" if settings.https_port == ports.HTTPS else f":{settings.https_port}"
    return pulumi.Output.concat("https://", name, port)
