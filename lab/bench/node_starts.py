"""Measures how long a node takes until it serves: installed, from a baked image, from a standby.

    uv run python -m lab.bench.node_starts
    uv run python -m lab.bench.node_starts --repeat 1 --output /tmp/figures.json

All in one fresh lab, in which images of containers take as long to be pulled as their size and the
speed say. What is measured, and what it means, is in docs/benchmarks.md.
"""

from __future__ import annotations

import json
import os
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Annotated

import typer

from components.settings.choices import BAKED, STOCK
from lab.bench.aims import Aim
from lab.bench.command import run_as_command, tell, tell_end
from lab.bench.fresh_lab import FreshLab, fresh_lab
from lab.bench.machine import machine
from lab.bench.report import put_tables
from lab.bench.stopwatch import Measured, measure
from lab.bench.table import aims_table, spread, table
from lab.bench.trace import creates
from lab.cloud.host_like import FILE as HOST_LIKE
from lab.directory import PROJECT
from lab.engines import Engine, resolve
from lab.errors import LabError

MARKS = ("<!-- measured, starts: begin -->", "<!-- measured, starts: end -->")
_LIMIT = 0.35
_IMAGES = 10
"""That a node pulls. Source: `machine/install-openvidu.sh` of a node of 2.30.0, in the lab."""
_ROOM = 3
"""Nodes that there is quota for: two at most, and the machine that an image is made of, or a
standby."""
_NODE = "node-2"
"""The one that comes and goes."""


@dataclass(frozen=True)
class Results:
    """What was measured; times are seconds.

    Attributes:
        machine: what it ran on, in words.
        engine: `pulumi` or `embedded`.
        megabytes: of a node's images, in all.
        speed: at which they come, in MB/s.
        installed: from `up` until a node served that was installed the ordinary way.
        baked: likewise of one that started from a baked image.
        standby: likewise of one whose machine was installed, and stopped.
        bake: what making that image took.
    """

    machine: str
    engine: str
    megabytes: int
    speed: int
    installed: tuple[float, ...]
    baked: tuple[float, ...]
    standby: tuple[float, ...]
    bake: float

    def as_json(self) -> str:
        """All of it, to be read again."""
        return json.dumps(asdict(self), indent=2) + "\n"


def aims(results: Results) -> list[Aim]:
    """The aims, and what was measured."""
    installed, baked, standby = map(median, (results.installed, results.baked, results.standby))
    return [
        Aim("a node from a baked image ÷ one that is installed", baked / installed, _LIMIT),
        Aim("a node from a standby ÷ one that is installed", standby / installed, _LIMIT),
    ]


def markdown(results: Results) -> str:
    """The tables, with a line about where they come from."""
    kinds = {
        "installed": results.installed,
        "from a baked image": results.baked,
        "from a standby": results.standby,
    }
    rows = [[name, str(len(found)), spread(found)] for name, found in kinds.items()]
    parts = [
        f"{results.machine}; {results.engine} engine; {results.megabytes} MB of images at "
        f"{results.speed} MB/s. Seconds; the median, and in brackets the least and the most. "
        f"Making the image took {results.bake:.0f} s.",
        table(["node", "runs", "from `up` until it serves"], rows),
        aims_table(aims(results)),
    ]
    return "\n\n".join(parts) + "\n"


def main(
    megabytes: Annotated[int, typer.Option(min=_IMAGES, help="MB of a node's images.")] = 2000,
    speed: Annotated[int, typer.Option(min=1, help="MB/s at which they come.")] = 40,
    repeat: Annotated[int, typer.Option(min=1, help="Runs of each.")] = 3,
    engine: Annotated[Engine, typer.Option(help="What deploys.")] = Engine.AUTO,
    output: Annotated[
        Path, typer.Option(help="JSON file; the page beside it gets the tables.")
    ] = PROJECT / "docs" / "benchmarks-starts.json",
) -> None:
    """Measure, and write the figures and the tables."""
    chosen = resolve(engine)
    name = f"bench-starts-{os.getpid()}"
    with fresh_lab(name, chosen, _ROOM) as lab:
        like = f"imageMb: {megabytes // _IMAGES}\npullMbPerSecond: {speed}\n"
        (lab.trace.parent / HOST_LIKE).write_text(like)
        lab.configure()
        _up(lab, 1)
        installed = _nodes_more(lab, "installed", repeat)
        bake = _bake(lab)
        lab.stack.set_config("nodeImage", BAKED)
        baked = _nodes_more(lab, "from a baked image", repeat)
        # The next standby is installed beside it, the ordinary way.
        lab.stack.set_config("nodeImage", STOCK)
        lab.stack.set_config("standbyNodes", "1")
        _up(lab, 1)
        standby = _nodes_more(lab, "from a standby", repeat)
    results = Results(machine(), chosen.value, megabytes, speed, installed, baked, standby, bake)
    write(results, output)
    sys.stdout.write(markdown(results))
    tell_end(output, aims(results))


def write(results: Results, file: Path) -> None:
    """Write the figures, and the tables into the page beside them, if there is one."""
    file.write_text(results.as_json())
    put_tables(markdown(results), file, MARKS)


def until_serves(update: Measured, name: str) -> float:
    """Seconds from an update's start until it had a node in the load balancer. Pure.

    It may go on after that: another standby is made.

    Raises:
        LabError: the node didn't join in it.
    """
    ends = [
        span.end
        for urn, span in creates(update.notes).items()
        if urn.endswith(f"::{name}-membership")
    ]
    if not ends:
        raise LabError(f"up: expected {name} to join the load balancer, found that it didn't")
    return ends[0] - update.started


def _nodes_more(lab: FreshLab, kind: str, repeat: int) -> tuple[float, ...]:
    """How long a second node takes until it serves, each time; in between it goes again."""
    took = []
    for _ in range(repeat):
        took.append(until_serves(_up(lab, 2), _NODE))
        tell(f"a node more, {kind}: {took[-1]:.1f} s")
        _up(lab, 1)
    return tuple(took)


def _up(lab: FreshLab, nodes: int) -> Measured:
    """Have so many nodes."""
    lab.stack.set_config("nodeCount", str(nodes))
    update = measure(lab, lab.pulumi("up", "--yes", "--skip-preview"))
    lab.require_health(nodes)
    return update


def _bake(lab: FreshLab) -> float:
    began = time.monotonic()
    lab.operate("bake")
    took = time.monotonic() - began
    tell(f"bake: {took:.1f} s")
    return took


if __name__ == "__main__":
    run_as_command(main)
