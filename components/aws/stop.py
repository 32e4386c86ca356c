"""Has AWS stop the machine that users connect to at a moment without calls only.

AWS stops an instance to change its type, whoever changed it: the configuration, or somebody in the
console, which an update after a refresh changes back. All else that reaches the machine comes after
that in an update, so this reaches it as the last update left it.
"""

from __future__ import annotations

from dataclasses import replace

import pulumi

from components import update_plan
from components.local_command import local_command
from components.machine import Machine
from components.on_base import way_to
from components.over_ssh import MEMBERSHIP, NOTHING, command, environment
from components.previous_state import PreviousState
from components.settings.table import Settings
from openvidu.roles import BASE


def before_stop(
    machine: Machine, settings: Settings, previous: PreviousState, parent: pulumi.Resource
) -> pulumi.Resource:
    """Register what the instance waits for before AWS stops it; else it stays as it was.

    Args:
        machine: as it's there before the update, without its host key.
        settings: what to deploy.
        previous: what is deployed: its type is told apart from the wanted one.
        parent: the component that owns the machine.
    """
    name, stops = f"{machine.name}-stop", update_plan.stops_of_main(settings, previous)
    if stops == previous.stops:
        return local_command(
            name,
            settings,
            {"STOPS": str(stops)},
            parent=parent,
            depends_on=machine.depends_on,
            ignore_changes=("create", "update", "environment", "stdin"),
        )
    known = replace(
        machine,
        host_key=pulumi.Output.from_input(previous.base_host_key or ""),
        way=machine.way if previous.way is None else previous.way,
    )
    quiet = command("quiet" if settings.main_role is BASE else "quiet-master")
    # The policy on the machine is that of the last update.
    wait = NOTHING if settings.config_change_during_calls else quiet
    return local_command(
        name,
        settings,
        {
            **environment(MEMBERSHIP),
            "NODE_NAME": name,
            **way_to(known),
            "STOPS": str(stops),
            "LIMIT_SECONDS": str(int(settings.config_change_timeout.total_seconds())),
        },
        parent=parent,
        create=wait,
        update=wait,
        depends_on=machine.depends_on,
    )
