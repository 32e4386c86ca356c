"""What an update does outside of `changeWindow`: it changes nothing that has to wait for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import pulumi
import pulumi_aws as aws

from components.cluster_observation import ClusterObservation, Overview
from components.disruptions import disruptions
from components.previous_state import PreviousState
from components.settings.change_window import ANY_TIME, ChangeWindow
from components.settings.choices import HA_MANAGED
from components.settings.table import Settings

_IN_WORDS = "%a %Y-%m-%d %H:%M"


class OutsideWindowError(Exception):
    """An update has to wait for `changeWindow`; nothing has been registered.

    Attributes:
        waits: what has to wait.
    """

    def __init__(self, waits: Sequence[str], window: ChangeWindow, now: datetime) -> None:
        self.waits = tuple(waits)
        super().__init__(
            f"This update waits for changeWindow, {window.text}. Nothing was changed.\n"
            f"{in_words(waits, window, now)}"
        )


def in_words(waits: Sequence[str], window: ChangeWindow, now: datetime) -> str:
    """What waits, until when, and what to type; with two spaces before each line.

    Args:
        waits: what has to wait.
        window: for which.
        now: the time, which has a time zone.
    """
    opens = window.next_open(now)
    there = f"{opens.astimezone(window.zone):{_IN_WORDS}} {window.zone.key}"
    lines = [
        *waits,
        f"It opens on {there}, {opens:{_IN_WORDS}} UTC. Until then nodes can be added and drained, "
        "by an update that changes none of that.",
        "Next: pulumi up, from then on. Or now, with the same care for calls:",
        f"  pulumi config set changeWindow {ANY_TIME} && pulumi up",
        f"  pulumi config set changeWindow '{window.text}'",
    ]
    return "\n".join(f"  {line}" for line in lines)


def keep_to(settings: Settings, previous: PreviousState, seen: Overview, now: datetime) -> Overview:
    """Refuse an update that has to wait; a preview says so and goes on.

    Args:
        settings: what is wanted.
        previous: what is deployed.
        seen: how it is.
        now: the time, which has a time zone.

    Returns:
        How it is, without a drift of the nodes' configuration, as its repair waits as well.

    Raises:
        OutsideWindowError: the window is shut, and something would restart or be replaced.
    """
    window = settings.change_window
    if window is None or window.is_open(now):
        return seen
    waits = disruptions(settings, previous, seen, _region(settings, previous))
    if waits and not pulumi.runtime.is_dry_run():
        raise OutsideWindowError(waits, window, now)
    if waits:
        pulumi.log.warn(
            "An update now is refused, as this waits for changeWindow:\n"
            f"{in_words(waits, window, now)}"
        )
    if not isinstance(seen, ClusterObservation) or not seen.drift:
        return seen
    pulumi.log.warn(
        f"In the bucket {', '.join(seen.drift)} isn't the stack's. To change it back restarts "
        "every node: the first update within changeWindow does."
    )
    return replace(seen, drift=())


def _region(settings: Settings, previous: PreviousState) -> str:
    is_asked = settings.shape == HA_MANAGED and previous.configuration is not None
    return str(aws.get_region().region) if is_asked and not settings.s3_endpoint else ""
