"""Starts and stops the machines of standbys, and of the nodes that they become.

A machine in service is never stopped. What is created or changed comes before what is deleted in an
update, and so before the drain of a node that leaves. So a machine that may be in service is only
stopped by a delete, that of `awake`: the node's hold, start and membership depend on it, and are
deleted before it, which drains. Whatever stops a machine asks the base once more before that,
whether somebody may be led there, and then whether OpenVidu runs on it.
Source: pulumi, pkg/resource/deploy/step_generator.go, `ScheduleDeletes`.
"""

from __future__ import annotations

from collections.abc import Mapping

import pulumi
from pulumi_command import local

from components.aws.arn import GONE_STATUS
from components.aws.asked_here import has_no_login, login, run_here
from components.control_machine import ControlMachine
from components.local_command import local_command
from components.machine import Machine
from components.node_membership import node_and_base, way_to_node
from components.over_ssh import NOTHING, command
from components.remote import script
from components.settings.table import Settings

SCRIPT = "instance_power"
START = run_here(SCRIPT, "start")
# It may be stopped already, with what was left to be done before: it's started for that.
STOP = f"""\
{START} </dev/null; status=$?
[ $status != {GONE_STATUS} ] || exit 0
[ $status = 0 ] || exit $status
({command("rest")}) && {run_here(SCRIPT, "stop")}"""
_RUN = ("create", "update", "environment", "stdin")
"""What may have a command run."""


def awake(
    machine: Machine,
    settings: Settings,
    base: ControlMachine,
    starts: int,
    parent: pulumi.Resource,
) -> pulumi.Resource:
    """Register that a node's machine runs, for as long as it's a node; its delete stops it.

    It isn't stopped where it's removed, or replaced. Nor where the provider's configuration has
    credentials: a delete would log in with those of an earlier update. The next one stops it then.

    Args:
        machine: the node's; what else is of the node depends on this.
        settings: gives user and key for SSH.
        base: tells whether it may be stopped.
        starts: how often it was started once more: it may have been stopped, and that not noted.
        parent: the node's component.
    """
    stops = has_no_login()
    return local_command(
        f"{machine.name}-awake",
        settings,
        {
            **_variables(machine, base),
            **({"STARTS": str(starts)} if starts else {}),
            **({"STOPS": "true"} if stops else {}),
        },
        parent=parent,
        create=START,
        update=START,
        delete=STOP if stops else None,
        triggers=[machine.identity],
        depends_on=machine.depends_on,
        delete_before_replace=True,
        deleted_with=machine.instance,
    )


def roused(
    machine: Machine,
    installed: pulumi.Input[str],
    settings: Settings,
    parent: pulumi.Resource,
) -> local.Command:
    """Register what starts a standby before something is installed there.

    Args:
        machine: the standby's; what is installed there depends on this.
        installed: tells apart what is installed; another one starts it.
        settings: gives user and key for SSH.
        parent: the node's component.
    """
    return local_command(
        f"{machine.name}-roused",
        settings,
        {**_asking(machine), "INSTALLED": installed},
        parent=parent,
        create=START,
        update=START,
        depends_on=machine.depends_on,
    )


def asleep(
    machine: Machine,
    started: local.Command,
    settings: Settings,
    base: ControlMachine,
    *,
    stopped_with_node: str | None,
    parent: pulumi.Resource,
    depends_on: pulumi.Resource,
) -> pulumi.Resource:
    """Register what stops a standby once it's installed, and each time that it was started.

    Args:
        machine: the standby's.
        started: what has started it, each time anew.
        settings: gives user and key for SSH.
        base: tells whether it may be stopped.
        stopped_with_node: ARN of an instance that is a node's until that has drained in this
            update: the delete of `awake` stops it then, and this does nothing. Another one, that
            takes its place, is stopped by the next update.
        parent: the node's component.
        depends_on: what is installed.
    """
    may_serve = stopped_with_node is not None
    begun = pulumi.Output.all(started.stdout, machine.instance_arn).apply(
        lambda found: found[0] if stopped_with_node in (None, found[1]) else ""
    )
    return local_command(
        f"{machine.name}-asleep",
        settings,
        {**_variables(machine, base), "ROUSED": pulumi.Output.unsecret(begun)},
        parent=parent,
        create=NOTHING if may_serve else STOP,
        update=STOP,
        depends_on=[*machine.depends_on, *base.ready, depends_on],
        # One that was a node began with nothing, which is no reason to stop it once more.
        ignore_changes=_RUN if may_serve else ("create",),
    )


def _variables(machine: Machine, base: ControlMachine) -> Mapping[str, pulumi.Input[str]]:
    return {
        **node_and_base(machine.name, machine, base),
        **way_to_node(machine),
        "REST_NODE": script("rest-node.sh"),
        **_asking(machine),
    }


def _asking(machine: Machine) -> Mapping[str, pulumi.Input[str]]:
    return {"INSTANCE_ARN": machine.instance_arn, **login()}
