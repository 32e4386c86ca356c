"""Joining: only nodes that are ready, drained ones after their calls have ended."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from membership.answers import Answers, Health, MediaNode, Silent, Unknown, Unreachable
from membership.clock import ConnectedClock, DisconnectedError
from membership.context import Run
from membership.drain import drain
from membership.errors import MembershipError
from membership.join import Found, announce, join, prepare
from membership.ownership import claim
from membership.registry import Node, Phase, Way
from membership.witnesses import Word
from openvidu.api import WAITING_IDLE_TO_TERMINATE
from tests.membership.worlds import BUSY, IDLE, NODE, OTHER, RUN, Listed, Scene, scene

Looks = list[tuple[Listed, Health]]
DRAINING = replace(BUSY, status=WAITING_IDLE_TO_TERMINATE)


def test_an_address_enters_when_the_node_is_ready_and_not_before(tmp_path: Path) -> None:
    context = scene(tmp_path, [([IDLE, OTHER], Silent())])
    context.load_balancer.node_ips = ("10.5.0.6",)
    with pytest.raises(MembershipError, match="not ready after 900 s"):
        join(NODE, 1, RUN, context.context)
    assert not context.done
    context = scene(tmp_path, [([IDLE, OTHER], Answers(200))])
    context.cluster.media_nodes()
    join(NODE, 4, RUN, context.context)
    assert context.done == ["add 10.5.0.7"]
    record = context.registry.get(NODE.ip)
    assert record
    assert (record.phase, record.generation) == (Phase.SERVING, 4)


@pytest.mark.parametrize(
    ("listed", "health", "expected"),
    [
        ([OTHER], Silent(), "nothing listens on port 4443"),
        ([OTHER], Unreachable("No route to host"), "no way to port 4443: No route to host"),
        ([OTHER], Answers(502), "it answers 502 on port 4443"),
        ([OTHER], Unknown("no answer in time"), "no answer in time"),
        ([OTHER], Answers(200), "it answers 200, but the cluster doesn't list it as UP yet"),
        (
            Unknown("GET … answered 500"),
            Answers(200),
            "it answers 200; whether the cluster lists it isn't known: GET … answered 500",
        ),
    ],
)
def test_what_a_node_lacks_is_told_in_words(
    tmp_path: Path, listed: Listed, health: Health, expected: str
) -> None:
    context = scene(tmp_path, [(listed, health)])
    context.cluster.media_nodes()
    with pytest.raises(MembershipError) as caught:
        join(NODE, 1, RUN, context.context)
    assert f"not ready after 900 s; last seen: {expected}\n" in str(caught.value)
    assert f"node-2: waiting for 10.5.0.7: {expected}, 0:00:10 of 0:15:00" in context.said


def test_a_node_that_runs_is_not_started(tmp_path: Path) -> None:
    context = scene(tmp_path, [([BUSY, OTHER], Answers(200))])
    assert prepare(NODE, RUN, context.context) is Found.RUNS
    assert not context.done


def test_a_new_node_that_is_not_listed_yet_is_not_waited_for(tmp_path: Path) -> None:
    context = scene(tmp_path, [([OTHER], Answers(200))])
    announce(replace(NODE, identity="i-new"), Way(), context.context)
    assert prepare(NODE, RUN, context.context) is Found.RUNS
    assert context.clock.passed == 0


def test_a_drain_ends_before_the_node_is_started_again(tmp_path: Path) -> None:
    looks: Looks = [
        *[([DRAINING, OTHER], Answers(200))] * 60,
        ([OTHER], Answers(200)),
        ([OTHER], Silent()),
    ]
    context = scene(tmp_path, looks)
    context.record(2, phase=Phase.DRAINING)
    assert prepare(NODE, RUN, context.context) is Found.STOPPED
    assert context.clock.passed >= 60
    assert context.done == ["remove 10.5.0.7"]
    assert any(
        "its drain can't be taken back; waiting for 2 calls" in said for said in context.said
    )


def test_a_crashed_node_is_started_and_out_of_the_load_balancer_until_then(tmp_path: Path) -> None:
    context = scene(tmp_path, [([OTHER], Silent())])
    assert prepare(NODE, RUN, context.context) is Found.STOPPED
    assert context.done == ["remove 10.5.0.7"]


def test_a_join_ends_the_drain_that_waits(tmp_path: Path) -> None:
    context = scene(tmp_path, [([BUSY, OTHER], Answers(200))])
    sleep = context.clock.sleep

    def set_back(seconds: float) -> None:
        sleep(seconds)
        if context.clock.passed > 20:
            join(NODE, 2, replace(RUN, id="the next up"), context.context)

    context.clock.sleep = set_back  # type: ignore[method-assign]
    with pytest.raises(MembershipError, match="a newer run works on it: the next up"):
        drain(NODE, RUN, context.context)


def test_another_machine_at_the_address_is_announced_with_the_nodes_count(tmp_path: Path) -> None:
    context = scene(tmp_path, [])
    context.record(2, generation=3)
    announce(NODE, Way(), context.context)
    record = context.registry.get(NODE.ip)
    assert record
    assert record.phase is Phase.SERVING
    announce(Node(NODE.name, NODE.ip, "i-new"), Way(), context.context)
    record = context.registry.get(NODE.ip)
    assert record
    assert (record.identity, record.phase, record.generation) == ("i-new", Phase.STARTING, 3)


@pytest.mark.parametrize(("phase", "forgotten"), [(Phase.LEFT, True), (Phase.SERVING, False)])
def test_a_node_that_has_left_for_another_address_is_forgotten_at_the_old_one(
    tmp_path: Path, phase: Phase, forgotten: bool
) -> None:
    context = scene(tmp_path, [])
    context.record(2, phase=phase)
    announce(Node(NODE.name, "10.5.0.9", "i-new"), Way(), context.context)
    assert (context.registry.get(NODE.ip) is None) is forgotten
    assert context.registry.get("10.5.0.9")
    assert context.registry.get("10.5.0.6")


def test_waits_end_with_the_connection() -> None:
    reading, writing = os.pipe()
    clock = ConnectedClock(reading)
    clock.sleep(0.01)
    os.close(writing)
    with pytest.raises(DisconnectedError):
        clock.sleep(60)


def test_a_look_ends_with_the_connection_whatever_it_waits_for() -> None:
    text = "import time; from membership.clock import end_with; end_with(0); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", text], stdin=subprocess.PIPE) as looking:
        assert looking.stdin
        looking.stdin.close()
        assert looking.wait(10) == 1


def test_a_run_says_that_the_one_before_ended_with_its_connection(tmp_path: Path) -> None:
    context = scene(tmp_path, [([IDLE, OTHER], Answers(200))])
    claim(NODE, Run("ann's"), context.context)
    context.registry.cut_off("ann's", context.clock)
    for _ in range(2):
        claim(NODE, Run("ben's"), context.context)
    assert context.said == [
        "node-2: the run before ended here as whoever had started it was gone: ann's"
    ]


def test_a_run_that_goes_on_or_was_taken_over_before_is_not_told_of(tmp_path: Path) -> None:
    context = scene(tmp_path, [([IDLE, OTHER], Answers(200))])
    for run, ended in (("ann's", "ann's"), ("ben's", "ben's"), ("cleo's", "ann's")):
        claim(NODE, Run(run), context.context)
        context.registry.cut_off(ended, context.clock)
        claim(NODE, Run(run), context.context)
    assert not context.said


def ask(scene: Scene, **words: tuple[Word, str]) -> Found:
    """What the script does while the base is in doubt: ask the others, and go on."""
    run = replace(RUN, asks=True)
    while (found := prepare(NODE, run, scene.context)) is Found.DOUBT:
        scene.says(**words)
    return found


def test_a_node_that_nobody_sees_is_left_as_it_is(tmp_path: Path) -> None:
    context = scene(tmp_path, [([OTHER], Unreachable("no route to host"))])
    context.record(2, phase=Phase.SERVING)
    with pytest.raises(MembershipError) as caught:
        ask(context, machine=(Word.UNKNOWN, "SSH to it from here: no answer in time"))
    assert "SSH to it from here: no answer in time" in str(caught.value)
    assert "openvidu-enterprise repair node-2" in str(caught.value)
    assert context.clock.passed < 180
    assert not context.done


def test_a_node_that_says_itself_that_it_is_stopped_is_started(tmp_path: Path) -> None:
    context = scene(tmp_path, [([OTHER], Unreachable("no route to host"))])
    said = (Word.STOPPED, "its machine says: no container runs")
    assert ask(context, machine=said) is Found.STOPPED
    assert context.done == ["remove 10.5.0.7"]


def test_a_listed_node_whose_services_start_again_is_no_stopped_one(tmp_path: Path) -> None:
    away = [([BUSY, OTHER], Silent())] * 30
    context = scene(tmp_path, [*away, ([BUSY, OTHER], Answers(200))])
    context.record(2, phase=Phase.SERVING)
    assert prepare(NODE, RUN, context.context) is Found.RUNS
    assert not context.done


def test_a_listed_node_without_calls_that_refuses_for_a_minute_is_started(tmp_path: Path) -> None:
    context = scene(tmp_path, [([IDLE, OTHER], Silent())])
    context.record(2, phase=Phase.SERVING)
    assert ask(context, machine=(Word.UNKNOWN, "SSH to it from here: no answer")) is Found.STOPPED
    assert 60 <= context.clock.passed < 70
    assert context.done == ["remove 10.5.0.7"]


def says_always(context: Scene, **words: tuple[Word, str]) -> None:
    """Have others say the same of the node whenever they are asked."""
    sleep = context.clock.sleep

    def slept(seconds: float) -> None:
        sleep(seconds)
        context.says(**words)

    context.clock.sleep = slept  # type: ignore[method-assign]


RUNS_THERE = (Word.RUNS, "its machine says: 5 containers of OpenVidu, 2 calls")


@pytest.mark.parametrize("listed", [BUSY, IDLE])
def test_of_a_node_that_runs_and_whose_port_refuses_only_what_is_down_is_started(
    tmp_path: Path, listed: MediaNode
) -> None:
    """It stays in the load balancer: its calls go on."""
    context = scene(tmp_path, [([listed, OTHER], Silent())])
    context.record(2, phase=Phase.SERVING)
    says_always(context, machine=RUNS_THERE)
    assert ask(context, machine=RUNS_THERE) is Found.PARTLY
    assert 60 <= context.clock.passed < 70
    assert not context.done


def test_a_node_with_calls_whose_port_refuses_and_that_nobody_reaches_is_left_as_it_is(
    tmp_path: Path,
) -> None:
    context = scene(tmp_path, [([BUSY, OTHER], Silent())])
    context.record(2, phase=Phase.SERVING)
    with pytest.raises(MembershipError) as caught:
        ask(context, machine=(Word.UNKNOWN, "SSH to it from here: no answer"))
    assert "SSH to it from here: no answer" in str(caught.value)
    assert "openvidu-enterprise repair node-2" in str(caught.value)
    assert 120 <= context.clock.passed < 130
    assert not context.done


UNREACHABLE = Unreachable("no route to host")


@pytest.mark.parametrize(
    ("health", "machine", "found"),
    [
        (UNREACHABLE, RUNS_THERE, Found.RUNS),
        (Silent(), RUNS_THERE, Found.RUNS),
        (UNREACHABLE, (Word.STOPPED, "its machine says: no container runs"), Found.STOPPED),
    ],
)
def test_a_node_that_has_not_joined_needs_what_its_machine_says(
    tmp_path: Path, health: Health, machine: tuple[Word, str], found: Found
) -> None:
    """A join that was cut after its address came in leaves it so, and it has calls."""
    context = scene(tmp_path, [([OTHER], health)])
    context.record(2, phase=Phase.STARTING)
    context.says(machine=machine)
    assert prepare(NODE, replace(RUN, asks=True), context.context) is found


def test_a_node_that_has_not_joined_and_that_nobody_sees_is_asked_about_and_not_started(
    tmp_path: Path,
) -> None:
    context = scene(tmp_path, [([OTHER], UNREACHABLE)])
    context.record(2, phase=Phase.STARTING)
    assert prepare(NODE, replace(RUN, asks=True), context.context) is Found.DOUBT
    with pytest.raises(MembershipError, match="still waiting for a sign of it"):
        ask(context, machine=(Word.UNKNOWN, "SSH to it from here: no answer"))
    assert not context.done


def test_a_new_node_whose_port_refuses_is_started_at_once(tmp_path: Path) -> None:
    context = scene(tmp_path, [(Unknown("GET answered 502"), Silent())])
    context.record(2, phase=Phase.STARTING)
    assert prepare(NODE, RUN, context.context) is Found.STOPPED
    assert context.clock.passed == 0


WAY = Way("203.0.113.7", "ssh-ed25519 AAAA", "arn:aws:ec2:eu-west-1:1:instance/i-2")
OTHER_WAY = Way("203.0.113.8", "ssh-ed25519 BBBB")


@pytest.mark.parametrize(
    ("known", "way"),
    [(None, WAY), (Way(), WAY), (OTHER_WAY, OTHER_WAY)],
    ids=["no", "way", "other"],
)
def test_a_base_that_knows_no_way_to_a_node_learns_it_from_the_run(
    tmp_path: Path, known: Way | None, way: Way
) -> None:
    """As one that was made anew does, or whose record was lost."""
    context = scene(tmp_path, [])
    if known is None:
        context.registry.change(NODE.ip, lambda _: None)
    else:
        context.record(2, way=known)
    assert claim(replace(NODE, way=WAY), RUN, context.context).way == way


HOST_WAY = Way("203.0.113.7", "ssh-ed25519 AAAA")


@pytest.mark.parametrize(
    ("before", "now", "phase"),
    [
        (HOST_WAY, replace(HOST_WAY, host="203.0.113.9"), Phase.SERVING),
        (HOST_WAY, replace(HOST_WAY, host_key="ssh-ed25519 BBBB"), Phase.STARTING),
        (WAY, replace(WAY, instance="arn:aws:ec2:eu-west-1:1:instance/i-new"), Phase.STARTING),
        (Way(), Way(), Phase.STARTING),
    ],
    ids=["the same host", "another host key", "instances of one image", "no host key"],
)
def test_a_host_that_has_its_host_key_still_is_the_same_whatever_it_was_called(
    tmp_path: Path, before: Way, now: Way, phase: Phase
) -> None:
    """An earlier release called it by the id of a resource, which another state doesn't know."""
    context = scene(tmp_path, [])
    context.record(2, way=before)
    announce(replace(NODE, identity="10.5.0.7 SHA256:AAAA"), now, context.context)
    record = context.registry.get(NODE.ip)
    assert record
    assert (record.identity, record.way, record.phase) == ("10.5.0.7 SHA256:AAAA", now, phase)
