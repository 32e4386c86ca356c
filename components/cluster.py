"""The cluster: machines, base services, nodes, and what users get to see of them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pulumi

from components import overview, service, upgrade
from components.addresses import users_url
from components.aws.domain import with_record
from components.base import BaseServices
from components.deployed import deployed
from components.machine import Machine
from components.machine_source import machine_source
from components.membership import all_joined, wanted
from components.mistakes import ConfigurationError
from components.node import Node, NodePlan
from components.settings import ROLLING, Settings
from components.shared_configuration import SharedConfiguration
from openvidu.ports import API

FEWEST_NODES_FOR_AVAILABILITY = 2


class Cluster(pulumi.ComponentResource):
    """An OpenVidu Enterprise cluster in its reduced highly available form.

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
            ConfigurationError: machines can't be had as the configuration asks for; nothing was
                registered.
        """
        there = deployed()
        with ThreadPoolExecutor(1) as pool:
            asked = pool.submit(overview.ask, settings, there)
            machines_of = machine_source(settings, there)
            seen = asked.result()
        if mistakes := upgrade.find_mistakes(settings, there, seen):
            raise ConfigurationError(mistakes)
        super().__init__("openvidu-enterprise:index:Cluster", "cluster")
        if settings.node_count < FEWEST_NODES_FOR_AVAILABILITY:
            pulumi.log.warn("With one node, a failure of that node ends every call.", self)
        for warning in (
            *service.warnings(settings, there, seen),
            *service.stop_of_main(settings, there),
            *upgrade.warnings(settings, there, seen),
        ):
            pulumi.log.warn(warning, self)
        child = pulumi.ResourceOptions(parent=self)
        machines = machines_of(self)

        def base_machine(parent: pulumi.Resource) -> Machine:
            return with_record(machines.main(parent), settings, parent)

        self.base = BaseServices(settings, base_machine, there, opts=child)
        configuration = SharedConfiguration(settings, self.base, there, self)
        generations = service.generations(settings, there, seen)
        replaced = service.replaced(settings, there)
        many = settings.max_unavailable
        nodes = {}
        new: list[pulumi.Resource] = []
        existing: list[pulumi.Resource] = []
        # New nodes come first and wait for nobody. One that is replaced waits for them, as it may
        # be the last that serves; and for the one maxUnavailable places before it, so that no more
        # are out of service at a time.
        for number in service.in_order(generations, there):
            after = [existing[-many]] if len(existing) >= many else []
            nodes[number] = node = Node(
                number,
                settings,
                self.base,
                partial(machines.node, number, [*after, *new] if number in replaced else after),
                configuration.wanted,
                NodePlan(
                    generations[number],
                    upgrade.change_of(f"node-{number}", settings, there),
                    after if settings.upgrade_strategy == ROLLING else (),
                ),
                opts=child,
            )
            (existing if number in there.generations else new).append(node.membership)
        self.nodes = [nodes[number] for number in sorted(nodes)]
        joined = all_joined([node.membership for node in self.nodes], self)
        configuration.apply(service.configuration_generation(there, seen), [joined])
        for node in self.nodes:
            wanted(
                node.machine.name,
                settings,
                node.machine,
                self.base,
                parent=node,
                depends_on=[joined, node.membership],
            )
        self.outputs = _outputs(settings, self.base, self.nodes)
        self.register_outputs(self.outputs)


def _outputs(settings: Settings, base: BaseServices, nodes: list[Node]) -> dict[str, Any]:
    """Source: page, "Installing Base Services" step 8."""
    url = users_url(settings, base.domain_or_public_ip)
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
