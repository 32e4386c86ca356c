"""The nodes that are deployed are kept, whatever number the configuration has of another day."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from components.numbering import Wanted
from scripts.keep_nodes import deployed, keep


def state(
    nodes: Sequence[int], standbys: Sequence[int] = (), joined: Sequence[int] = ()
) -> dict[str, Any]:
    """A state with outputs, and with the memberships of nodes that have joined since."""
    named = {"nodes": nodes, **({"standbyNodes": standbys} if standbys else {})}
    outputs = {key: [{"name": f"node-{one}"} for one in of] for key, of in named.items()}
    urn = "urn:pulumi:dev::openvidu-enterprise::command:local:Command::node-%s-membership"
    members = [
        {"urn": urn % one, "type": "", "inputs": {"environment": {}, "stdin": ""}} for one in joined
    ]
    stack = {"urn": "x", "type": "pulumi:pulumi:Stack", "outputs": outputs}
    return {"deployment": {"resources": [stack, *members]}}


class Pulumi:
    """A stack: what is deployed, and what its configuration says."""

    def __init__(self, nodes: list[int], count: int, retired: list[int]) -> None:
        self.state = state(nodes)
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
    found = deployed(stack.state)
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
    assert deployed(state([1, 2], standbys=[4])) == Wanted(2, frozenset({3}))


def test_a_node_that_joined_in_an_update_which_failed_then_is_one() -> None:
    assert deployed(state([1, 2], joined=[1, 2, 3])) == Wanted(3)
    assert deployed(state([], joined=[1])) == Wanted(1)
