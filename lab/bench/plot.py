"""The figures as a plot, readable on light and on dark pages."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import matplotlib as mpl

mpl.use("svg")
mpl.rcParams.update(
    {
        "svg.fonttype": "none",
        "svg.hashsalt": "openvidu-enterprise",
        "font.family": "sans-serif",
        "font.size": 9,
        "axes.spines.top": False,
        "axes.spines.right": False,
    }
)

import matplotlib.pyplot as plt  # noqa: E402 - the backend is chosen first
from matplotlib.axes import Axes  # noqa: E402

from lab.bench.figures import Cpu, Results, middle, sizes  # noqa: E402

PAPER, INK, FAINT = "#f7f9fb", "#1f2933", "#d5dbe1"
_UP, _BARE = "#1c6dd0", "#8a94a0"
_PARTS: tuple[tuple[str, str, Callable[[Cpu], float]], ...] = (
    ("program", "#1c6dd0", lambda cpu: cpu.program),
    ("engine", "#5aa9e6", lambda cpu: cpu.engine),
    ("providers", "#2a9d6f", lambda cpu: cpu.providers),
    ("commands (SSH)", "#8fd0a5", lambda cpu: cpu.commands),
    ("fake AWS", "#e0a458", lambda cpu: cpu.cloud),
    ("machines", "#b9c0c8", lambda cpu: cpu.machines),
)


def draw(results: Results, file: Path) -> None:
    """Draw three panels into an SVG file: time of `up`, CPU of `up`, time of `preview`."""
    figure, (left, middle_panel, right) = plt.subplots(1, 3, figsize=(11, 3.6))
    figure.patch.set_facecolor(PAPER)
    _draw_ups(left, results)
    _draw_cpu(middle_panel, results)
    _draw_previews(right, results)
    for axes in (left, middle_panel, right):
        axes.set_facecolor(PAPER)
        axes.set_xlabel("nodes")
        axes.set_ylim(bottom=0)
        axes.yaxis.grid(visible=True, color=FAINT)
        axes.set_axisbelow(True)
    figure.tight_layout()
    figure.savefig(file, format="svg", metadata={"Date": None})
    plt.close(figure)


def _draw_ups(axes: Axes, results: Results) -> None:
    axes.set_title("up: wall time, s", color=INK)
    for name, colour, runs in (
        ("up", _UP, results.ups),
        ("bare loop of the same calls", _BARE, results.bares),
    ):
        axes.scatter([run.nodes for run in runs], [run.wall for run in runs], s=10, color=colour)
        counts = sizes(runs)
        walls = [middle(runs, nodes, lambda run: run.wall) for nodes in counts]
        axes.plot(counts, walls, color=colour, label=name)
    between = [middle(results.ups, n, lambda run: run.between_calls) for n in sizes(results.ups)]
    label = "of up, between calls: program and engine"
    axes.plot(sizes(results.ups), between, color=_UP, linestyle="dotted", label=label)
    axes.set_xticks(sizes(results.ups))
    axes.legend(frameon=False, fontsize=8)


def _draw_cpu(axes: Axes, results: Results) -> None:
    axes.set_title("up: CPU time, s", color=INK)
    counts = sizes(results.ups)
    places = range(len(counts))
    bottom = [0.0] * len(counts)
    for name, colour, of in _PARTS:
        heights = [middle(results.ups, nodes, lambda run: of(run.cpu)) for nodes in counts]  # noqa: B023 - called at once
        axes.bar(places, heights, bottom=bottom, color=colour, label=name, width=0.6)
        bottom = [one + height for one, height in zip(bottom, heights, strict=True)]
    axes.set_xticks(list(places), [str(nodes) for nodes in counts])
    axes.legend(frameon=False, fontsize=8, reverse=True)


def _draw_previews(axes: Axes, results: Results) -> None:
    axes.set_title("preview: wall time, s", color=INK)
    runs = results.previews
    counts = sizes(runs)
    axes.scatter([run.nodes for run in runs], [run.wall for run in runs], s=10, color=_UP)
    walls = [middle(runs, nodes, lambda run: run.wall) for nodes in counts]
    axes.plot(counts, walls, color=_UP, label="preview")
    if len(counts) > 1:
        first, second = counts[:2]
        slope = (walls[1] - walls[0]) / (second - first)
        ends = [first, counts[-1]]
        straight = [walls[0] + slope * (nodes - first) for nodes in ends]
        label = f"straight on from {first} and {second} nodes"
        axes.plot(ends, straight, color=_BARE, linestyle="dashed", label=label)
    axes.set_xticks(counts)
    axes.legend(frameon=False, fontsize=8)
