"""`lab demo`: scales a cluster under load, destroys it, and draws what happened."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from lab.calls.lanes import timeline
from lab.cli import calls
from lab.cli.words import introduce
from lab.demo import Demo, Load, Rehearsal, subtitle, wrong
from lab.directory import PROJECT
from lab.errors import LabError
from lab.stack import Stack

_TITLE = "2 → 3 → 2 nodes under load, then destroy"
_STORY = (
    "A node that drains takes no new calls and keeps its own until they end.\n"
    "Then its address leaves the load balancer, then its machine goes."
)
_PICTURES = (".svg", ".png")
REPORTS = PROJECT / "reports"
"""Git ignores it: the documentation's picture is drawn again by `--output docs/demo.svg` alone."""
_out = Console(soft_wrap=True)


def demo(
    context: typer.Context,
    count: Annotated[int, typer.Option(min=4, max=200, help="Calls at a time.")] = 12,
    length: Annotated[str, typer.Option(metavar="MIN..MAX", help="Of a call.")] = "15s..40s",
    output: Annotated[
        Path | None, typer.Option(help="The picture, .svg or .png; reports/demo.svg without it.")
    ] = None,
) -> None:
    """Scale 2, 3, 2 under load, destroy, and draw what happened. Takes two to three minutes.

    What the lab has deployed is changed, and destroyed in the end.

    lab demo --output /tmp/demo.svg
    """
    introduce()
    if output is None:
        REPORTS.mkdir(exist_ok=True)
        output = REPORTS / "demo.svg"
    if output.suffix not in _PICTURES or not output.parent.is_dir():
        raise LabError(f"--output must be a .svg or .png in a folder that exists, got {output}")
    load = Load(count, calls.lengths(length))
    calls.require_length(load.lengths, load.count)
    stack: Stack = context.obj.start()
    stack.initialise()
    found = Demo(stack, load, calls.door).run()
    # Takes a second to import, which no other command should.
    from lab.calls import picture  # noqa: PLC0415

    _tell(found)
    shown = timeline(found.account, found.start, found.end)
    picture.draw(shown, _TITLE, f"{subtitle(found.account)}\n{_STORY}", output)
    _out.print(f"Picture: {output}", highlight=False)
    if not found.account.report.spotless:
        raise LabError("\n".join([subtitle(found.account), *wrong(found.account, found.start)]))


def _tell(found: Rehearsal) -> None:
    """Print when what happened, and what became of the calls."""
    for event in found.account.events:
        if event["at"] < found.start:
            continue
        seconds = event["at"] - found.start
        text = event.get("text") or f"{event.get('name', '')}: {event['event']}"
        if text != ": step":
            _out.print(f"{seconds // 60:3.0f}:{seconds % 60:04.1f}  {text}", highlight=False)
    calls.show(found.account)
