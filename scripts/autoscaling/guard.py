"""Whether an update does what was decided and nothing else. Pure.

An autoscaler deploys what the project's folder holds. Where that holds more than another number of
nodes, as a new version or instance type, somebody has to look at it first.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from components.resource_names import logical_name
from scripts.node_names import node_of

_UNCHANGED = ("same", "read", "read-replacement")
_STACK = "pulumi:pulumi:Stack"


def beyond(preview: Mapping[str, Any], settled: Collection[int]) -> list[str]:
    """Names of what an update would change besides nodes that come, go or are put right; sorted.

    Args:
        preview: as `pulumi preview --json` prints it.
        settled: numbers of the nodes that serve, and are to go on so.
    """
    return sorted(
        {
            logical_name(step["urn"])
            for step in preview.get("steps", ())
            if step["op"] not in _UNCHANGED
            and f"::{_STACK}::" not in step["urn"]
            and node_of(step["urn"]) in {None, *settled}
        }
    )
