"""The cluster's machines on AWS, and what they need: network, firewalls, SSH key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pulumi
import pulumi_aws as aws

from components.aws import (
    account,
    adopted_instance,
    baked_image,
    encryption_key,
    machine_image,
    machine_types,
    notified_topics,
    owners_lookup,
    owners_network,
    provider,
    quotas,
    restore,
    session_manager,
)
from components.aws.addressing import Addressing, in_own_network
from components.aws.alarms import Alarms, alarms
from components.aws.firewall import Firewall
from components.aws.instance import Placement, aws_machine
from components.aws.network import Network
from components.aws.stop import before_stop
from components.existing.hosts import Host
from components.existing.prepared_hosts import ExistingMachines
from components.machine import Machine, once
from components.previous_state import PreviousState
from components.settings.mistakes import ConfigurationError
from components.settings.stack_config import config_of_stack
from components.settings.table import Settings
from openvidu.roles import BASTION, NODE, Role, role_of


def check(settings: Settings, previous: PreviousState, tags: Mapping[str, str]) -> Addressing:
    """Ask AWS whether it gives what the configuration asks for, before anything is registered.

    Args:
        settings: what is wanted.
        previous: what is deployed.
        tags: those by which this stack's things are known.

    Returns:
        an availability zone for each subnet of machines, and where each of them is.

    Raises:
        ConfigurationError: all that AWS wouldn't give.
    """
    for name in previous.plain_data:
        pulumi.log.warn(_loss(name))
    types = machine_types.look_up(settings)
    mistakes = machine_types.find_mistakes(settings, types)
    used = dict(previous.zones)
    groups: Mapping[str, int] = {}
    if settings.subnet_ids:
        owners = owners_lookup.ask(settings, aws.config.region)
        choice = owners_network.choose(settings, previous, owners)
        where = choice.addressing
        mistakes += choice.mistakes
        more = len(adopted_instance.GROUPS)
        groups = {name: there + more for name, there in choice.groups.items()}
        used = dict(enumerate(where.zones))
    else:
        where = in_own_network(settings, previous)
    if not mistakes:
        zones = machine_types.zones(settings, previous, types, used)
        where = replace(where, zones=zones.names)
        mistakes += zones.mistakes
    mistakes += machine_image.find_mistakes(settings, previous)
    mistakes += encryption_key.find_mistakes(settings, previous)
    mistakes += restore.find_mistakes(settings, previous)
    mistakes += session_manager.find_mistakes(settings)
    has = account.ask(settings, previous, tags, max(groups.values(), default=0))
    mistakes += quotas.find_mistakes(settings, previous, types, has, groups)
    if mistakes:
        raise ConfigurationError(mistakes)
    return where


def _loss(volume: str) -> str:
    return (
        f"{volume}, the data volume, isn't encrypted, and AWS can't encrypt an existing "
        "volume: it will be replaced by an empty one. Unless deleteData is true, the "
        "update stops before that. To keep the data, import an encrypted copy of it: "
        "docs/data.md."
    )


class AwsMachines:
    """EC2 instances in a network of their own, or in one that existed.

    Attributes:
        network: the network.
        tags: those that every resource carries.
        alarms: watches what is there; None where nobody wants to know.
    """

    network: Network
    tags: Mapping[str, str]
    alarms: Alarms | None

    def __init__(
        self,
        settings: Settings,
        tags: Mapping[str, str],
        addressing: Addressing,
        previous: PreviousState,
        parent: pulumi.Resource,
    ) -> None:
        """Register what machines need.

        Args:
            settings: what to deploy.
            tags: those that every resource carries.
            addressing: where the machines are.
            previous: what is deployed.
            parent: the cluster.
        """
        child = pulumi.ResourceOptions(parent=parent)
        self._settings = settings
        self._there = previous
        self._subnets = addressing.subnets
        self.tags = tags
        self.network = network = Network(settings, zones=addressing.zones, tags=tags, opts=child)
        key_pair = aws.ec2.KeyPair(
            "ssh-key", public_key=settings.ssh_public_key or "", tags=tags, opts=child
        )
        self.alarms = alarms(settings, tags, parent)
        image = machine_image.image_of(settings)
        self._node_image = baked_image.node_image(settings, tags, previous, image)
        wanted = session_manager.is_wanted(settings)
        profile = session_manager.profile(settings, tags, parent) if wanted else None
        self._tells = notified_topics.profile(settings, tags, parent)
        self._placements = [
            Placement(
                zone=zone,
                subnet_id=subnet_id,
                internet=internet,
                image_id=image,
                key_name=key_pair.key_name,
                tags=tags,
                profile=profile,
                alarms=self.alarms,
            )
            for zone, subnet_id, internet in zip(
                addressing.zones, network.subnet_ids, network.internet, strict=True
            )
        ]
        roles = [settings.main_role, *([NODE] if settings.node_numbers else [])]
        # That of nodes also where none is made yet: one that comes changes nothing else.
        made = roles[1:] if settings.hosts else roles
        self._firewalls = {role: self._firewall(role, child) for role in made}
        self._owners = ExistingMachines(settings, previous)
        self._owners_firewalls = {
            role: self._firewall(role, child, within=True) for role in roles if settings.hosts
        }

    def main(self, parent: pulumi.Resource, profile: pulumi.Input[str] | None = None) -> Machine:
        """Register the machine that the deployment begins with.

        Args:
            parent: the component that owns it.
            profile: name of an instance profile, where it needs one of its own.
        """
        role = self._settings.main_role
        if host := self._settings.wanted_hosts.get(role.name):
            return self._adopted(role.name, host, (), parent)
        place = self._placements[self._subnets[role.name]]
        return aws_machine(
            role.name,
            role,
            self._settings,
            replace(place, profile=profile or self._tells or place.profile),
            private_ip=self._settings.main_private_ip,
            instance_type=self._type_of(role.name, self._settings.main_instance_type.name),
            firewall=self._firewalls[role],
            parent=parent,
            before_stop=(
                None
                if role is BASTION
                else lambda before: before_stop(before, self._settings, self._there, parent)
            ),
        )

    def node(
        self, number: int, after: Sequence[pulumi.Resource], parent: pulumi.Resource
    ) -> Machine:
        """Register the machine of a node; a change of it comes after what `after` names."""
        name = f"node-{number}"
        if host := self._settings.wanted_hosts.get(name):
            return self._adopted(name, host, after, parent)
        place = self._placements[self._subnets[name]]
        # That one is stopped is nothing to be told of.
        is_standby = number in self._settings.standby_numbers
        alarms_of = None if is_standby else place.alarms
        return aws_machine(
            name,
            NODE,
            self._settings,
            replace(place, image_id=self._node_image, alarms=alarms_of),
            private_ip=self._settings.node_private_ip(number),
            instance_type=once(after, self._type_of(name, self._settings.node_instance_type)),
            firewall=self._firewalls[NODE],
            parent=parent,
        )

    def _adopted(
        self, name: str, host: Host, after: Sequence[pulumi.Resource], parent: pulumi.Resource
    ) -> Machine:
        """Register a machine that its owner made: it's prepared as an existing one is."""
        role, settings = role_of(name), self._settings
        firewall = self._owners_firewalls[role]
        subnet_id = self._placements[self._subnets[name]].subnet_id
        # Released, it keeps its data on the disk that goes with it.
        protect = role.data and host.adopted is False and not settings.delete_data
        instance = adopted_instance.take_over(
            name, host, subnet_id, firewall, parent, protect=bool(protect)
        )
        machine = self._owners.machine(name, host, after, parent, depends_on=[instance])
        return replace(
            machine,
            instance_arn=instance.arn,
            provider=provider.variables(*config_of_stack("aws")),
            let_in=firewall.rules,
        )

    def _firewall(
        self, role: Role, opts: pulumi.ResourceOptions, *, within: bool = False
    ) -> Firewall:
        return Firewall(
            f"adopted-{role.name}" if within else role.name,
            role.ports,
            self._settings,
            self._there,
            vpc_id=self.network.vpc_id,
            members=self.network.members,
            tags=self.tags,
            within=within,
            opts=opts,
        )

    def _type_of(self, name: str, wanted: str) -> str:
        """The type that a machine gets in this update."""
        return self._there.kept_types.get(name, wanted)
