"""Names of nodes as operators type them."""

from __future__ import annotations

import re
from collections.abc import Collection

from components.resource_names import of_urn
from scripts.pulumi_cli import PulumiError


def node_of(urn: str) -> int | None:
    """The number of the node that a resource belongs to; None when it belongs to none."""
    found = of_urn(urn)
    return found.node if found else None


def parse_node(text: str, there: Collection[int], leaving: Collection[int] = ()) -> int:
    """The number of a node: 3 for `node-3`.

    Args:
        text: what was typed.
        there: numbers of the nodes that there are.
        leaving: those of them that the next update takes away.

    Raises:
        PulumiError: that's no name of a node, or there's no such node.
    """
    match = re.fullmatch(r"(?:node-)?([1-9][0-9]*)", text)
    if match and int(match[1]) in there:
        return int(match[1])
    names = ", ".join(f"node-{number}" for number in sorted(there)) or "none"
    if there and set(there) <= set(leaving):
        names += ", which leave with the next update"
    raise PulumiError(
        f"no node of this stack is called {text!r}; its nodes: {names}.\n"
        "  For another number of nodes: pulumi config set nodeCount N && pulumi up"
    )
