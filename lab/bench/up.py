"""Measures `up` and `preview` in the lab, and a bare loop of the same calls.

    uv run python -m lab.bench.up

Each run has a fresh lab of its own, which is gone afterwards. What is measured, and what it means,
is in docs/benchmarks.md.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from lab.bench import report
from lab.bench.aims import aims
from lab.bench.command import run_as_command, tell, tell_end
from lab.bench.figures import Bare, Preview, Results, Up
from lab.bench.machine import machine
from lab.bench.runs import Bench
from lab.bench.table import markdown
from lab.directory import PROJECT
from lab.engines import Engine, resolve


def _counts(text: str) -> list[int]:
    """Numbers of nodes, as `1,2,5`; "" is none."""
    words = [word.strip() for word in text.split(",") if word.strip()]
    if not all(word.isdigit() and int(word) for word in words):
        raise typer.BadParameter(f"found {text!r}; takes numbers of nodes, such as 1,2,5")
    return [int(word) for word in words]


def main(
    nodes: Annotated[str, typer.Option(help="Sizes to deploy.")] = "1,2,5,10",
    previews: Annotated[str, typer.Option(help="Sizes to preview.")] = "2,20,100",
    repeat: Annotated[int, typer.Option(min=1, help="Runs of each.")] = 3,
    parallel: Annotated[int, typer.Option(min=1, help="Resources at a time.")] = 64,
    engine: Annotated[Engine, typer.Option(help="What deploys.")] = Engine.AUTO,
    output: Annotated[
        Path, typer.Option(help="JSON file; the plot and the page are written beside it.")
    ] = PROJECT / "docs" / "benchmarks-up.json",
) -> None:
    """Measure, and write the figures, the plot and the tables."""
    chosen = resolve(engine)
    bench = Bench(chosen, parallel)
    deployed = [_up_and_bare(bench, count) for _ in range(repeat) for count in _counts(nodes)]
    shown = [run for count in _counts(previews) for run in _previews(bench, count, repeat)]
    results = Results(
        machine=machine(),
        processors=os.cpu_count() or 1,
        engine=chosen.value,
        parallel=parallel,
        ups=tuple(up for up, _ in deployed),
        bares=tuple(bare for _, bare in deployed),
        previews=tuple(shown),
    )
    report.write(results, output)
    sys.stdout.write(markdown(results))
    tell_end(output, aims(results))


def _up_and_bare(bench: Bench, nodes: int) -> tuple[Up, Bare]:
    up, bare = bench.up_and_bare(nodes)
    tell(f"{nodes} nodes: up {up.wall:.1f} s, bare loop {bare.wall:.1f} s")
    return up, bare


def _previews(bench: Bench, nodes: int, repeat: int) -> list[Preview]:
    found = bench.previews(nodes, repeat)
    walls = ", ".join(f"{run.wall:.1f} s" for run in found)
    tell(f"{nodes} nodes: preview {walls}")
    return found


if __name__ == "__main__":
    run_as_command(main)
