"""The cluster's machines on AWS, and what they need: network, firewalls, SSH key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pulumi
import pulumi_aws as aws

from components.aws import account, machine_types, quotas
from components.aws.firewall import Firewall
from components.aws.machine import Placement, aws_machine
from components.aws.network import Network
from components.deployed import Deployed
from components.machine import Machine, once
from components.mistakes import ConfigurationError, Mistake, set_command
from components.settings import Settings
from openvidu.roles import NODE


def check(settings: Settings, there: Deployed, tags: Mapping[str, str]) -> str:
    """Ask AWS whether it gives what the configuration asks for, before anything is registered.

    Args:
        settings: what is wanted.
        there: what is deployed.
        tags: those that every resource of this stack carries.

    Returns:
        an availability zone with the wanted instance types.

    Raises:
        ConfigurationError: all that AWS wouldn't give.
    """
    types = machine_types.look_up(settings)
    mistakes = machine_types.find_mistakes(settings, types)
    zone = None if mistakes else machine_types.zone_for(types)
    if zone is None and not mistakes:
        problem = f"no availability zone of this region has both {' and '.join(types)}"
        command = set_command("nodeInstanceType", settings.base_instance_type)
        mistakes = [Mistake("nodeInstanceType", problem, command)]
    has = account.ask(settings, there, tags)
    mistakes += quotas.find_mistakes(settings, there, types, has)
    if zone is None or mistakes:
        raise ConfigurationError(mistakes)
    return zone


class AwsMachines:
    """EC2 instances in a network of their own."""

    def __init__(
        self,
        settings: Settings,
        tags: Mapping[str, str],
        zone: str,
        parent: pulumi.Resource,
    ) -> None:
        """Register what machines need.

        Args:
            settings: what to deploy.
            tags: those that every resource carries.
            zone: availability zone of the cluster.
            parent: the cluster.
        """
        child = pulumi.ResourceOptions(parent=parent)
        self._settings = settings
        network = Network(settings, availability_zone=zone, tags=tags, opts=child)
        key_pair = aws.ec2.KeyPair(
            "ssh-key", public_key=settings.ssh_public_key or "", tags=tags, opts=child
        )
        self._placement = Placement(
            zone=zone,
            subnet_id=network.subnet_id,
            internet=network.internet,
            image_id=machine_types.newest_image(),
            key_name=key_pair.key_name,
            tags=tags,
        )
        roles = [settings.main_role, *([NODE] if settings.node_numbers else [])]
        self._firewalls = {
            role: Firewall(role, settings, vpc_id=network.vpc_id, tags=tags, opts=child)
            for role in roles
        }

    def main(self, parent: pulumi.Resource) -> Machine:
        """Register the machine that users connect to."""
        role = self._settings.main_role
        return aws_machine(
            role.name,
            role,
            self._settings,
            self._placement,
            private_ip=self._settings.base_private_ip,
            instance_type=self._settings.base_instance_type,
            firewall=self._firewalls[role],
            parent=parent,
        )

    def node(
        self, number: int, after: Sequence[pulumi.Resource], parent: pulumi.Resource
    ) -> Machine:
        """Register the machine of a node; a change of it comes after what `after` names."""
        return aws_machine(
            f"node-{number}",
            NODE,
            self._settings,
            self._placement,
            private_ip=self._settings.node_private_ip(number),
            instance_type=once(after, self._settings.node_instance_type),
            firewall=self._firewalls[NODE],
            parent=parent,
        )
