"""Where AWS's services are made: what each of them is given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi

from components.aws.alarms import Alarms
from components.aws.firewall import Firewall
from components.aws.network import Network
from components.previous_state import PreviousState
from components.settings.table import Settings
from openvidu.ports import PortRule


@dataclass(frozen=True)
class Site:
    """Where services are made.

    Attributes:
        settings: what to deploy.
        network: the cluster's network.
        tags: those that every resource carries.
        previous: what is deployed.
        parent: what owns the services.
        alarms: watches them; None where nobody wants to know.
    """

    settings: Settings
    network: Network
    tags: Mapping[str, str]
    previous: PreviousState
    parent: pulumi.Resource
    alarms: Alarms | None = None

    @property
    def child(self) -> pulumi.ResourceOptions:
        """Options of a resource that needs no others."""
        return pulumi.ResourceOptions(parent=self.parent)

    def named(self, name: str) -> dict[str, str]:
        """Tags with a name."""
        return {**self.tags, "Name": f"{self.tags['project']}-{self.tags['stack']}-{name}"}

    def firewall(self, name: str, ports: Sequence[PortRule]) -> Firewall:
        """Register a security group."""
        return Firewall(
            name,
            ports,
            self.settings,
            self.previous,
            vpc_id=self.network.vpc_id,
            members=self.network.members,
            tags=self.tags,
            opts=self.child,
        )
