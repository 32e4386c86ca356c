"""Whether an update does what was decided and nothing else. Pure.

An autoscaler deploys what the project's folder holds. Where that holds more than another number of
nodes, as a new version or instance type, somebody has to look at it first.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

_UNCHANGED = ("same", "read", "read-replacement")
_NODE = re.compile(r"::node-([1-9][0-9]*)(?:-[a-z-]+)?$")
_STACK = "pulumi:pulumi:Stack"


def beyond(preview: Mapping[str, Any], moving: Collection[int]) -> list[str]:
    """Names of what an update would change apart from some nodes, sorted.

    Args:
        preview: as `pulumi preview --json` prints it.
        moving: numbers of the nodes that come, go or are put right.
    """
    return sorted(
        {
            step["urn"].rpartition("::")[2]
            for step in preview.get("steps", ())
            if step["op"] not in _UNCHANGED
            and f"::{_STACK}::" not in step["urn"]
            and not ((match := _NODE.search(step["urn"])) and int(match[1]) in moving)
        }
    )
