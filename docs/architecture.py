"""Draws docs/architecture.svg: python docs/architecture.py."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl

mpl.use("svg")
mpl.rcParams["svg.hashsalt"] = "openvidu-enterprise"

import matplotlib.pyplot as plt  # noqa: E402 - the backend is chosen first
from matplotlib.axes import Axes  # noqa: E402
from matplotlib.patches import FancyBboxPatch  # noqa: E402

from openvidu import ports  # noqa: E402

INK, FILL, BASE, NODE = "#1f2933", "#f7f9fb", "#dcebfa", "#e3f4e1"


def box(axes: Axes, x: float, y: float, width: float, height: float, colour: str) -> None:
    """A rounded box with its lower left corner at x, y."""
    style = "round,pad=0,rounding_size=0.12"
    axes.add_patch(
        FancyBboxPatch((x, y), width, height, boxstyle=style, facecolor=colour, edgecolor=INK)
    )


def arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float], text: str) -> None:
    """An arrow with its label in the middle."""
    axes.annotate("", xy=end, xytext=start, arrowprops={"arrowstyle": "->", "color": INK})
    middle = ((start[0] + end[0]) / 2, (start[1] + end[1]) / 2)
    axes.text(*middle, text, ha="center", va="center", fontsize=8, backgroundcolor="white")


def draw() -> None:
    """Write the picture beside this file."""
    figure, axes = plt.subplots(figsize=(9, 5))
    axes.set_xlim(0, 9)
    axes.set_ylim(0, 5)
    axes.axis("off")
    box(axes, 0.2, 2.1, 1.3, 0.9, FILL)
    axes.text(0.85, 2.55, "Users", ha="center", va="center", fontsize=11)
    box(axes, 2.3, 0.2, 6.5, 4.6, "white")
    axes.text(2.5, 0.32, "VPC, subnet 10.5.0.0/24", fontsize=9)
    box(axes, 2.6, 0.6, 2.5, 3.6, BASE)
    services = (
        "Base services, 10.5.0.5",
        f"nginx {ports.HTTP}, {ports.HTTPS}, {ports.API}",
        f"Redis {ports.REDIS}",
        f"MinIO (S3) {ports.S3}",
        f"Elasticsearch {ports.ELASTICSEARCH}",
        f"Kibana {ports.KIBANA}",
    )
    for row, text in enumerate(services):
        weight = "bold" if row == 0 else "normal"
        axes.text(2.75, 3.85 - row * 0.55, text, fontsize=9, weight=weight)
    nodes = (("node-1", "10.5.0.6"), ("node-2", "10.5.0.7"), ("node-3", "10.5.0.8"))
    for row, (name, address) in enumerate(nodes):
        bottom = 3.2 - row * 1.3
        box(axes, 6.7, bottom, 1.9, 1.0, NODE if row < 2 else FILL)
        axes.text(6.85, bottom + 0.65, f"{name}, {address}", fontsize=9, weight="bold")
        axes.text(
            6.85, bottom + 0.25, "OpenVidu node" if row < 2 else "when nodeCount is 3", fontsize=9
        )
        arrow(axes, (5.1, 2.4), (6.7, bottom + 0.5), str(ports.REPLICATION_MANAGER))
    arrow(axes, (1.5, 2.55), (2.6, 2.55), f"{ports.HTTPS}")
    axes.annotate(
        "",
        xy=(6.7, 4.1),
        xytext=(0.85, 3.0),
        arrowprops={
            "arrowstyle": "->",
            "color": INK,
            "linestyle": "dashed",
            "connectionstyle": "arc3,rad=-0.35",
        },
    )
    media = f"media: {ports.TURN}, {ports.MEDIA_FIRST}-{ports.MEDIA_LAST}"
    axes.text(0.2, 4.4, media, fontsize=8)
    figure.savefig(Path(__file__).with_suffix(".svg"), bbox_inches="tight", metadata={"Date": None})


if __name__ == "__main__":
    draw()
