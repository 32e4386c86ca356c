"""Actions of the membership program on the base, which may wait for hours for calls to end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pulumi

from components.digest import digest_of
from components.local_command import local_command
from components.machine import Machine
from components.over_ssh import MEMBERSHIP, NOTHING, command, environment
from components.previous_state import Attempt, PreviousState
from components.remote import script, text_of
from components.settings.table import Settings
from openvidu.roles import BASTION


def on_base(  # noqa: PLR0913 - each is a thing of its own
    name: str,
    action: str | None,
    settings: Settings,
    base: Machine,
    variables: Mapping[str, pulumi.Input[str]],
    *,
    parent: pulumi.Resource,
    depends_on: Sequence[pulumi.Resource],
    on_create: bool = True,
    beside: Mapping[str, pulumi.Input[str]] | None = None,
    is_due: bool | None = None,
) -> pulumi.Resource:
    """Register an action: it's carried out for each value of its variables.

    Pulumi runs it for another SSH key and another text of the scripts, too, and then nothing is to
    be done. So it's told whether it's due; where only its variables can tell, the base notes for
    which it was carried out last. Such a note outlives the update that made it, and an update that
    was killed leaves it without a state that knows of it: what guards calls has to have a variable
    that is another one in each update with something to guard.

    Args:
        name: name of the resource, and of what progress is about.
        action: as in `remote/membership.py`; None where the state notes its variables, and nothing
            is done.
        settings: gives user and key for SSH.
        base: the base.
        variables: what is kept in the state with it.
        parent: the component that owns it.
        depends_on: what has to be done before.
        on_create: whether it's carried out at first, too. If so it may change the cluster, and is
            carried out again after it failed, whatever it's for by then: as in `remote.run_on`.
        beside: what else it's told: another value is no reason to carry it out.
        is_due: whether it's carried out in this update, whatever was noted; None where its
            variables tell.
    """
    run = NOTHING if action is None else command(action)
    at_first = command(f"at-first-{action}") if is_due is None else NOTHING
    return local_command(
        name,
        settings,
        {
            **environment(MEMBERSHIP),
            "NODE_NAME": name,
            **way_to(base),
            **variables,
            **(beside or {}),
            **({"CARRIED_OUT_FOR": " ".join(sorted(variables))} if is_due is None else {}),
        },
        parent=parent,
        create=run if on_create else at_first,
        update=run,
        depends_on=[*base.depends_on, *depends_on],
        delete_before_replace=on_create,
        replace_on_changes=[f"environment.{one}" for one in variables] if on_create else (),
        ignore_changes=() if is_due is not False else ("create", "update", "environment", "stdin"),
    )


def way_to(base: Machine) -> Mapping[str, pulumi.Input[str]]:
    """How programs of `over_ssh` reach the base, or the bastion that stands in for it.

    And who is asked where that isn't enough: nodes that it can't see, and whether it was replaced.
    """
    name = {"BASE_NAME": base.name} if base.name == BASTION.name else {}
    return {
        "BASE_HOST": base.public_ip,
        "BASE_HOST_KEY": base.host_key,
        **base.way_as("BASE_SSH_WAY"),
        "PRESENT": base.present,
        **base.provider,
        "WITNESS_NODE": script("witness-node.sh"),
        "STOP_NODE": script("stop-node.sh"),
        "REACH": text_of("reach.sh"),
        **name,
    }


def quiet(
    machine: Machine,
    action: str,
    settings: Settings,
    restart: Mapping[str, pulumi.Input[str]],
    previous: PreviousState,
    *,
    parent: pulumi.Resource,
    depends_on: Sequence[pulumi.Resource],
) -> pulumi.Resource:
    """Register the wait for calls before a machine, or what logs in there, restarts.

    Args:
        machine: where it's waited.
        action: as in `on_base`.
        settings: gives user and key for SSH.
        restart: what has it restart: `CONFIGURATION`, and `CONFIGURATION_ATTEMPT` from the second
            on.
        previous: what is deployed.
        parent: the component that owns it.
        depends_on: what has to be done before.
    """
    given = pulumi.Output.all(**restart, host_key=machine.host_key)
    nodes = given.apply(
        lambda found: previous.nodes_before_restart(
            machine.name, _attempt(found), found["host_key"]
        )
    )
    update = given.apply(
        lambda found: previous.update_before_restart(machine.name, _attempt(found))
    )
    return on_base(
        f"{machine.name}-quiet",
        action,
        settings,
        machine,
        {**restart, "UPDATE": update},
        parent=parent,
        depends_on=depends_on,
        on_create=False,
        beside={"NODES": nodes},
    )


def _attempt(restart: Mapping[str, str]) -> Attempt:
    return Attempt(restart["CONFIGURATION"], int(restart.get("CONFIGURATION_ATTEMPT", 1)))


def digest(text: pulumi.Output[str]) -> pulumi.Output[str]:
    """As `digest.digest_of`; no secret, as nothing can be told from it."""
    return pulumi.Output.unsecret(text.apply(digest_of))


def warn_of_restart(before: str | None, now: str, warning: str, parent: pulumi.Resource) -> None:
    """Say what a changed configuration means for calls.

    Args:
        before: digest of what is deployed; None where nothing is.
        now: digest of what will be.
        warning: what to say.
        parent: what it's about.
    """
    if before not in (None, now):
        pulumi.log.warn(warning, parent)
