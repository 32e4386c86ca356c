"""Which nodes are wanted, which are the least loaded, and how they are named."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.cluster_observation import NodeObservation
from components.numbering import Wanted
from scripts.memberships import from_state, nodes_in
from scripts.node_names import parse_node
from scripts.pulumi_cli import PulumiError
from scripts.retire import least_loaded

wanted = st.builds(Wanted, st.integers(1, 12), st.frozensets(st.integers(1, 15), max_size=6))


@given(wanted, st.data())
def test_just_the_retired_nodes_go(before: Wanted, data: st.DataObject) -> None:
    leaving = data.draw(st.sets(st.sampled_from(before.numbers)))
    after = before.without(leaving)
    assert set(after.numbers) == set(before.numbers) - leaving
    assert after.retired >= before.retired | leaving
    # Whoever raises the number doesn't get them back.
    assert not leaving & set(after.grown(after.count + 2).numbers)


@given(wanted, st.integers(1, 20))
def test_a_node_that_is_called_back_is_wanted_and_no_other_goes(
    before: Wanted, number: int
) -> None:
    after = before.including(number)
    assert set(after.numbers) == {*before.numbers, number}


def test_the_highest_number_is_retired_like_any_other() -> None:
    assert Wanted(3).without({3}) == Wanted(2, frozenset({3}))
    assert Wanted(2, frozenset({3})).including(3) == Wanted(3)
    assert Wanted(3).without({1}) == Wanted(2, frozenset({1}))


def test_the_least_loaded_nodes_go() -> None:
    seen = {
        1: NodeObservation(True, 1, 3, 9),
        2: NodeObservation(True, 1, 1, 8),
        3: NodeObservation(True, 1, 1, 2),
        4: NodeObservation(True, 1, 3, 9),
        5: NodeObservation(False, 2, 7, 30),
        6: NodeObservation(False, 2, 0, 0),
    }
    assert least_loaded(seen, 6) == [6, 5, 3, 2, 4, 1]
    assert least_loaded(seen, 1) == [6]


def test_a_node_of_which_nobody_knows_what_it_carries_is_not_chosen() -> None:
    unknown = (None, NodeObservation(None, 1, 0, 0), NodeObservation(False, 2, None, None))
    seen = {1: NodeObservation(True, 1, 30, 90), **dict(enumerate(unknown, start=2))}
    assert least_loaded(seen, 4) == [1]


@pytest.mark.parametrize("text", ["node-3", "3"])
def test_a_node_is_named_as_the_stack_names_it(text: str) -> None:
    assert parse_node(text, {1, 2, 3}) == 3


@pytest.mark.parametrize("text", ["node-4", "base", "node-03", "-1", ""])
def test_another_name_is_refused_with_those_that_there_are(text: str) -> None:
    with pytest.raises(PulumiError, match="its nodes: node-1, node-2"):
        parse_node(text, {1, 2})


def test_memberships_are_read_from_the_state_with_their_secrets() -> None:
    secret = {
        "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
        "plaintext": '"the key"',
    }
    inputs = {"environment": {"NODE_IP": "10.5.0.8"}, "stdin": secret}
    urn = "urn:pulumi:dev::p::a:b:Node$command:local:Command::"
    resources = [
        {"urn": f"{urn}node-3-membership", "inputs": inputs},
        {"urn": f"{urn}node-4-membership", "inputs": inputs, "delete": True},
        {"urn": f"{urn}node-3-wanted", "inputs": inputs},
    ]
    found = from_state({"deployment": {"resources": resources}})
    assert list(found) == [3]
    assert found[3].private_key == "the key"
    assert found[3].private_ip == "10.5.0.8"
    assert from_state({"deployment": {}}) == {}


def test_a_node_is_deployed_as_long_as_the_state_holds_anything_of_it() -> None:
    urn = "urn:pulumi:dev::p::aws:ec2/instance:Instance::"
    names = ("node-4", "node-5-address", "base", "node-count", "base-node-6")
    resources = [{"urn": f"{urn}{name}"} for name in names]
    assert nodes_in({"deployment": {"resources": resources}}) == {4, 5}
    assert nodes_in({"deployment": {}}) == frozenset()


@given(wanted, st.integers(0, 6), st.sets(st.integers(1, 20), max_size=4))
def test_a_stack_grows_by_nodes_that_are_neither_retired_nor_leaving(
    before: Wanted, more: int, leaving: set[int]
) -> None:
    leaving -= set(before.numbers)
    after = before.grown(before.count + more, leaving)
    assert after.count == len(after.numbers) == before.count + more
    added = set(after.numbers) - set(before.numbers)
    assert set(before.numbers) <= set(after.numbers)
    assert not added & (leaving | before.retired)


@given(wanted, st.data())
def test_a_stack_shrinks_by_its_highest_numbers(before: Wanted, data: st.DataObject) -> None:
    to = data.draw(st.integers(1, before.count))
    after = before.shrunk(to)
    assert after.numbers == before.numbers[:to]


def test_numbers_come_back_once_a_stack_has_shrunk_below_them() -> None:
    assert Wanted(3, frozenset({3})).shrunk(2) == Wanted(2)
