"""What to type after an update: the last lines that it prints."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from components.settings.choices import EXISTING, SINGLE_MASTER

Line = tuple[str, str]
"""What to type, and what for."""


def after_up(outputs: Mapping[str, Any], scaled: int | None) -> list[Line]:
    """The lines after an update that went well.

    Args:
        outputs: the stack's.
        scaled: a number of nodes to try next; None where there's none.
    """

    def lines() -> Iterator[Line]:
        url = outputs.get("callUrl") or outputs.get("inspectorUrl")
        if url:
            yield f"uv run lab curl {url}", "what a browser gets"
        yield "uv run lab status", "machines, health, calls, load balancer"
        if scaled is not None:
            yield f"uv run lab scale {scaled}", "another number of nodes"
        yield "uv run lab run -- bash", "a shell for what the docs say to type"

    return list(lines())


AFTER_DESTROY: list[Line] = [
    ("uv run lab up", "deploys again"),
    ("uv run lab reset", "stops the lab and forgets it"),
]


def another_count(config: Mapping[str, Mapping[str, Any]]) -> int | None:
    """A number of nodes that `lab scale` takes next: one more or, where no host is left, one less.

    Args:
        config: the stack's configuration, by full key.
    """
    count = config.get("openvidu-enterprise:nodeCount", {}).get("value")
    shape = config.get("openvidu-enterprise:shape", {}).get("value")
    if count is None or shape == SINGLE_MASTER:
        return None
    hosts = config.get("openvidu-enterprise:hosts", {}).get("objectValue", ())
    machines = config.get("openvidu-enterprise:machines", {}).get("value")
    nodes = int(count)
    if machines != EXISTING or len(hosts) > nodes + 1:
        return nodes + 1
    return nodes - 1 if nodes > 1 else None


def text(lines: list[Line]) -> str:
    """The lines below each other, under a heading."""
    width = max(len(typed) for typed, _ in lines)
    return "\n".join(["Next:", *(f"  {typed:<{width}}  # {what}" for typed, what in lines)])
