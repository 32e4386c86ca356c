"""Before an upgrade calls end: of all nodes at once, or of nobody, who would serve otherwise."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from membership.answers import Answers, Refused, Silent, Unknown, Unreachable
from membership.confirmation import SECONDS
from membership.doubt import doubts
from membership.drain import Outcome
from membership.errors import MembershipError
from membership.known_nodes import from_json
from membership.policy import Policy
from membership.registry import Phase
from membership.upgrade_wait import pause, pause_all, upgrade
from membership.witnesses import Word
from tests.membership.test_configuration_change import RestartingCluster
from tests.membership.worlds import BUSY, IDLE, NODE, OTHER, RUN, Scene, scene

GONE = ([], Silent())


def test_the_last_nodes_leave_together(tmp_path: Path) -> None:
    """Nobody waits for a place in line, and the last one may leave."""
    looks = [([BUSY], Answers(200)), ([BUSY], Answers(200)), ([IDLE], Answers(200)), GONE]
    staged = scene(tmp_path, looks, others=())
    upgrade(RUN, staged.context, master=False)
    assert staged.done == [f"PATCH {BUSY.id}"]
    record = staged.registry.get(NODE.ip)
    assert record
    # It comes back: it isn't taken for one that leaves for good.
    assert (record.phase, record.leaving) == (Phase.LEFT, False)


PHASES = [Phase.LEFT, Phase.STARTING, None]


@pytest.mark.parametrize("phase", PHASES)
def test_a_node_that_is_seen_stopped_is_not_waited_for(tmp_path: Path, phase: Phase | None) -> None:
    staged = noted_as(phase, scene(tmp_path, [([OTHER], Silent())]))
    assert pause(NODE, RUN, staged.context) is Outcome.LEFT
    assert staged.done == []
    assert staged.clock.passed < 2 * SECONDS


@pytest.mark.parametrize("phase", PHASES)
def test_the_machine_of_a_node_that_refuses_is_asked_whatever_is_noted(
    tmp_path: Path, phase: Phase | None
) -> None:
    """Also where an upgrade that had stopped it failed, and is done again."""
    staged = noted_as(phase, scene(tmp_path, [([], Silent())], others=()))
    asks = replace(RUN, asks=True)
    assert pause_all(asks, staged.context, from_json(TOLD)) is Outcome.DOUBT
    (doubt,) = doubts("", staged.context)["nodes"]
    assert doubt["name"] == NODE.name
    staged.says(machine=(Word.STOPPED, "its machine says: nothing runs"))
    assert pause_all(asks, staged.context, from_json(TOLD)) is Outcome.LEFT


@pytest.mark.parametrize("phase", PHASES)
def test_a_node_with_calls_drains_whatever_is_noted_of_it(
    tmp_path: Path, phase: Phase | None
) -> None:
    """A run that was killed may have put it into the load balancer, and not have noted that."""
    staged = noted_as(phase, scene(tmp_path, [([BUSY, OTHER], Answers(200))]))
    staged.policy = Policy(limit=timedelta(minutes=5))
    with pytest.raises(MembershipError, match="still waiting for 2 calls after 0:05:00"):
        pause(NODE, RUN, staged.context)
    assert staged.done == [f"PATCH {BUSY.id}"]


def test_a_node_to_which_a_new_base_does_not_lead_is_asked_itself(tmp_path: Path) -> None:
    staged = noted_as(None, scene(tmp_path, [([BUSY, OTHER], Answers(200))]))
    staged.load_balancer.node_ips = ()
    staged.cluster.media_nodes()
    staged.policy = Policy(limit=timedelta(minutes=5))
    with pytest.raises(MembershipError, match="still waiting for 2 calls"):
        pause(NODE, RUN, staged.context)
    assert staged.done == [f"ask at {NODE.ip}", f"PATCH {BUSY.id}"]


def noted_as(phase: Phase | None, staged: Scene) -> Scene:
    """The same, with another note of the node, or with none."""
    if phase is None:
        staged.registry.change(NODE.ip, lambda _: None)
    else:
        staged.record(2, phase=phase)
    return staged


@pytest.mark.parametrize("master", [False, True])
def test_a_base_alone_waits_for_a_moment_without_calls(tmp_path: Path, master: bool) -> None:
    staged = scene(tmp_path, [])
    staged.policy = Policy(rolling=True)
    calls = RestartingCluster(staged.clock, {}, calls_end=50.0)
    context = replace(staged.context, cluster=calls)  # type: ignore[arg-type]
    upgrade(RUN, context, master=master)
    assert staged.clock.passed >= 50
    assert staged.done == []


def test_a_node_in_doubt_is_asked_about_while_others_still_drain(tmp_path: Path) -> None:
    looks = [*[([BUSY, OTHER], Answers(200))] * 4, ([OTHER], Unreachable("no route to host"))]
    staged = scene(tmp_path, looks)
    staged.cluster.others_health = Answers(200)
    assert upgrade(replace(RUN, asks=True), staged.context, master=False) is Outcome.DOUBT
    # The other goes on draining meanwhile, on the same clock.
    assert staged.clock.passed < staged.policy.limit.total_seconds()


def test_where_the_api_refuses_nodes_are_stopped_as_they_carry_no_calls(tmp_path: Path) -> None:
    looks = [*[([BUSY], Answers(200))] * 9, ([IDLE], Answers(200))]
    staged = scene(tmp_path, looks, others=())
    staged.cluster.answer_to_patch = Refused(405, "no")
    with pytest.raises(MembershipError, match="the API answers 405"):
        upgrade(RUN, staged.context, master=False)
    staged.policy = Policy(without_api=True)
    assert upgrade(RUN, staged.context, master=False) is Outcome.STOP
    assert staged.done[-1] == f"remove {NODE.ip}"
    (stops,) = doubts("", staged.context)["stops"]
    assert (stops["name"], stops["ip"]) == (NODE.name, NODE.ip)
    # Nothing is to be stopped any more while it's looked anew.
    staged.cluster.answer_to_patch = None
    staged.cluster.media_nodes = lambda: []  # type: ignore[method-assign]
    staged.cluster.health = lambda ip: Silent()  # type: ignore[method-assign]
    assert upgrade(RUN, staged.context, master=False) is Outcome.LEFT
    assert not doubts("", staged.context)["stops"]


def test_a_base_that_was_made_anew_drains_who_the_load_balancer_knows(tmp_path: Path) -> None:
    staged = forgotten(scene(tmp_path, [([BUSY], Answers(200))], others=()))
    assert staged.load_balancer.node_ips == (NODE.ip,)
    with pytest.raises(MembershipError, match="still waiting for 2 calls"):
        upgrade(RUN, staged.context, master=False)


def test_a_base_that_was_made_anew_drains_who_the_stack_knows(tmp_path: Path) -> None:
    looks = [([], Answers(200)), *[([BUSY], Answers(200))] * 9, ([], Unreachable("no route"))]
    staged = forgotten(scene(tmp_path, looks, others=()))
    staged.load_balancer.node_ips = ()
    told = from_json(TOLD)
    found = upgrade(replace(RUN, asks=True), staged.context, master=False, told=told)
    assert (found, staged.done[-1]) == (Outcome.DOUBT, f"PATCH {BUSY.id}")
    # So others can be asked.
    (doubt,) = doubts("", staged.context)["nodes"]
    assert (doubt["name"], doubt["host"], doubt["hostKey"]) == ("node-2", "203.0.113.3", "key")


def test_where_nobody_knows_a_node_nothing_is_waited_for(tmp_path: Path) -> None:
    staged = forgotten(scene(tmp_path, [(Unknown("GET answered 502"), Silent())], others=()))
    staged.load_balancer.node_ips = ()
    assert upgrade(RUN, staged.context, master=False) is Outcome.LEFT
    assert staged.clock.passed == 0


TOLD = json.dumps(
    [
        {
            "name": NODE.name,
            "ip": NODE.ip,
            "identity": NODE.identity,
            "host": "203.0.113.3",
            "hostKey": "key",
            "instance": "",
            "sshWay": "",
        }
    ]
)


@pytest.mark.parametrize("text", ["{", "[1]", '[{"name": "node-1"}]', "{}x"])
def test_what_names_no_nodes_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"no list of nodes|Expecting|Extra data"):
        from_json(text)


def forgotten(staged: Scene) -> Scene:
    """The same on a base that has noted nothing."""
    staged.cluster.media_nodes()
    staged.policy = Policy(limit=timedelta(minutes=5))
    for record in staged.registry.all():
        staged.registry.change(record.ip, lambda _: None)
    return staged
