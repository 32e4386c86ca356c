"""The day as a plot, readable on light and on dark pages."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import matplotlib.pyplot as plt
from matplotlib.axes import Axes

from lab.bench.autoscaling.simulation import Day, Hardware
from lab.bench.plot import FAINT, INK, PAPER

_CALLS, _NODES, _LEAVING, _REFUSED, _OTHER = "#1c6dd0", "#2a9d6f", "#b9e0c6", "#c2410c", "#8a94a0"
_EVERY = 5
"""Minutes between points: more can't be seen."""


def draw(day: Day, others: Mapping[int, Day], hardware: Hardware, file: Path) -> None:
    """Draw an SVG file: nodes against load, and cost against refused calls.

    Args:
        day: with autoscaling.
        others: days with a fixed number of nodes, by that number.
        hardware: gives the room of a node.
        file: where to.
    """
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 3.6), width_ratios=(3, 2))
    figure.patch.set_facecolor(PAPER)
    _draw_day(left, day, hardware)
    _draw_costs(right, day, others)
    for axes in (left, right):
        axes.set_facecolor(PAPER)
        axes.set_axisbelow(True)
        axes.yaxis.grid(visible=True, color=FAINT)
    figure.tight_layout()
    figure.savefig(file, format="svg", metadata={"Date": None})
    plt.close(figure)


def _draw_day(axes: Axes, day: Day, hardware: Hardware) -> None:
    axes.set_title("calls, and the calls that nodes have room for", color=INK)
    shown = day.minutes[_EVERY - 1 :: _EVERY]
    hours = [number * _EVERY / 60 for number in range(1, len(shown) + 1)]
    room = hardware.most_calls
    paid = [one.paid * room for one in shown]
    serving = [one.serving * room for one in shown]
    axes.fill_between(hours, paid, step="post", color=_LEAVING, label="nodes that boot or drain")
    axes.fill_between(hours, serving, step="post", color=_NODES, label="nodes that serve")
    axes.plot(hours, [one.calls for one in shown], color=_CALLS, label="calls")
    axes.set_xlabel("hour")
    axes.set_xlim(0, 24)
    axes.set_xticks(range(0, 25, 3))
    axes.set_ylim(bottom=0)
    nodes = axes.twinx()
    nodes.set_ylim(0, axes.get_ylim()[1] / room)
    nodes.spines["right"].set_visible(True)
    nodes.set_ylabel("nodes")
    axes.legend(frameon=False, fontsize=8, loc="upper left")


def _draw_costs(axes: Axes, day: Day, others: Mapping[int, Day]) -> None:
    axes.set_title("refused calls", color=INK)
    axes.plot(
        [one.node_hours for one in others.values()],
        [one.refused for one in others.values()],
        "o-",
        ms=4,
        color=_OTHER,
        label="fixed number of nodes",
    )
    for count, one in others.items():
        axes.annotate(
            str(count),
            (one.node_hours, one.refused),
            textcoords="offset points",
            xytext=(4, 4),
            fontsize=8,
            color=INK,
        )
    axes.plot([day.node_hours], [day.refused], "o", color=_REFUSED, label="autoscaled")
    axes.set_xlabel("node-hours")
    axes.set_xlim(left=0)
    axes.set_ylim(bottom=0)
    axes.legend(frameon=False, fontsize=8)
