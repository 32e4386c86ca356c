"""Measures in the lab what it costs that nodes come and go.

    uv run python -m lab.bench.drain

Each part has a lab of its own, which is gone afterwards. What is measured, and what it means, is
in docs/benchmarks.md.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from lab.bench.command import run_as_command, tell, tell_end
from lab.bench.drains import report
from lab.bench.drains.aims import aims
from lab.bench.drains.figures import Results
from lab.bench.drains.parts import QUICK, Bench, Size
from lab.bench.drains.table import markdown
from lab.bench.machine import machine
from lab.directory import PROJECT
from lab.engines import Engine, resolve


def main(
    part: Annotated[
        list[str] | None,
        typer.Option(
            help="What to measure: release, large, updates, crash, waiting, gaps, pictures. "
            "Default: all"
        ),
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Little of each, to see it work.")] = False,
    parallel: Annotated[int, typer.Option(min=1, help="Resources at a time.")] = 64,
    engine: Annotated[Engine, typer.Option(help="What deploys.")] = Engine.AUTO,
    output: Annotated[
        Path, typer.Option(help="JSON file; the plot and the page are written beside it.")
    ] = PROJECT / "docs" / "benchmarks-drain.json",
) -> None:
    """Measure, and write the figures, the plot and the tables.

    Parts that aren't measured stay as the JSON file has them.
    """
    chosen = resolve(engine)
    bench = Bench(chosen, parallel, QUICK if quick else Size(), tell)
    wanted = part or list(bench.parts)
    if unknown := set(wanted) - set(bench.parts):
        known = ", ".join(bench.parts)
        raise typer.BadParameter(f"--part must be one of {known}, got {', '.join(unknown)}")
    found = Results.from_json(output.read_text()) if output.exists() and part else Results()
    here = f"{machine()}; {chosen.value} engine, {parallel} resources at a time"
    for name in wanted:
        found = bench.parts[name](found)
        found = replace(found, measured={**found.measured, name: here})
        report.write(found, output)
    sys.stdout.write(markdown(found))
    tell_end(output, aims(found))


if __name__ == "__main__":
    run_as_command(main)
