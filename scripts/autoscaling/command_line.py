"""What the command line of `autoscale` takes."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from scripts.autoscaling.scaling_policy import Policy


def _in_minutes(length: timedelta) -> str:
    return f"{length.total_seconds() / 60:g}m"


WINDOW = _in_minutes(Policy.window)
OUT_COOLDOWN, IN_COOLDOWN = _in_minutes(Policy.out_cooldown), _in_minutes(Policy.in_cooldown)
"""What counts where nothing is typed."""


def _length(meaning: str) -> Any:
    return typer.Option(metavar="TIME", help=meaning)


Maximum = Annotated[int, typer.Option("--max", help="The most nodes that there may be.")]
Minimum = Annotated[int, typer.Option("--min", help="The fewest nodes that there may be.")]
Calls = Annotated[float | None, typer.Option(help="Calls that a node should carry.")]
Participants = Annotated[float | None, typer.Option(help="Participants that a node should carry.")]
Load = Annotated[
    float | None, typer.Option(help="CPU load that a media node should have, 0 to 100.")
]
At = Annotated[
    list[str] | None,
    typer.Option(
        metavar="TEXT", help="Bounds from a time on, such as 'Mon-Fri 08:00 min=6'; several times."
    ),
]
TimeZone = Annotated[str, typer.Option(metavar="NAME", help="Time zone of --at.")]
Slack = Annotated[float, typer.Option(help="Share of the targets kept free when a node leaves.")]
Window = Annotated[str, _length("How long the cluster must be quiet before a node leaves.")]
OutCooldown = Annotated[str, _length("How long to wait after a change before adding nodes.")]
InCooldown = Annotated[str, _length("How long to wait after a change before a node leaves.")]
MostRemoved = Annotated[int, typer.Option(help="The most nodes that one decision removes.")]
Interval = Annotated[str, _length("Between looks.")]
Longest = Annotated[str | None, typer.Option("--for", metavar="TIME", help="End after so long.")]
Once = Annotated[bool, typer.Option("--once", help="Decide once, carry it out, and end.")]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Say what would be done, and change nothing.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one line of JSON for each decision.")]
MemoryFile = Annotated[
    Path | None,
    typer.Option("--memory", help="File that remembers earlier looks, for --once."),
]
StackName = Annotated[
    str | None, typer.Option("--stack", help="Stack; the selected one by default.")
]
