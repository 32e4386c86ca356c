"""A machine: where base services or a node get installed.

`Machine` is what the rest of the program sees. `AwsMachine` is an EC2 instance with a fixed
private address on an interface of its own and an Elastic IP. The address is elastic because
AWS assigns no public address to an instance that starts with an interface of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
from pulumi_command import local

from components.settings import Settings


@dataclass(frozen=True)
class Machine:
    """A machine that can be reached by SSH.

    Attributes:
        name: `base`, `node-1`, …
        private_ip: address in the cluster's network.
        public_ip: address on the internet.
        identity: changes when another machine takes this one's place (EC2: the instance id).
        host_key: public SSH host key from a trusted source.
        depends_on: what must be there before the machine can be used.
    """

    name: str
    private_ip: str
    public_ip: pulumi.Output[str]
    identity: pulumi.Output[str]
    host_key: pulumi.Output[str]
    depends_on: Sequence[pulumi.Resource]


@dataclass(frozen=True)
class Placement:
    """Where and from what instances start.

    Attributes:
        subnet_id: the cluster's subnet.
        internet: makes the subnet reachable from the internet.
        image_id: image of new instances; instances that run keep theirs.
        key_name: EC2 key pair for SSH.
        tags: tags that every resource carries.
    """

    subnet_id: pulumi.Output[str]
    internet: pulumi.Resource
    image_id: pulumi.Output[str]
    key_name: pulumi.Output[str]
    tags: Mapping[str, str]


def aws_machine(  # noqa: PLR0913 - each is a thing of its own
    name: str,
    role: str,
    settings: Settings,
    placement: Placement,
    *,
    private_ip: str,
    instance_type: str,
    security_group_id: pulumi.Input[str],
    rules: Sequence[pulumi.Resource],
    parent: pulumi.Resource,
) -> Machine:
    """Register an EC2 instance with its interface, address and host key.

    Args:
        name: `base`, `node-1`, …; the resource's name.
        role: `base` or `node`, for the tag.
        settings: gives the size of the volume.
        placement: where and from what to start.
        private_ip: the fixed private address.
        instance_type: EC2 instance type.
        security_group_id: group of the interface.
        rules: rules of that group.
        parent: the component that owns the machine.
    """
    project, stack = placement.tags["project"], placement.tags["stack"]
    tags = {**placement.tags, "Name": f"{project}-{stack}-{name}", "role": role}
    child = pulumi.ResourceOptions(parent=parent)
    interface = aws.ec2.NetworkInterface(
        f"{name}-interface",
        subnet_id=placement.subnet_id,
        private_ips=[private_ip],
        security_groups=[security_group_id],
        description=f"{tags['Name']} {private_ip}",
        tags=tags,
        opts=child,
    )
    address = aws.ec2.Eip(
        f"{name}-address",
        domain="vpc",
        network_interface=interface.id,
        tags=tags,
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[placement.internet]),
    )
    instance = aws.ec2.Instance(
        name,
        ami=placement.image_id,
        instance_type=instance_type,
        key_name=placement.key_name,
        primary_network_interface={"network_interface_id": interface.id},
        metadata_options={
            "http_endpoint": "enabled",
            "http_tokens": "required",
            "http_put_response_hop_limit": 1,
        },
        root_block_device={
            "volume_type": "gp3",
            "volume_size": settings.volume_size,
            "encrypted": True,
            "tags": tags,
        },
        tags=tags,
        opts=pulumi.ResourceOptions(
            parent=parent,
            # The interface is attached to one instance at a time.
            delete_before_replace=True,
            # A newer image or another key must not replace a machine that carries calls.
            ignore_changes=["ami", "keyName"],
            depends_on=[*rules, address],
        ),
    )
    return Machine(
        name=name,
        private_ip=private_ip,
        public_ip=address.public_ip,
        identity=instance.id,
        host_key=_host_key(name, instance, parent),
        depends_on=[address, instance],
    )


def _host_key(name: str, instance: aws.ec2.Instance, parent: pulumi.Resource) -> pulumi.Output[str]:
    """The instance's SSH host key, read from its console output through the AWS API."""
    command = local.Command(
        f"{name}-host-key",
        # Relative to the project, so that another checkout makes no difference.
        create=".venv/bin/python -m scripts.host_key",
        environment={"INSTANCE_ID": instance.id, "AWS_REGION": aws.config.region or ""},
        triggers=[instance.id],
        opts=pulumi.ResourceOptions(parent=parent),
    )
    return command.stdout
