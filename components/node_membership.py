"""A node's membership of the cluster: create joins, delete drains.

A command resource, so that a plain `pulumi up` or `pulumi destroy` drains first, and a drain
that fails keeps the machine. Its text and values are in the state: the delete works without
this source at hand, and what it runs on the base reads its secrets there, as they are now.
What it runs is `remote/membership.py`, which has the base run `membership/main.py`; a drain is
decided in `membership/drain.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pulumi
from pulumi_command import local

from components.control_machine import ControlMachine
from components.local_command import local_command
from components.machine import Machine
from components.on_base import way_to
from components.over_ssh import MEMBERSHIP, NOTHING, command, environment
from components.remote import script
from components.settings.table import Settings
from components.upgrade_path import Change


def membership(
    name: str,
    settings: Settings,
    machine: Machine,
    base: ControlMachine,
    generation: int,
    change: Change,
    *,
    parent: pulumi.Resource,
    depends_on: Sequence[pulumi.Resource],
) -> local.Command:
    """Register a node's membership.

    Args:
        name: the node's name.
        settings: gives user and key for SSH.
        machine: the node's machine.
        base: from where the node joins and drains.
        generation: how often the node will have been brought into service; another one brings
            it back.
        change: what becomes of the node's version.
        parent: the node's component.
        depends_on: what has to be done before the node can join; deleted after the drain.
    """
    return local_command(
        f"{name}-membership",
        settings,
        {
            **node_and_base(name, machine, base),
            **way_to_node(machine),
            "NODE_GENERATION": str(generation),
            # An upgrade leaves it stopped: it's started and joins again.
            **change.variables,
            "START_NODE": script("start-node.sh"),
            "LIST_RECORDINGS": script("list-recordings.sh"),
        },
        parent=parent,
        create=command("join"),
        update=command("join"),
        delete=command("drain"),
        triggers=[machine.identity],
        depends_on=[*machine.depends_on, *base.ready, *depends_on],
        # A new machine at the same address must not join before the old one has left.
        delete_before_replace=True,
    )


def hold(
    name: str,
    settings: Settings,
    machine: Machine,
    base: ControlMachine,
    *,
    parent: pulumi.Resource,
) -> local.Command:
    """Register what holds a node's machine while somebody may be led there.

    It's in the state before the node starts, as the membership isn't before it takes calls. So a
    node whose join was interrupted drains, too, and no address goes that another machine has.

    Args:
        name: the node's name.
        settings: gives user and key for SSH.
        machine: the node's machine, which goes after this.
        base: from where that is seen.
        parent: the node's component.
    """
    return local_command(
        f"{name}-hold",
        settings,
        {
            **node_and_base(name, machine, base),
            **way_to_node(machine),
            "LIST_RECORDINGS": script("list-recordings.sh"),
        },
        parent=parent,
        delete=command("release"),
        triggers=[machine.identity],
        depends_on=[*machine.depends_on, *base.ready],
        # Another machine takes its place once it may go.
        delete_before_replace=True,
    )


def way_to_node(machine: Machine) -> Mapping[str, pulumi.Input[str]]:
    """Which machine is a node, and how it can be asked by others than the base."""
    return {
        "NODE_IDENTITY": machine.identity,
        "NODE_HOST": machine.public_ip,
        "NODE_HOST_KEY": machine.host_key,
        **machine.way_as("NODE_SSH_WAY"),
        "NODE_INSTANCE": machine.instance_arn,
    }


def wanted(
    name: str,
    settings: Settings,
    machine: Machine,
    base: ControlMachine,
    *,
    parent: pulumi.Resource,
    depends_on: Sequence[pulumi.Resource],
) -> local.Command:
    """Register that a node is wanted: this goes before the membership, for a node that leaves.

    Its delete tells the base that the node leaves for good. A node that is replaced keeps it, and
    so drains when its turn comes.

    Args:
        name: the node's name.
        settings: gives user and key for SSH.
        machine: the node's machine.
        base: the same machine for all nodes.
        parent: the node's component.
        depends_on: the memberships; deleted after this.
    """
    return local_command(
        f"{name}-wanted",
        settings,
        node_and_base(name, machine, base),
        parent=parent,
        delete=command("leave"),
        depends_on=depends_on,
    )


def all_joined(memberships: Sequence[pulumi.Resource], parent: pulumi.Resource) -> pulumi.Resource:
    """Register a resource that comes after all memberships and before all `wanted`.

    When everything goes, each node is known to leave before the first one drains.
    """
    return local.Command(
        "nodes-joined",
        create=NOTHING,
        opts=pulumi.ResourceOptions(parent=parent, depends_on=memberships),
    )


def node_and_base(
    name: str, machine: Machine, base: ControlMachine
) -> Mapping[str, pulumi.Input[str]]:
    """What `remote/membership.py` needs to know of a node, and the way to the base."""
    return {
        **environment(MEMBERSHIP),
        "NODE_NAME": name,
        "NODE_IP": machine.private_ip,
        **way_to(base.machine),
    }
