"""What is counted, and what isn't known."""

from __future__ import annotations

import pytest

from components.cluster_observation import ClusterObservation, NodeObservation, Unseen
from components.numbering import Wanted
from scripts.autoscaling.cluster_load import Observation, observe
from scripts.autoscaling.decision import Action, Past, decide
from scripts.autoscaling.guard import beyond
from scripts.autoscaling.scaling_policy import Measure, Policy

ADDRESSES = {1: "10.5.0.6", 2: "10.5.0.7", 3: "10.5.0.8"}
SERVING = NodeObservation(True, 1, 4, 9, 30.0)
DRAINING = NodeObservation(False, 2, 3, 5, 20.0)
GONE = NodeObservation(False, 2, 0, 0, None)
MEASURES = (Measure.CALLS, Measure.PARTICIPANTS, Measure.LOAD)


def test_a_node_that_drains_counts_by_its_calls_and_not_as_capacity() -> None:
    nodes = {"10.5.0.6": SERVING, "10.5.0.7": SERVING, "10.5.0.8": DRAINING}
    seen = observe(Wanted(2), ADDRESSES, ClusterObservation(nodes), MEASURES, deployed=ADDRESSES)
    assert isinstance(seen, Observation)
    assert seen.serving == {1, 2}
    assert seen.leaving == {3}
    assert seen.demand == {Measure.CALLS: 11, Measure.PARTICIPANTS: 23, Measure.LOAD: 80}


def test_a_wanted_node_that_is_not_there_is_unready() -> None:
    nodes = {"10.5.0.6": SERVING, "10.5.0.7": GONE}
    seen = observe(
        Wanted(4), ADDRESSES, ClusterObservation(nodes), [Measure.LOAD], deployed=ADDRESSES
    )
    assert isinstance(seen, Observation)
    assert seen.unready == {2, 3, 4}


def test_one_unknown_number_makes_the_look_unknown() -> None:
    for node in (
        NodeObservation(True, 1, None, None, 30.0),
        NodeObservation(False, 1, None, None, None),
    ):
        nodes = {"10.5.0.6": SERVING, "10.5.0.7": node}
        seen = observe(
            Wanted(2), ADDRESSES, ClusterObservation(nodes), [Measure.CALLS], deployed=ADDRESSES
        )
        assert seen == Unseen("the cluster doesn't say the calls of 10.5.0.7")


NOT_LISTED = NodeObservation(False, 2, None, None, None)


@pytest.mark.parametrize("measure", Measure)
def test_a_node_that_drains_and_is_not_listed_is_no_idle_one(measure: Measure) -> None:
    seen = observe(
        Wanted(1),
        ADDRESSES,
        ClusterObservation({"10.5.0.6": SERVING, "10.5.0.7": NOT_LISTED, "10.5.0.8": GONE}),
        [measure],
        deployed=ADDRESSES,
        updating=True,
    )
    assert seen == Unseen(f"the cluster doesn't say the {measure} of 10.5.0.7")


@pytest.mark.parametrize("measure", Measure)
def test_a_drain_that_was_left_unfinished_is_seen_to_go_on_with_it(measure: Measure) -> None:
    nodes = {"10.5.0.6": SERVING, "10.5.0.7": SERVING, "10.5.0.8": NOT_LISTED}
    seen = observe(Wanted(2), ADDRESSES, ClusterObservation(nodes), [measure], deployed=ADDRESSES)
    assert isinstance(seen, Observation)
    policy = Policy(maximum=3, targets={measure: 100.0}, minimum=1)
    found = decide(policy, 1_000_000.0, seen, Past())
    assert found.action is Action.AGAIN
    assert "node-3 hasn't left yet" in found.reasons


@pytest.mark.parametrize("measure", Measure)
def test_a_node_that_leaves_and_that_the_base_does_not_know_is_unknown(measure: Measure) -> None:
    nodes = {"10.5.0.6": SERVING, "10.5.0.7": SERVING}
    seen = observe(Wanted(2), ADDRESSES, ClusterObservation(nodes), [measure], deployed=ADDRESSES)
    assert seen == Unseen("the base doesn't know node-3, which hasn't left yet")


def test_a_base_that_cannot_be_asked_is_unknown() -> None:
    unseen = Unseen("no answer within 30 s")
    assert observe(Wanted(2), ADDRESSES, unseen, MEASURES, deployed=ADDRESSES) == unseen


def step(op: str, name: str, type_: str = "command:local:Command") -> dict[str, str]:
    return {"op": op, "urn": f"urn:pulumi:prod::openvidu-enterprise::{type_}::{name}"}


def test_an_update_of_other_things_than_the_moving_nodes_is_noticed() -> None:
    steps = [
        step("same", "base"),
        step("update", "openvidu-enterprise-prod", "pulumi:pulumi:Stack"),
        step("create", "node-3"),
        step("create", "node-3-host-key"),
        step("replace", "node-1"),
        step("update", "configuration"),
        step("update", "node-33-env"),
    ]
    assert beyond({"steps": steps}, {1, 33}) == ["configuration", "node-1", "node-33-env"]
    assert beyond({"steps": steps}, {1}) == ["configuration", "node-1"]
    assert beyond({"steps": steps[:4]}, {1, 2}) == []
