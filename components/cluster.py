"""The cluster: machines, base services, nodes, and what users get to see of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import pulumi

from components import (
    down,
    first_look,
    installation,
    last_look,
    next_steps,
    update_plan,
    upgrade_path,
)
from components.addresses import users_url
from components.aws import health
from components.aws.domain import with_record
from components.aws.instances import AwsMachines
from components.base import BaseServices
from components.call_check import call_check
from components.cluster_observation import Overview
from components.control_machine import ControlMachine
from components.machine import Machine, Machines
from components.managed.aws_services import ManagedServices
from components.managed.bastion import Bastion
from components.node import Node
from components.node_machine import MachinePlan
from components.node_membership import all_joined, wanted
from components.previous_state import PreviousState
from components.settings.choices import HA_MANAGED, ROLLING
from components.settings.table import Settings
from components.shared_configuration import SharedConfiguration
from components.standby import Standby
from components.update_notice import tell_begin
from openvidu.ports import API

FEWEST_NODES_FOR_AVAILABILITY = 2
_Plans = Callable[[int, Sequence[pulumi.Resource]], MachinePlan]


class Cluster(pulumi.ComponentResource):
    """An OpenVidu Enterprise cluster: base services or AWS's, and nodes.

    Source: page, "Overview".

    Attributes:
        nodes: the nodes, by rising number.
        outputs: the stack's outputs by name.
    """

    nodes: list[Node]
    outputs: dict[str, Any]

    def __init__(self, settings: Settings) -> None:
        """Register everything.

        Raises:
            ConfigurationError: machines can't be had as the configuration asks for; nothing was
                registered.
            DownError: the base or bastion is down; likewise.
            OutsideWindowError: what is wanted has to wait for `changeWindow`; likewise.
        """
        found = first_look.look(settings)
        settings, previous, aws_says = found.settings, found.previous, found.aws_says
        seen = down.overview(settings, previous, found.seen, aws_says)
        super().__init__("openvidu-enterprise:index:Cluster", "cluster")
        for warning in _warnings(settings, previous, aws_says, seen):
            pulumi.log.warn(warning, self)
        tell_begin(settings, previous)
        child = pulumi.ResourceOptions(parent=self)
        machines = found.machines_of(self)
        begun = _begin(settings, machines, previous, aws_says, child)
        base = begun.base
        configuration = SharedConfiguration(settings, base, previous, self)
        generations = update_plan.generations(settings, previous, seen)
        plan_of = _machine_plans(settings, previous, installation.node_script(base, settings, self))
        nodes = self._nodes(
            settings, machines, base, configuration.wanted, plan_of, previous, generations
        )
        self.nodes = sorted(nodes, key=lambda node: node.number)
        members = [node.membership for node in self.nodes]
        standbys = [*self._standbys(settings, machines, base, plan_of, members)]
        joined = all_joined(members, self)
        applied = configuration.apply(
            update_plan.configuration_generation(previous, seen),
            update_plan.leaving_addresses(settings, previous),
            [joined],
        )
        last = [_wanted(node, settings, base, joined) for node in self.nodes]
        call_check(
            settings,
            base.machine,
            begun.outputs["inspectorUrl"],
            [node.machine for node in self.nodes],
            [*base.ready, *members, applied],
            self,
        )
        known = base.machine.public_ip, base.machine.host_key
        public_ip = last_look.look(settings, previous, seen, known, last)
        self.outputs = {
            **begun.outputs,
            f"{base.machine.name}PublicIp": public_ip,
            "nodes": [_output(node) for node in self.nodes],
            **({"standbyNodes": [_output(one) for one in standbys]} if standbys else {}),
        }
        url = begun.outputs.get("callUrl", begun.outputs["inspectorUrl"])
        next_steps.tell(settings, previous, url, [*last, applied], self)
        self.register_outputs(self.outputs)

    def _nodes(
        self,
        settings: Settings,
        machines: Machines,
        base: ControlMachine,
        configuration: pulumi.Resource,
        plan_of: _Plans,
        previous: PreviousState,
        generations: Mapping[int, int],
    ) -> Iterator[Node]:
        """Register the nodes, each after those that it has to wait for.

        New nodes come first and wait for nobody, nor do those that come back: they are out of
        service as it is. One that is replaced waits for all of them, as it may be the last that
        serves; and for the one maxUnavailable places before it, so that no more are out of
        service at a time.
        """
        replaced = update_plan.replaced(settings, previous)
        many = settings.max_unavailable
        new: list[pulumi.Resource] = []
        returning: list[pulumi.Resource] = []
        existing: list[pulumi.Resource] = []
        for number in update_plan.in_order(generations, previous):
            comes_back = update_plan.comes_back(number, generations, previous)
            after = [] if comes_back else [*returning]
            if not comes_back and len(existing) >= many:
                after.append(existing[-many])
            node = Node(
                number,
                settings,
                base,
                partial(machines.node, number, [*after, *new] if number in replaced else after),
                configuration,
                generations[number],
                plan_of(number, after if settings.upgrade_strategy == ROLLING else ()),
                opts=pulumi.ResourceOptions(parent=self),
            )
            among = returning if comes_back else existing if number in previous.generations else new
            among.append(node.membership)
            yield node

    def _standbys(
        self,
        settings: Settings,
        machines: Machines,
        base: ControlMachine,
        plan_of: _Plans,
        members: Sequence[pulumi.Resource],
    ) -> Iterator[Standby]:
        """Register the standbys; no node waits for them, and they wait for none.

        Save one that is a node until it has drained in this update: it serves while the others are
        changed, and drains after that. It doesn't come back, and they would wait for it.
        """
        for number in settings.standby_numbers:
            plan = plan_of(number, ())
            after = members if plan.may_serve else ()
            yield Standby(
                number,
                settings,
                base,
                partial(machines.node, number, after),
                replace(plan, upgraded_after=after),
                opts=pulumi.ResourceOptions(parent=self),
            )


def _machine_plans(
    settings: Settings, previous: PreviousState, script: pulumi.Output[str]
) -> _Plans:
    """Tells what becomes of a node's or standby's machine: by number, and what comes before."""
    waits = update_plan.pull_waits(settings, previous)

    def plan_of(number: int, upgraded_after: Sequence[pulumi.Resource]) -> MachinePlan:
        name = f"node-{number}"
        return MachinePlan(
            upgrade_path.change_of(name, settings, previous),
            script,
            upgraded_after,
            waits[number],
            may_serve=update_plan.may_serve(number, previous),
            runs_while_node=update_plan.runs_while_node(number, settings, previous),
            starts=update_plan.starts(number, previous),
            instance=previous.instances.get(name, ""),
        )

    return plan_of


def _wanted(
    node: Node, settings: Settings, base: ControlMachine, joined: pulumi.Resource
) -> pulumi.Resource:
    """Note on the base that a node is wanted, once all have joined."""
    machine = node.machine
    after = [joined, node.membership]
    return wanted(machine.name, settings, machine, base, parent=node, depends_on=after)


def _warnings(
    settings: Settings, previous: PreviousState, aws_says: health.Health, seen: Overview
) -> list[str]:
    """What whoever updates has to know before."""
    return [
        *health.warnings(aws_says),
        *_lone_node(settings),
        *update_plan.warnings(settings, previous, seen),
        *update_plan.go_on_running(settings, previous),
        *update_plan.stop_of_main(settings, previous),
        *update_plan.kept_types(settings, previous),
        *upgrade_path.warnings(settings, previous, seen),
    ]


def _lone_node(settings: Settings) -> list[str]:
    if settings.node_count >= FEWEST_NODES_FOR_AVAILABILITY:
        return []
    return ["With one node, a failure of that node ends every call."]


@dataclass(frozen=True)
class _Begun:
    """What nodes need to be there, and the stack's outputs that tell users of it."""

    base: ControlMachine
    outputs: Mapping[str, Any]


def _begin(
    settings: Settings,
    machines: Machines,
    previous: PreviousState,
    aws_says: health.Health,
    child: pulumi.ResourceOptions,
) -> _Begun:
    """Register what nodes need to be there: base services or AWS's."""
    if settings.shape == HA_MANAGED and isinstance(machines, AwsMachines):
        return _managed(settings, machines, previous, aws_says, child)

    def base_machine(parent: pulumi.Resource) -> Machine:
        machine = down.require_another(machines.main(parent), aws_says)
        return with_record(machine, settings, parent)

    base = BaseServices(settings, base_machine, previous, opts=child)
    # Source: page, "Installing Base Services" step 8.
    url = users_url(settings, base.domain_or_public_ip)
    outputs = {
        "callUrl": pulumi.Output.concat(url, "/"),
        "kibanaUrl": pulumi.Output.concat(url, "/kibana"),
        "minioUrl": pulumi.Output.concat(url, "/minio"),
        "inspectorUrl": pulumi.Output.concat(url, "/inspector/"),
        "apiUrl": f"http://{base.machine.private_ip}:{API}",
        "basePublicIp": base.machine.public_ip,
        "basePrivateIp": base.machine.private_ip,
    }
    return _Begun(base, outputs)


def _managed(
    settings: Settings,
    machines: AwsMachines,
    previous: PreviousState,
    aws_says: health.Health,
    child: pulumi.ResourceOptions,
) -> _Begun:
    services = ManagedServices(
        settings, machines.network, machines.tags, previous, machines.alarms, opts=child
    )
    bastion = Bastion(settings, machines, services, previous, aws_says, opts=child)
    url = users_url(settings, pulumi.Output.from_input(settings.domain_or_public_ip or ""))
    outputs = {
        "kibanaUrl": services.kibana_url,
        "inspectorUrl": pulumi.Output.concat(url, "/inspector/"),
        "apiUrl": url,
        "loadBalancerDnsName": services.load_balancer.dns_name,
        "bastionPublicIp": bastion.machine.public_ip,
        "bastionPrivateIp": bastion.machine.private_ip,
    }
    return _Begun(bastion, outputs)


def _output(node: Node | Standby) -> dict[str, Any]:
    return {
        "name": node.machine.name,
        "number": node.number,
        "privateIp": node.machine.private_ip,
        "publicIp": node.machine.public_ip,
    }
