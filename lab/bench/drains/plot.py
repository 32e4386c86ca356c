"""The figures as a plot, readable on light and on dark pages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import matplotlib.pyplot as plt
from matplotlib.axes import Axes

from lab.bench.drains import aims, derived
from lab.bench.drains.figures import Results
from lab.bench.plot import FAINT, INK, PAPER

_FOUND, _LIMIT, _OTHER = "#1c6dd0", "#c2410c", "#8a94a0"


def draw(results: Results, file: Path) -> None:
    """Draw what was measured into an SVG file, a panel a part."""
    panels: list[tuple[Callable[[Axes, Results], None], Sequence[object]]] = [
        (_releases, results.releases),
        (_together, results.together),
        (_growth, results.growth),
        (_crashes, results.crashes),
    ]
    wanted = [panel for panel, runs in panels if runs]
    figure, found = plt.subplots(1, max(1, len(wanted)), figsize=(11, 3.4), squeeze=False)
    figure.patch.set_facecolor(PAPER)
    for axes, panel in zip(found[0], wanted, strict=False):
        panel(axes, results)
        axes.set_facecolor(PAPER)
        axes.set_ylim(bottom=0)
        axes.yaxis.grid(visible=True, color=FAINT)
        axes.set_axisbelow(True)
        axes.legend(frameon=False, fontsize=7)
    figure.tight_layout()
    figure.savefig(file, format="svg", metadata={"Date": None})
    plt.close(figure)


def _releases(axes: Axes, results: Results) -> None:
    axes.set_title("last call ends → machine may go, s", color=INK, fontsize=8)
    found = [run.release for run in results.releases]
    axes.scatter(range(1, len(found) + 1), found, s=14, color=_FOUND, label="run")
    limit = aims.RELEASE_LIMIT_SECONDS
    axes.axhline(limit, color=_LIMIT, linestyle="dashed", label=f"aim: median ≤ {limit:g} s")
    axes.axhline(derived.release(results.releases), color=_FOUND, label="median")
    axes.set_xticks(range(1, len(found) + 1))
    axes.set_xlabel("run")


def _together(axes: Axes, results: Results) -> None:
    axes.set_title("up begins → last machine may go, s", color=INK, fontsize=8)
    counts = derived.counts(results.together)
    runs = results.together
    walls = [derived.drained(runs, nodes, lambda run: run.let_go) for nodes in counts]
    axes.scatter([run.nodes for run in runs], [run.let_go for run in runs], s=14, color=_FOUND)
    axes.plot(counts, walls, color=_FOUND, label="calls included")
    axes.axhline(runs[0].length, color=_OTHER, linestyle="dotted", label="length of the calls")
    limit = walls[0] * aims.TOGETHER_LIMIT
    axes.axhline(
        limit, color=_LIMIT, linestyle="dashed", label=f"aim: {aims.TOGETHER_LIMIT} times one"
    )
    axes.set_xticks(counts)
    axes.set_xlabel("nodes that drain at once")


def _growth(axes: Axes, results: Results) -> None:
    axes.set_title("up that adds one node, s", color=INK, fontsize=8)
    runs = results.growth
    sizes = derived.sizes(runs)
    walls = [derived.growing(runs, nodes) for nodes in sizes]
    axes.scatter([run.nodes for run in runs], [run.wall for run in runs], s=14, color=_FOUND)
    axes.plot(sizes, walls, color=_FOUND, label="median")
    limit = walls[0] * aims.GROWTH_LIMIT
    label = f"aim: {aims.GROWTH_LIMIT} times {sizes[0]} to {sizes[0] + 1}"
    axes.axhline(limit, color=_LIMIT, linestyle="dashed", label=label)
    axes.set_xticks(sizes)
    axes.set_xlabel("nodes before")


def _crashes(axes: Axes, results: Results) -> None:
    axes.set_title("killed: re-run ÷ work left", color=INK, fontsize=8)
    for scales, colour in (("up", _FOUND), ("down", _OTHER)):
        runs = [run for run in results.crashes if run.scales == scales]
        # One that failed has no place on the scale; the table names it.
        runs = [run for run in runs if run.again is not None]
        parts = [100 * run.at / run.whole for run in runs]
        label = f"scaling {scales}"
        axes.plot(parts, [run.ratio for run in runs], "o-", ms=4, color=colour, label=label)
    limit = aims.AGAIN_LIMIT
    axes.axhline(limit, color=_LIMIT, linestyle="dashed", label=f"aim: ≤ {limit:g}")
    axes.set_xlabel("killed at, % of the time")
