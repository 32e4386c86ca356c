"""Simulates a day and draws it, or several days as a table.

python -m lab.bench.autoscaling
python -m lab.bench.autoscaling --seed 7 --output /tmp/day.svg
python -m lab.bench.autoscaling --days 6 --calls 14
python -m lab.bench.autoscaling --days 6 --calls 14 --start 2
python -m lab.bench.autoscaling --days 6 --at 'daily 19:15 min=9' --at 'daily 19:50 min=2'
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lab.bench.autoscaling.day import a_day
from lab.bench.autoscaling.plot import draw
from lab.bench.autoscaling.simulation import Day, Hardware, autoscaled, fixed
from scripts.autoscaling.scaling_policy import Measure, Policy
from scripts.autoscaling.scheduled_sizes import Schedule, scheduled_size

_LARGEST = 12
_TARGET_CALLS = 12
_SEED = 1


def main(
    seed: Annotated[int, typer.Option(help="Of the day's calls.")] = _SEED,
    days: Annotated[
        int, typer.Option(min=1, help="From that seed on. Several are a table, without a plot.")
    ] = 1,
    calls: Annotated[float, typer.Option(help="Calls that a node should carry.")] = _TARGET_CALLS,
    start: Annotated[
        int, typer.Option(min=1, help="Minutes that a node takes until its first call.")
    ] = Hardware.boot,
    at: Annotated[
        list[str] | None, typer.Option(help="As of scripts.autoscale: 'daily 19:15 min=9'.")
    ] = None,
    output: Annotated[Path, typer.Option(help="Plot.")] = Path("docs/autoscale.svg"),
) -> None:
    """Compare autoscaling with fixed sizes, on one synthetic day of calls; or days with days."""
    schedule = Schedule([scheduled_size(text) for text in at or ()])
    policy = Policy(maximum=_LARGEST, targets={Measure.CALLS: calls}, schedule=schedule)
    hardware = Hardware(boot=start)
    if days > 1:
        _several(range(seed, seed + days), policy, hardware)
    else:
        _one(seed, policy, hardware, output)


def _one(seed: int, policy: Policy, hardware: Hardware, output: Path) -> None:
    day = a_day(seed)
    scaled = autoscaled(day, policy, hardware)
    others = {count: fixed(day, count, hardware) for count in range(2, _LARGEST + 1)}
    draw(scaled, others, hardware, output)
    print(f"{len(day)} calls, at most {max(one.calls for one in scaled.minutes)} at a time\n")
    _head("cluster")
    print(_row(f"autoscaled, {policy.minimum} to {policy.maximum} nodes", scaled))
    for count, one in others.items():
        print(_row(f"{count} nodes", one))


def _several(seeds: range, policy: Policy, hardware: Hardware) -> None:
    _head("seed")
    for seed in seeds:
        print(_row(str(seed), autoscaled(a_day(seed), policy, hardware)))


def _head(what: str) -> None:
    print(f"| {what} | node-hours | refused calls |\n| --- | --- | --- |")


def _row(name: str, day: Day) -> str:
    return f"| {name} | {day.node_hours:.0f} | {day.refused} |"


if __name__ == "__main__":
    typer.run(main)
