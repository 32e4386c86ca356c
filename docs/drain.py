"""Draws docs/drain.svg, the sequence of a node that leaves: python docs/drain.py."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl

mpl.use("svg")
mpl.rcParams["svg.hashsalt"] = "openvidu-enterprise"

import matplotlib.pyplot as plt  # noqa: E402 - the backend is chosen first
from matplotlib.axes import Axes  # noqa: E402
from matplotlib.patches import Rectangle  # noqa: E402

INK, FAINT, CALLS, WHO = "#1f2933", "#9aa5b1", "#e3f4e1", "#dcebfa"
PARTIES = (
    "pulumi up",
    "membership\n(on the base)",
    "OpenVidu API",
    "node-3",
    "load balancer",
    "AWS",
)
PULUMI, MEMBERSHIP, API, NODE, BALANCER, AWS = range(len(PARTIES))
STEPS = (
    (PULUMI, MEMBERSHIP, "drain node-3, over SSH"),
    (MEMBERSHIP, API, "PATCH media node: waiting-idle-to-terminate"),
    (API, NODE, "takes no new sessions from now on"),
    (MEMBERSHIP, API, "how many calls are left? again and again, up to drainTimeout"),
    (NODE, API, "the last call has ended; the node stops"),
    (MEMBERSHIP, API, "is it listed? no"),
    (MEMBERSHIP, NODE, "does port 4443 answer? no, several times in a row"),
    (PULUMI, NODE, "are its recordings in the bucket? yes"),
    (MEMBERSHIP, BALANCER, "take 10.5.0.8 out, reload, and see that it is out"),
    (PULUMI, AWS, "terminate the machine, then release its address"),
)
FIRST_WITHOUT_CALLS = 5


def line(axes: Axes, row: int, step: tuple[int, int, str]) -> None:
    """One arrow with its words above it."""
    start, end, text = step
    axes.annotate(
        "", xy=(end, -row), xytext=(start, -row), arrowprops={"arrowstyle": "->", "color": INK}
    )
    left, right = sorted((start, end))
    paper = {"facecolor": "white", "edgecolor": "none", "pad": 1}
    axes.text(
        (left + right) / 2, -row + 0.14, text, ha="center", va="bottom", fontsize=8, bbox=paper
    )


def draw() -> None:
    """Write the picture beside this file."""
    figure, axes = plt.subplots(figsize=(10, 6))
    last = len(STEPS)
    axes.set_xlim(-0.7, len(PARTIES) - 0.3)
    axes.set_ylim(-last - 0.9, 0.9)
    axes.axis("off")
    axes.add_patch(
        Rectangle((NODE - 0.08, -FIRST_WITHOUT_CALLS), 0.16, FIRST_WITHOUT_CALLS, color=CALLS)
    )
    axes.text(NODE + 0.12, -0.45, "calls go on", fontsize=8, color=INK)
    for place, party in enumerate(PARTIES):
        axes.plot([place, place], [0, -last - 0.3], color=FAINT, linewidth=0.8, zorder=0)
        box = {"boxstyle": "round", "facecolor": WHO, "edgecolor": INK}
        axes.text(place, 0.45, party, ha="center", va="center", fontsize=9, bbox=box)
    for row, step in enumerate(STEPS, start=1):
        line(axes, row, step)
    axes.text(
        -0.65,
        -last - 0.75,
        "A step that fails ends the update with what to type; the machine stays. "
        "The same command carries on.",
        fontsize=8,
    )
    figure.savefig(Path(__file__).with_suffix(".svg"), bbox_inches="tight", metadata={"Date": None})


if __name__ == "__main__":
    draw()
