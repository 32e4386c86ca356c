"""The nodes that are deployed are kept, whatever number the configuration has of another day."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from components.numbering import Wanted
from scripts.keep_nodes import deployed, keep


class Pulumi:
    """A stack: what is deployed, and what its configuration says."""

    def __init__(self, nodes: list[int], count: int, retired: list[int]) -> None:
        outputs = {"nodes": [{"name": f"node-{number}"} for number in nodes]}
        stack = {"urn": "x", "type": "pulumi:pulumi:Stack", "outputs": outputs}
        self.state = {"deployment": {"resources": [stack]}}
        self.stored: dict[str, Any] = {"nodeCount": count, "retiredNodes": retired}

    def export_state(self) -> Mapping[str, Any]:
        return self.state

    def config(self) -> dict[str, dict[str, Any]]:
        return {
            f"openvidu-enterprise:{key}": {"value": json.dumps(one)}
            for key, one in self.stored.items()
        }

    def set_plain(self, values: Mapping[str, Any]) -> None:
        self.stored |= values


@pytest.mark.parametrize(
    ("nodes", "count", "retired", "after"),
    [
        ([1, 2, 3, 4], 2, [], (4, [])),
        ([1, 2], 5, [], (2, [])),
        ([1, 2, 4], 2, [], (3, [3])),
        ([2, 3], 2, [1, 3], (2, [1])),
    ],
    ids=["added", "removed", "a gap", "another was retired"],
)
def test_what_is_deployed_is_wanted(
    nodes: list[int], count: int, retired: list[int], after: tuple[int, list[int]]
) -> None:
    stack = Pulumi(nodes, count, retired)
    keep(stack)  # type: ignore[arg-type]
    assert (stack.stored["nodeCount"], stack.stored["retiredNodes"]) == after
    found = deployed(stack.state["deployment"]["resources"][0]["outputs"])
    assert found == Wanted(after[0], frozenset(after[1]))
    assert [*found.numbers] == nodes


@pytest.mark.parametrize(
    ("nodes", "said"),
    [
        ([], "No nodes are deployed: nodeCount stays 2."),
        ([1, 2], "nodeCount is 2, as deployed."),
        ([1, 3], "retiredNodes: set to [2]"),
    ],
)
def test_it_says_what_it_has_changed(nodes: list[int], said: str) -> None:
    assert keep(Pulumi(nodes, 2, [])) == said  # type: ignore[arg-type]


def test_a_standby_keeps_its_number() -> None:
    outputs = {
        "nodes": [{"name": "node-1"}, {"name": "node-2"}],
        "standbyNodes": [{"name": "node-4"}],
    }
    assert deployed(outputs) == Wanted(2, frozenset({3}))
