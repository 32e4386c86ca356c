"""The first look, before anything is registered: what is there, and how it is.

The base or master and AWS are asked at the same time; a preview asks as an update does.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime

import pulumi

from components import cluster_observation, down, outside_window, upgrade_path
from components.aws.health import Health
from components.cluster_observation import Overview
from components.machine import Machines
from components.machine_source import machine_source
from components.previous_state import PreviousState, deployed
from components.settings.mistakes import ConfigurationError
from components.settings.table import Settings


@dataclass(frozen=True)
class Found:
    """What is there.

    Attributes:
        settings: what is wanted, with what only the machines' owner or AWS knows.
        previous: what is deployed.
        machines_of: the machines, of a component.
        seen: what the machine says that the deployment begins with.
        aws_says: how AWS says that the stack's instances are.
    """

    settings: Settings
    previous: PreviousState
    machines_of: Callable[[pulumi.Resource], Machines]
    seen: Overview
    aws_says: Health


def look(settings: Settings) -> Found:
    """Look at what is there.

    Args:
        settings: what is wanted.

    Raises:
        ConfigurationError: what is wanted can't be had.
        DownError: base, bastion or master is down.
        OutsideWindowError: what is wanted has to wait for `changeWindow`.
    """
    previous = deployed()
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(cluster_observation.ask, settings, previous)
        aws_says = down.ask(previous)
        previous = down.with_present_type(previous, settings, aws_says)
        settings, machines_of = machine_source(settings, previous)
        seen = asked.result()
    mistakes = cluster_observation.find_mistakes(seen, settings.main_role.name)
    mistakes += upgrade_path.find_mistakes(settings, previous, seen)
    if mistakes:
        raise ConfigurationError(mistakes)
    down.refuse(settings, seen, aws_says)
    seen = outside_window.keep_to(settings, previous, seen, datetime.now(UTC))
    return Found(settings, previous, machines_of, seen, aws_says)
