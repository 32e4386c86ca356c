"""The cluster: network, base services, nodes, and what users get to see of them."""

from __future__ import annotations

from typing import Any

import pulumi
import pulumi_aws as aws

from components import machine_types
from components.base import BaseServices
from components.firewall import Firewall
from components.machine import Machine, Placement, aws_machine
from components.mistakes import ConfigurationError, Mistake
from components.network import Network
from components.node import Node
from components.settings import Settings
from openvidu.ports import API, BASE_PORTS, NODE_PORTS

FEWEST_NODES_FOR_AVAILABILITY = 2


class Cluster(pulumi.ComponentResource):
    """An OpenVidu Enterprise cluster in its reduced highly available form on AWS.

    Source: page, "Overview".

    Attributes:
        base: the base services.
        nodes: the nodes, by rising number.
        outputs: the stack's outputs by name.
    """

    base: BaseServices
    nodes: list[Node]
    outputs: dict[str, Any]

    def __init__(self, settings: Settings) -> None:
        """Register everything.

        Raises:
            ConfigurationError: AWS can't give what the configuration asks for; nothing was
                registered.
        """
        zone = _zone(settings)
        super().__init__("openvidu-enterprise:index:Cluster", "cluster")
        if settings.node_count < FEWEST_NODES_FOR_AVAILABILITY:
            pulumi.log.warn("With one node, a failure of that node ends every call.", self)
        tags = {"project": pulumi.get_project(), "stack": pulumi.get_stack()}
        child = pulumi.ResourceOptions(parent=self)
        network = Network(settings, availability_zone=zone, tags=tags, opts=child)
        key_pair = aws.ec2.KeyPair(
            "ssh-key", public_key=settings.ssh_public_key, tags=tags, opts=child
        )
        placement = Placement(
            subnet_id=network.subnet_id,
            internet=network.internet,
            image_id=machine_types.newest_image(),
            key_name=key_pair.key_name,
            tags=tags,
        )
        base_firewall, node_firewall = (
            Firewall(role, ports, settings, vpc_id=network.vpc_id, tags=tags, opts=child)
            for role, ports in (("base", BASE_PORTS), ("node", NODE_PORTS))
        )

        def base_machine(parent: pulumi.Resource) -> Machine:
            machine = aws_machine(
                "base",
                "base",
                settings,
                placement,
                private_ip=settings.base_private_ip,
                instance_type=settings.base_instance_type,
                security_group_id=base_firewall.security_group_id,
                rules=base_firewall.rules,
                parent=parent,
            )
            return _with_record(machine, settings, parent)

        def node_machine(number: int, parent: pulumi.Resource) -> Machine:
            return aws_machine(
                f"node-{number}",
                "node",
                settings,
                placement,
                private_ip=settings.node_private_ip(number),
                instance_type=settings.node_instance_type,
                security_group_id=node_firewall.security_group_id,
                rules=node_firewall.rules,
                parent=parent,
            )

        self.base = BaseServices(settings, base_machine, opts=child)
        self.nodes = [
            Node(
                number,
                settings,
                self.base,
                lambda parent, number=number: node_machine(number, parent),  # type: ignore[misc]
                opts=child,
            )
            for number in settings.node_numbers
        ]
        self.outputs = _outputs(settings, self.base, self.nodes)
        self.register_outputs(self.outputs)


def _zone(settings: Settings) -> str:
    """A zone with the wanted instance types, or all that is wrong with them."""
    mistakes = machine_types.find_mistakes(settings)
    types = (settings.base_instance_type, settings.node_instance_type)
    zone = None if mistakes else machine_types.zone_for(types)
    if zone is None and not mistakes:
        problem = f"no availability zone of this region has both {' and '.join(types)}"
        mistakes = [
            Mistake("nodeInstanceType", problem, f"pulumi config set nodeInstanceType {types[0]}")
        ]
    if zone is None:
        raise ConfigurationError(mistakes)
    return zone


def _with_record(machine: Machine, settings: Settings, parent: pulumi.Resource) -> Machine:
    """The base, with the domain pointed to it where a hosted zone is configured."""
    if settings.hosted_zone_id is None or settings.domain_or_public_ip is None:
        return machine
    record = aws.route53.Record(
        "base-record",
        zone_id=settings.hosted_zone_id,
        name=settings.domain_or_public_ip,
        type="A",
        ttl=60,
        records=[machine.public_ip],
        opts=pulumi.ResourceOptions(parent=parent),
    )
    return Machine(
        name=machine.name,
        private_ip=machine.private_ip,
        public_ip=machine.public_ip,
        identity=machine.identity,
        host_key=machine.host_key,
        depends_on=[*machine.depends_on, record],
    )


def _outputs(settings: Settings, base: BaseServices, nodes: list[Node]) -> dict[str, Any]:
    """Source: page, "Installing Base Services" step 8."""
    port = "" if settings.https_port == 443 else f":{settings.https_port}"
    url = pulumi.Output.concat("https://", base.domain_or_public_ip, port)
    return {
        "callUrl": pulumi.Output.concat(url, "/"),
        "kibanaUrl": pulumi.Output.concat(url, "/kibana"),
        "minioUrl": pulumi.Output.concat(url, "/minio"),
        "inspectorUrl": pulumi.Output.concat(url, "/inspector/"),
        "apiUrl": f"http://{base.machine.private_ip}:{API}",
        "basePublicIp": base.machine.public_ip,
        "basePrivateIp": base.machine.private_ip,
        "nodes": [
            {
                "name": node.machine.name,
                "number": node.number,
                "privateIp": node.machine.private_ip,
                "publicIp": node.machine.public_ip,
            }
            for node in nodes
        ],
    }
