"""Draws a timeline: nodes as lanes, calls as bars, what the deployment did as marks.

The picture brings its own background, so that it reads on light and dark pages; text stays text,
and nothing in the file depends on the day it was drawn.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from lab.calls.lanes import Lane, Span, Timeline
from lab.calls.report import Result
from lab.calls.watch.sight import Happened

_INK, _FAINT, _PAPER = "#1f2933", "#66788a", "#fbfcfe"
_MACHINE, _DRAIN, _STEP = "#e4ebf2", "#ffdf94", "#d5e3f2"
_CALLS = {
    Result.ENDED: "#2f7fc1",
    Result.CUT: "#d12f2f",
    Result.LIVE: "#8fa3b5",
    Result.UNKNOWN: "#8fa3b5",
}
_ADDED, _REMOVED = "#1b8a4b", "#7a3fb5"
_RECONNECTED: dict[str, Any] = {
    "marker": "o",
    "markersize": 4.5,
    "markerfacecolor": _PAPER,
    "markeredgecolor": _INK,
    "markeredgewidth": 0.9,
    "linestyle": "none",
}
_GAP = 1.6
"""Rows between two lanes."""
_LEAST_SILENCE = 0.3
"""Seconds that a silence is drawn with, at least: most are shorter than a line."""
_MARGIN = 2.0
"""Seconds after the end, so that the last mark is whole."""


def draw(timeline: Timeline, title: str, subtitle: str, file: Path) -> None:
    """Write the picture.

    Args:
        timeline: what to draw.
        title: what was done.
        subtitle: what came of it, in a line or two.
        file: where to, as SVG or PNG by its name.
    """
    with mpl.rc_context():
        mpl.rc("svg", fonttype="none", hashsalt="openvidu-enterprise")
        mpl.rc("font", size=9)
        mpl.rc("text", color=_INK)
        mpl.rc("axes", edgecolor=_FAINT, labelcolor=_INK)
        mpl.rc("xtick", color=_FAINT, labelcolor=_INK)
        rows = sum(lane.rows + _GAP for lane in timeline.lanes)
        figure = Figure(figsize=(9, 2.2 + 0.11 * rows), facecolor=_PAPER, layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.add_subplot()
        bottom = 0.0
        for lane in timeline.lanes:
            _draw_lane(axes, lane, bottom)
            bottom += lane.rows + _GAP
        _draw_steps(axes, timeline)
        _dress(axes, timeline, bottom)
        # With both at the left edge of the lanes.
        axes.set_title(
            title,
            loc="left",
            fontsize=13,
            fontweight="bold",
            pad=10 + 12 * (subtitle.count("\n") + 1),
        )
        axes.annotate(
            subtitle, (0, 1), (0, 8), "axes fraction", textcoords="offset points", color=_INK
        )
        figure.legend(
            handles=_legend(timeline),
            loc="outside lower center",
            ncols=4,
            frameon=False,
            fontsize=8,
        )
        metadata = {"Date": None} if file.suffix == ".svg" else None
        figure.savefig(file, metadata=metadata, facecolor=_PAPER, dpi=150)
    if file.suffix == ".svg":
        text = file.read_text()
        file.write_text("".join(f"{line.rstrip()}\n" for line in text.splitlines()))


def _draw_lane(axes: Axes, lane: Lane, bottom: float) -> None:
    low, height = bottom - 0.3, lane.rows + 0.6
    for span in lane.machine:
        axes.broken_barh([(span.start, span.end - span.start)], (low, height), color=_MACHINE)
    for span in lane.drains:
        axes.broken_barh([(span.start, span.end - span.start)], (low, height), color=_DRAIN)
    for bar in lane.bars:
        axes.broken_barh(
            [(bar.span.start, bar.span.end - bar.span.start)],
            (bottom + bar.row + 0.1, 0.8),
            facecolor=_CALLS.get(bar.result, _FAINT),
            # So that a call that follows at once is seen to be another one.
            edgecolor=_PAPER,
            linewidth=0.8,
        )
        axes.plot(
            bar.reconnections,
            [bottom + bar.row + 0.5] * len(bar.reconnections),
            **_RECONNECTED,
        )
        if bar.gap:
            _draw_silence(axes, bar.span, bar.gap, bottom + bar.row)
    top = low + height
    for mark in lane.marks:
        if mark.what in (Happened.ADDRESS_ADDED, Happened.ADDRESS_REMOVED):
            added = mark.what is Happened.ADDRESS_ADDED
            colour = _ADDED if added else _REMOVED
            axes.vlines(mark.at, low, top, color=colour, linewidth=1.6)
            axes.plot(mark.at, low, marker=_address(added=added), color=colour, markersize=7)
        else:
            middle = (low + top) / 2
            axes.plot(mark.at, middle, marker="X", color=_INK, markersize=9, clip_on=False)


def _draw_silence(axes: Axes, call: Span, gap: Span, bottom: float) -> None:
    """When nothing was heard for longest, and how many milliseconds that was."""
    length = gap.end - gap.start
    drawn = max(length, _LEAST_SILENCE)
    axes.broken_barh([(gap.start, drawn)], (bottom + 0.1, 0.8), facecolor=_PAPER)
    is_early = gap.start < (call.start + call.end) / 2
    axes.text(
        gap.start + drawn + 0.4 if is_early else gap.start - 0.4,
        bottom + 0.53,
        f"{length * 1000:.0f} ms",
        ha="left" if is_early else "right",
        va="center",
        fontsize=5,
        color=_PAPER,
    )


def _draw_steps(axes: Axes, timeline: Timeline) -> None:
    for step in timeline.steps:
        start, length = step.span.start, step.span.end - step.span.start
        axes.broken_barh([(start, length)], (-4.3, 2.4), color=_STEP)
        # The axis says that it's nodes; a short step has no room for more.
        text = step.text.removesuffix(" nodes")
        axes.text(start + length / 2, -3.1, text, ha="center", va="center", fontsize=8)


def _dress(axes: Axes, timeline: Timeline, bottom: float) -> None:
    axes.set_facecolor(_PAPER)
    axes.set_xlim(0, timeline.end + _MARGIN)
    axes.set_ylim(bottom - _GAP + 0.6, -4.6)
    ticks = [float(tick) for tick in range(0, int(timeline.end) + 1, 15)]
    axes.set_xticks(ticks, [f"{int(tick) // 60}:{int(tick) % 60:02d}" for tick in ticks])
    axes.grid(axis="x", color=_FAINT, alpha=0.15)
    axes.set_axisbelow(True)
    middles, names, edge = [-3.1], ["nodes"], 0.0
    for lane in timeline.lanes:
        middles.append(edge + lane.rows / 2)
        names.append(f"{lane.name}\n{lane.ip}")
        edge += lane.rows + _GAP
    axes.set_yticks(middles, names)
    axes.tick_params(axis="y", length=0, labelcolor=_INK)
    axes.tick_params(axis="x", length=3)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.set_xlabel("minutes:seconds")


def _legend(timeline: Timeline) -> list[Patch | Line2D]:
    """What the colours mean; a result only where there is one of it."""
    shown = {bar.result for lane in timeline.lanes for bar in lane.bars}
    broken = any(bar.reconnections for lane in timeline.lanes for bar in lane.bars)
    heard = any(bar.gap for lane in timeline.lanes for bar in lane.bars)
    words = {
        Result.ENDED: "call that ended well",
        Result.CUT: "call that was cut",
        Result.LIVE: "call that goes on",
        Result.UNKNOWN: "call out of sight",
    }
    found: list[Patch | Line2D] = [
        Patch(color=_CALLS[result], label=text) for result, text in words.items() if result in shown
    ]
    return [
        *found,
        Patch(color=_MACHINE, label="machine is there"),
        Patch(color=_DRAIN, label="node drains"),
        *(
            [Line2D([], [], label="socket broke, user reconnected", **_RECONNECTED)]
            if broken
            else []
        ),
        *(
            [Patch(facecolor=_PAPER, edgecolor=_CALLS[Result.ENDED], label="longest silence in it")]
            if heard
            else []
        ),
        _key(_ADDED, _address(added=True), "enters load balancer"),
        _key(_REMOVED, _address(added=False), "leaves load balancer"),
        _key(_INK, "X", "machine removed"),
    ]


def _key(colour: str, marker: str, text: str) -> Line2D:
    return Line2D([], [], color=colour, marker=marker, linestyle="none", label=text)


def _address(*, added: bool) -> str:
    """Marker of an address that enters or leaves the load balancer."""
    return "v" if added else "^"
