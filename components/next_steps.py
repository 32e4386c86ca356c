"""What an operator does next, told at the end of the first update."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi

from components.previous_state import PreviousState
from components.settings.choices import EXISTING, SINGLE_MASTER
from components.settings.table import Settings


def tell(
    settings: Settings,
    previous: PreviousState,
    url: pulumi.Input[str],
    after: Sequence[pulumi.Resource],
    cluster: pulumi.Resource,
) -> None:
    """Tell it once all is done; later updates, and previews, have nothing to say of it.

    It's a message and no output: a new output would be a change in each deployed stack's preview.

    Args:
        settings: what is wanted.
        previous: what is deployed.
        url: where users find it.
        after: what is done last.
        cluster: of whom it's told.
    """
    if pulumi.runtime.is_dry_run() or previous.base_host is not None:
        return

    def say(done: Sequence[str]) -> None:
        pulumi.log.info(text(settings, done[0]), cluster)

    pulumi.Output.all(url, *(one.urn for one in after)).apply(say)


def text(settings: Settings, url: str) -> str:
    """What to open and to type, each with what for."""
    lines = [
        (url, "open it: the first call"),
        ("uv run openvidu-enterprise status", "machines, health, calls, load balancer"),
        ("uv run openvidu-enterprise check-call", "does a call work, on each node?"),
    ]
    spare = settings.machines != EXISTING or len(settings.hosts) > settings.node_count + 1
    if settings.shape != SINGLE_MASTER and spare:
        scale = f"pulumi config set nodeCount {settings.node_count + 1} && pulumi up"
        lines.append((scale, "adds a node"))
    width = max(len(typed) for typed, _ in lines)
    return "\n".join(
        ["OpenVidu runs. Next:", *(f"  {one:<{width}}  # {what}" for one, what in lines)]
    )
