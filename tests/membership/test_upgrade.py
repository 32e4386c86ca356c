"""Before an upgrade calls end: of all nodes at once, or of nobody, who would serve otherwise."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from membership.answers import Answers, Refused, Silent, Unreachable
from membership.doubt import doubts
from membership.drain import Outcome
from membership.errors import MembershipError
from membership.policy import Policy
from membership.registry import Phase
from membership.upgrade import pause, upgrade
from tests.membership.test_configuration import RestartingCluster
from tests.membership.worlds import BUSY, IDLE, NODE, OTHER, RUN, scene

GONE = ([], Silent())


def test_the_last_nodes_leave_together(tmp_path: Path) -> None:
    """Nobody waits for a place in line, and the last one may leave."""
    looks = [([BUSY], Answers(200)), ([BUSY], Answers(200)), ([IDLE], Answers(200)), GONE]
    staged = scene(tmp_path, looks, others=())
    upgrade(RUN, staged.world, master=False)
    assert staged.done == [f"PATCH {BUSY.id}"]
    record = staged.registry.get(NODE.ip)
    assert record
    # It comes back: it isn't taken for one that leaves for good.
    assert (record.phase, record.leaving) == (Phase.LEFT, False)


@pytest.mark.parametrize("phase", [Phase.LEFT, Phase.STARTING])
def test_a_node_that_carries_nothing_is_not_waited_for(tmp_path: Path, phase: Phase) -> None:
    staged = scene(tmp_path, [([BUSY], Answers(200))])
    staged.record(2, phase=phase)
    pause(NODE.name, NODE.ip, RUN, staged.world)
    pause("node-9", "10.5.0.14", RUN, staged.world)
    assert staged.done == []
    assert staged.clock.passed == 0


@pytest.mark.parametrize("master", [False, True])
def test_a_base_alone_waits_for_a_moment_without_calls(tmp_path: Path, master: bool) -> None:
    staged = scene(tmp_path, [])
    staged.policy = Policy(rolling=True)
    calls = RestartingCluster(staged.clock, {}, calls_end=50.0)
    world = replace(staged.world, cluster=calls)  # type: ignore[arg-type]
    upgrade(RUN, world, master=master)
    assert staged.clock.passed >= 50
    assert staged.done == []


def test_a_node_in_doubt_is_asked_about_while_others_still_drain(tmp_path: Path) -> None:
    looks = [*[([BUSY, OTHER], Answers(200))] * 4, ([OTHER], Unreachable("no route to host"))]
    staged = scene(tmp_path, looks)
    staged.cluster.others_health = Answers(200)
    assert upgrade(replace(RUN, asks=True), staged.world, master=False) is Outcome.DOUBT
    assert staged.clock.passed < 60


def test_where_the_api_refuses_nodes_are_stopped_as_they_carry_no_calls(tmp_path: Path) -> None:
    looks = [*[([BUSY, OTHER], Answers(200))] * 9, ([IDLE, OTHER], Answers(200))]
    staged = scene(tmp_path, looks, others=())
    staged.cluster.answer_to_patch = Refused(405, "no")
    with pytest.raises(MembershipError, match="the API answers 405"):
        upgrade(RUN, staged.world, master=False)
    staged.policy = Policy(without_api=True)
    assert upgrade(RUN, staged.world, master=False) is Outcome.STOP
    assert staged.done[-1] == f"remove {NODE.ip}"
    (stops,) = doubts(staged.world)["stops"]
    assert (stops["name"], stops["ip"]) == (NODE.name, NODE.ip)
    # Nothing is to be stopped any more while it's looked anew.
    staged.cluster.answer_to_patch = None
    staged.cluster.media_nodes = lambda: []  # type: ignore[method-assign]
    staged.cluster.health = lambda ip: Silent()  # type: ignore[method-assign]
    assert upgrade(RUN, staged.world, master=False) is Outcome.LEFT
    assert not doubts(staged.world)["stops"]


def test_a_base_that_was_made_anew_knows_no_node_that_has_to_drain(tmp_path: Path) -> None:
    staged = scene(tmp_path, [])
    for record in staged.registry.all():
        staged.registry.change(record.ip, lambda _: None)
    assert upgrade(RUN, staged.world, master=False) is Outcome.LEFT
    assert staged.done == []
