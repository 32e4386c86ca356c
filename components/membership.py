"""A node's membership of the load balancer: create joins, delete drains.

A command resource, so that a plain `pulumi up` or `pulumi destroy` drains first, and a drain
that fails keeps the machine. Its text and values are in the state: the delete works without
this source at hand, and what it runs on the base reads its secrets there, as they are now.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pulumi
from pulumi_command import local

from components.base import BaseServices
from components.machine import Machine
from components.settings import Settings

_RUN_ON_BASE = Path(__file__).resolve().parent.parent / "scripts" / "run_on_base.sh"


def membership(
    name: str,
    settings: Settings,
    machine: Machine,
    base: BaseServices,
    *,
    parent: pulumi.Resource,
    depends_on: Sequence[pulumi.Resource],
) -> local.Command:
    """Register a node's membership.

    Args:
        name: the node's name.
        settings: gives user and key for SSH, and the time limit of a drain.
        machine: the node's machine.
        base: the base services that hold the list of addresses.
        parent: the node's component.
        depends_on: what has to be done before the node can join; deleted after the drain.
    """
    text = _RUN_ON_BASE.read_text()
    join, drain = (f"set -- {action}\n{text}" for action in ("join", "drain"))
    return local.Command(
        f"{name}-membership",
        interpreter=["/bin/bash", "-c"],
        create=join,
        update=join,
        delete=drain,
        environment={
            "NODE_NAME": name,
            "NODE_IP": machine.private_ip,
            "NODE_IDENTITY": machine.identity,
            "BASE_HOST": base.machine.public_ip,
            "BASE_HOST_KEY": base.machine.host_key,
            "SSH_USER": settings.ssh_user,
            "DRAIN_TIMEOUT_SECONDS": str(int(settings.drain_timeout.total_seconds())),
            "FORCE_AFTER_DRAIN_TIMEOUT": str(settings.force_after_drain_timeout).lower(),
        },
        stdin=pulumi.Output.secret(settings.ssh_private_key),
        triggers=[machine.identity],
        opts=pulumi.ResourceOptions(
            parent=parent,
            # A new machine at the same address must not join before the old one has left.
            delete_before_replace=True,
            depends_on=[*machine.depends_on, *base.ready, *depends_on],
            additional_secret_outputs=["stdout", "stderr"],
        ),
    )
