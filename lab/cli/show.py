"""How a lab looks in a terminal; plain where it's piped."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console

from lab.cli.afterwards import Line, text
from lab.cli.words import named
from lab.status import Status

_out = Console()


def health(found: Status) -> None:
    """Print the health on a line: the cluster's and each node's, or the single master's."""
    nodes = found.health.get("nodes", {})
    told = ", ".join(
        f"{name.removeprefix('master_')} {one['status']}" for name, one in nodes.items()
    )
    _say(f"OpenVidu is {found.state or 'silent'}{': ' if told else ''}{told}\n")


def next_steps(lines: list[Line]) -> None:
    """Print what to type next, for the lab that was asked."""
    _say(named(text(lines)))


def outputs(found: Mapping[str, Any]) -> None:
    """Print the stack's outputs that are texts: addresses and URLs."""
    for key, value in found.items():
        if isinstance(value, str):
            _say(f"{key}: {value}")


def _say(line: str) -> None:
    _out.print(line, highlight=False, markup=False, soft_wrap=True)
