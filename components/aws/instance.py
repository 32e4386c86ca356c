"""An EC2 instance with a fixed private address on an interface of its own, and an Elastic IP.

The address is elastic because AWS assigns no public address to an instance that starts with an
interface of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import pulumi
import pulumi_aws as aws
from pulumi_command import local

from components.aws import backups, provider, session_manager
from components.aws.alarms import Alarms
from components.aws.asked_here import login, run_here
from components.aws.firewall import Firewall
from components.machine import Machine
from components.settings.stack_config import config_of_stack
from components.settings.table import Settings
from openvidu.roles import NODE, Role

_METADATA: aws.ec2.InstanceMetadataOptionsArgsDict = {
    "http_endpoint": "enabled",
    "http_tokens": "required",
    "http_put_response_hop_limit": 1,
}


@dataclass(frozen=True)
class Placement:
    """Where and from what instances start.

    Attributes:
        zone: the availability zone.
        subnet_id: the cluster's subnet.
        internet: what makes the subnet reachable from the internet.
        image_id: image of new instances; instances that run keep theirs.
        key_name: EC2 key pair for SSH.
        tags: tags that every resource carries.
        profile: name of an instance profile: what they may do on AWS.
        alarms: watches them; None where nobody wants to know.
    """

    zone: str
    subnet_id: pulumi.Output[str]
    internet: Sequence[pulumi.Resource]
    image_id: str
    key_name: pulumi.Output[str]
    tags: Mapping[str, str]
    profile: pulumi.Input[str] | None = None
    alarms: Alarms | None = None


def aws_machine(  # noqa: PLR0913 - each is a thing of its own
    name: str,
    role: Role,
    settings: Settings,
    placement: Placement,
    *,
    private_ip: str,
    instance_type: pulumi.Input[str],
    firewall: Firewall,
    parent: pulumi.Resource,
    before_stop: Callable[[Machine], pulumi.Resource] | None = None,
) -> Machine:
    """Register an EC2 instance with its interface, address and host key.

    Args:
        name: `base`, `master`, `node-1`, …; the resource's name.
        role: what it's for.
        settings: gives the size of the volume.
        placement: where and from what to start.
        private_ip: the fixed private address.
        instance_type: EC2 instance type.
        firewall: the role's security group.
        parent: the component that owns the machine.
        before_stop: registers what AWS's stop of the machine waits for. It's given the machine
            before that, without what only the instance tells.
    """
    project, stack = placement.tags["project"], placement.tags["stack"]
    tags = {**placement.tags, "Name": f"{project}-{stack}-{name}", "role": role.name}
    interface = _interface(name, private_ip, firewall, placement.subnet_id, tags, parent)
    address = _address(name, interface, placement, tags, parent)
    before = _before(name, private_ip, address, settings, placement)
    stop = [before_stop(before)] if before_stop else []
    instance = aws.ec2.Instance(
        name,
        ami=placement.image_id,
        instance_type=instance_type,
        key_name=placement.key_name,
        iam_instance_profile=placement.profile,
        primary_network_interface={"network_interface_id": interface.id},
        metadata_options=_METADATA,
        root_block_device=_root_volume(settings, tags),
        tags=tags,
        opts=_stays(role, parent, [*firewall.rules, address, *stop]),
    )
    if placement.alarms:
        kind = settings.node_instance_type if role is NODE else settings.main_instance_type.name
        placement.alarms.watch_machine(name, instance, kind, parent)
    machine = replace(
        before,
        identity=instance.id,
        host_key=_host_key(name, instance, parent),
        depends_on=[address, instance],
        instance_arn=instance.arn,
        instance=instance,
        let_in=firewall.rules,
    )
    if role.data:
        return _with_data(machine, instance, settings, placement.zone, tags, parent)
    return machine


def _interface(
    name: str,
    private_ip: str,
    firewall: Firewall,
    subnet_id: pulumi.Output[str],
    tags: Mapping[str, str],
    parent: pulumi.Resource,
) -> aws.ec2.NetworkInterface:
    """An interface with a fixed private address, which outlives its instance."""
    return aws.ec2.NetworkInterface(
        f"{name}-interface",
        subnet_id=subnet_id,
        private_ips=[private_ip],
        security_groups=firewall.groups,
        description=f"{tags['Name']} {private_ip}",
        tags=tags,
        opts=pulumi.ResourceOptions(parent=parent),
    )


def _address(
    name: str,
    interface: aws.ec2.NetworkInterface,
    placement: Placement,
    tags: Mapping[str, str],
    parent: pulumi.Resource,
) -> aws.ec2.Eip:
    """The Elastic IP of an interface."""
    return aws.ec2.Eip(
        f"{name}-address",
        domain="vpc",
        network_interface=interface.id,
        tags=tags,
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[*placement.internet]),
    )


def _root_volume(
    settings: Settings, tags: Mapping[str, str]
) -> aws.ec2.InstanceRootBlockDeviceArgsDict:
    return {
        "volume_type": "gp3",
        "volume_size": settings.volume_size,
        "encrypted": True,
        "kms_key_id": settings.kms_key_id,
        "tags": tags,
    }


def _before(
    name: str, private_ip: str, address: aws.ec2.Eip, settings: Settings, placement: Placement
) -> Machine:
    """The machine without what only its instance tells."""
    project, stack = placement.tags["project"], placement.tags["stack"]
    region = aws.config.region or ""
    unknown = pulumi.Output.from_input("")
    return Machine(
        name,
        private_ip,
        address.public_ip,
        identity=unknown,
        host_key=unknown,
        depends_on=[address],
        present=f"aws {region or '-'} {project} {stack}",
        provider=provider.variables(*config_of_stack("aws")),
        way=session_manager.way(settings, region, project, stack, name),
    )


def _stays(
    role: Role, parent: pulumi.Resource, depends_on: Sequence[pulumi.Resource]
) -> pulumi.ResourceOptions:
    """Options that keep an instance as it is for as long as it can be."""
    return pulumi.ResourceOptions(
        parent=parent,
        # The interface is attached to one instance at a time.
        delete_before_replace=True,
        # A newer image or another key must not replace a machine that carries calls, nor user
        # data that somebody else has changed have AWS stop it.
        ignore_changes=["ami", "keyName", "userData", "userDataBase64"],
        # AWS stops an instance to change its type, and with it a node's calls.
        replace_on_changes=["instanceType"] if role is NODE else [],
        depends_on=depends_on,
    )


def _with_data(
    machine: Machine,
    instance: aws.ec2.Instance,
    settings: Settings,
    zone: str,
    tags: Mapping[str, str],
    parent: pulumi.Resource,
) -> Machine:
    """The machine, with a volume that outlives it and keeps its data."""
    named = {**tags, "Name": f"{tags['Name']}-data"}
    volume = aws.ebs.Volume(
        f"{machine.name}-data",
        availability_zone=zone,
        size=settings.data_volume_size,
        type="gp3",
        encrypted=True,
        kms_key_id=settings.kms_key_id,
        snapshot_id=settings.restore_from_snapshot,
        tags=named,
        opts=pulumi.ResourceOptions(
            parent=parent,
            protect=not settings.delete_data,
            # No volume moves, and none begins anew: it would be another one.
            ignore_changes=["availabilityZone", "snapshotId"],
        ),
    )
    if settings.backup_days:
        backups.back_up_daily(named["Name"], settings, tags, parent)
    attachment = aws.ec2.VolumeAttachment(
        f"{machine.name}-data-attachment",
        device_name="/dev/sdf",
        instance_id=instance.id,
        volume_id=volume.id,
        # What is in memory has to reach the volume before it goes.
        stop_instance_before_detaching=True,
        # A volume is attached to one instance at a time.
        opts=pulumi.ResourceOptions(parent=parent, delete_before_replace=True),
    )
    # The rest of the machine needn't wait for it.
    return replace(machine, data_volume=attachment.volume_id)


def _host_key(name: str, instance: aws.ec2.Instance, parent: pulumi.Resource) -> pulumi.Output[str]:
    """The instance's SSH host key, read from its console output through the AWS API."""
    command = local.Command(
        f"{name}-host-key",
        create=run_here("host_key"),
        environment={"INSTANCE_ID": instance.id, **login()},
        triggers=[instance.id],
        opts=pulumi.ResourceOptions(parent=parent),
    )
    # It's public, whatever it was read with.
    return pulumi.Output.unsecret(command.stdout)
