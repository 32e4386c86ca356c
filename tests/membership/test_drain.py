"""The drain, against worlds that are told what to show."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from threading import Barrier, Event

import pytest

from membership import drain as drain_module
from membership.answers import Answers, Call, Health, Refused, Silent, Unknown, Unreachable
from membership.clock import Elapsed
from membership.context import Context, Run
from membership.doubt import declare_dead, doubts
from membership.drain import Outcome, abort, drain, remove
from membership.drain_queue import leave_for_good
from membership.errors import MembershipError
from membership.join import announce
from membership.ownership import claim
from membership.policy import Policy
from membership.registry import DEAD_SECONDS, TESTIMONY_SECONDS, Node, Phase, Record, Way
from membership.witnesses import Word
from tests.membership.worlds import BUSY, IDLE, NODE, OTHER, RUN, Listed, Scene, VirtualClock, scene

Looks = list[tuple[Listed, Health]]
NOBODY = Unknown("GET … answered 502")
SHORT = Policy(limit=timedelta(minutes=20))
"""Soon over, for waits that last until the limit."""


def run(scene: Scene) -> Outcome:
    """What the script does: drain, then take the address out."""
    outcome = drain(NODE, RUN, scene.context)
    remove(NODE, RUN, scene.context)
    return outcome


def test_the_address_leaves_after_the_node_has_left(tmp_path: Path) -> None:
    looks: Looks = [([BUSY, OTHER], Answers(200))] * 5 + [([OTHER], Silent())] * 3
    context = scene(tmp_path, looks)
    assert run(context) is Outcome.LEFT
    assert context.done == ["PATCH media_2", "remove 10.5.0.7"]


def test_one_look_is_never_enough(tmp_path: Path) -> None:
    looks: Looks = [
        ([OTHER], Silent()),
        ([OTHER], Silent()),
        *[([BUSY, OTHER], Answers(200))] * 50,
        *[([OTHER], Silent())] * 3,
    ]
    context = scene(tmp_path, looks)
    run(context)
    assert context.clock.passed > 50 * drain_module.POLL_SECONDS


@pytest.mark.parametrize(
    "look",
    [
        (Unknown("GET … answered 500"), Silent()),
        (Unknown("time-out"), Answers(200)),
        ([OTHER], Answers(200)),
        ([OTHER], Unknown("read time-out")),
        ([OTHER], Unreachable("no route to host")),
        ([BUSY, OTHER], Unreachable("no answer")),
        ([BUSY, OTHER], Silent()),
    ],
)
def test_doubt_keeps_the_machine(tmp_path: Path, look: tuple[Listed, Health]) -> None:
    context = scene(tmp_path, [look])
    context.policy = SHORT
    with pytest.raises(MembershipError, match="The machine stays"):
        run(context)
    assert "remove 10.5.0.7" not in context.done


def test_no_call_for_a_moment_is_not_idle(tmp_path: Path) -> None:
    looks: Looks = [([IDLE, OTHER], Answers(200))] + [([BUSY, OTHER], Answers(200))] * 9
    context = scene(tmp_path, looks)
    context.policy = SHORT
    with pytest.raises(MembershipError, match="still waiting for 2 calls"):
        run(context)


@pytest.mark.parametrize("status", [400, 401, 403, 405, 501])
def test_a_refusal_stops_at_once(tmp_path: Path, status: int) -> None:
    context = scene(tmp_path, [([BUSY, OTHER], Answers(200))])
    context.cluster.answer_to_patch = Refused(status, "no")
    with pytest.raises(MembershipError, match=str(status)):
        run(context)
    assert context.clock.passed == 0


@pytest.mark.parametrize("status", [400, 405, 501])
def test_a_drain_that_is_refused_goes_on_once_the_node_was_stopped(
    tmp_path: Path, status: int
) -> None:
    context = scene(tmp_path, [([BUSY, OTHER], Answers(200)), ([OTHER], Silent())])
    # No limit is reached: this drain didn't begin.
    context.policy = Policy(force=True)
    context.cluster.answer_to_patch = Refused(status, "no")
    with pytest.raises(MembershipError) as caught:
        run(context)
    happened, meaning, command = str(caught.value).splitlines()
    assert happened == f"node-2: stopping new sessions: the API answers {status}: no"
    assert "on-premises/#node-management" in meaning
    stop = "cd /opt/openvidu && sudo ./openvidu stop"
    for choice in ("openvidu-enterprise status", stop, "pulumi up", "drainWithoutApi true"):
        assert choice in command
    assert run(context) is Outcome.LEFT
    assert context.done == ["PATCH media_2", "remove 10.5.0.7"]


def without_api(folder: Path, looks: Looks) -> Scene:
    """A cluster whose API refuses to drain, and an operator who has said that this may be."""
    made = scene(folder, looks)
    made.cluster.answer_to_patch = Refused(405, "no")
    made.policy = Policy(without_api=True)
    return made


def test_without_the_api_a_node_is_stopped_in_a_moment_without_calls(tmp_path: Path) -> None:
    looks: Looks = [*[([BUSY, OTHER], Answers(200))] * 9, ([IDLE, OTHER], Answers(200))]
    context = without_api(tmp_path, looks)
    assert drain(NODE, RUN, context.context) is Outcome.STOP
    assert context.done == ["PATCH media_2", "remove 10.5.0.7"]
    assert context.clock.passed > 9 * drain_module.POLL_SECONDS
    # Once it was stopped, it goes as any other.
    context.cluster.answer_to_patch = None
    stopped = scene(tmp_path, [([OTHER], Silent())])
    assert run(stopped) is Outcome.LEFT


def test_without_the_api_one_look_without_calls_is_not_enough(tmp_path: Path) -> None:
    quiet: Looks = [([IDLE, OTHER], Answers(200))] * (drain_module.IDLE_LOOKS - 1)
    context = without_api(tmp_path, [*quiet, ([BUSY, OTHER], Answers(200))])
    context.policy = replace(SHORT, without_api=True)
    with pytest.raises(MembershipError, match="It still takes new sessions") as caught:
        drain(NODE, RUN, context.context)
    assert "remove 10.5.0.7" not in context.done
    # The calls that it has by then haven't been waited for.
    assert "or cut them after as long again: pulumi config set" in str(caught.value)
    context.policy = replace(context.policy, force=True)
    began = context.clock.passed
    assert drain(NODE, Run("later"), context.context) is Outcome.GONE
    assert context.clock.passed - began > SHORT.limit.total_seconds()


def test_a_run_stops_no_other_node_than_its_own(tmp_path: Path) -> None:
    """One whose stop failed is wanted again by now, or is stopped by its own run."""
    context = without_api(tmp_path, [([IDLE, OTHER], Answers(200))])
    assert drain(NODE, RUN, context.context) is Outcome.STOP
    assert [one["ip"] for one in doubts(NODE.ip, context.context)["stops"]] == [NODE.ip]
    assert not doubts("10.5.0.6", context.context)["stops"]


def test_a_call_that_begins_in_the_last_moment_has_the_node_listed_again(tmp_path: Path) -> None:
    quiet: Looks = [([IDLE, OTHER], Answers(200))] * drain_module.IDLE_LOOKS
    context = without_api(tmp_path, [*quiet, ([BUSY, OTHER], Answers(200))])
    context.policy = replace(SHORT, without_api=True)
    with pytest.raises(MembershipError, match="still waiting for 2 calls"):
        drain(NODE, RUN, context.context)
    assert context.done == ["PATCH media_2", "remove 10.5.0.7", "add 10.5.0.7"]


def last_without_api(folder: Path, looks: Looks) -> Scene:
    """The same, where the base's load balancer leads to the API by this node alone."""
    made = scene(folder, looks, others=())
    made.cluster.answer_to_patch = Refused(405, "no")
    made.policy = replace(SHORT, without_api=True, last_node=True)
    return made


def test_a_last_node_is_stopped_though_nobody_leads_to_the_api_without_it(tmp_path: Path) -> None:
    quiet: Looks = [([IDLE], Answers(200))] * drain_module.IDLE_LOOKS
    context = last_without_api(tmp_path, [*quiet, (NOBODY, Answers(200))])
    assert drain(NODE, RUN, context.context) is Outcome.STOP
    assert context.done == ["PATCH media_2", "remove 10.5.0.7"]


def test_a_last_node_that_got_a_call_is_listed_again_to_be_asked(tmp_path: Path) -> None:
    context = last_without_api(tmp_path, [(NOBODY, Answers(200)), ([BUSY], Answers(200))])
    context.load_balancer.node_ips = ()
    with pytest.raises(MembershipError, match="still waiting for 2 calls"):
        drain(NODE, RUN, context.context)
    assert context.done == ["add 10.5.0.7", "PATCH media_2"]


def test_on_a_base_whose_list_is_empty_yet_a_node_is_listed_to_be_asked(tmp_path: Path) -> None:
    """As where it was made anew, and the update that did so was killed."""
    context = scene(tmp_path, [(NOBODY, Answers(200)), ([BUSY], Answers(200))], others=())
    context.policy = replace(SHORT, last_node=True)
    context.load_balancer.node_ips = ()
    with pytest.raises(MembershipError, match="still waiting for 2 calls"):
        drain(NODE, RUN, context.context)
    assert context.done == ["add 10.5.0.7", "PATCH media_2"]


def test_on_a_base_that_was_made_anew_all_nodes_may_go(tmp_path: Path) -> None:
    """It knows no more of them than that they leave; nobody has joined there."""
    context = scene(tmp_path, [([BUSY, OTHER], Answers(200))] * 3 + [([OTHER], Silent())] * 9)
    for one in context.registry.all():
        context.registry.change(one.ip, lambda _: None)
        leave_for_good(Node(one.name, one.ip, one.identity), context.context)
    # The other drains already.
    context.cluster.others_health = Silent()
    assert run(context) is Outcome.LEFT
    assert context.done == ["PATCH media_2", "remove 10.5.0.7"]


def test_a_wrong_login_is_refused_without_the_api_too(tmp_path: Path) -> None:
    context = without_api(tmp_path, [([BUSY, OTHER], Answers(200))])
    context.cluster.answer_to_patch = Refused(401, "no")
    with pytest.raises(MembershipError, match="401"):
        drain(NODE, RUN, context.context)


def test_a_patch_that_fails_is_sent_again(tmp_path: Path) -> None:
    context = scene(tmp_path, [([BUSY, OTHER], Answers(200))])
    context.policy = SHORT
    context.cluster.answer_to_patch = Unknown("PATCH … answered 500")
    with pytest.raises(MembershipError, match="still waiting"):
        run(context)
    assert context.done.count("PATCH media_2") > 100


def test_an_api_without_answer_is_asked_less_and_less_often(tmp_path: Path) -> None:
    context = scene(tmp_path, [(Unknown("GET … answered 503"), Answers(200))])
    context.policy = SHORT
    pauses: list[float] = []
    sleep = context.clock.sleep
    context.clock.sleep = lambda seconds: pauses.append(seconds) or sleep(seconds)  # type: ignore[func-returns-value,method-assign]
    with pytest.raises(MembershipError):
        run(context)
    assert pauses[0] < pauses[1] < pauses[2] <= pauses[-1] == drain_module.LONGEST_POLL_SECONDS


UNSEEN: Looks = [*[([BUSY, OTHER], Answers(200))] * 3, ([OTHER], Unreachable("no route to host"))]
SAYS_DEAD = {"aws": (Word.STOPPED, "AWS says that i-2 is terminated")}


def ask(scene: Scene, **words: tuple[Word, str]) -> Outcome:
    """What the script does while the base is in doubt: ask the others, and go on."""
    run = replace(RUN, asks=True)
    while (outcome := drain(NODE, run, scene.context)) is Outcome.DOUBT:
        scene.says(**words)
    return outcome


def test_a_node_that_is_not_seen_is_asked_for_elsewhere(tmp_path: Path) -> None:
    context = scene(tmp_path, UNSEEN)
    assert drain(NODE, replace(RUN, asks=True), context.context) is Outcome.DOUBT
    assert context.clock.passed < 30
    assert context.done == ["PATCH media_2"]


def test_a_node_that_is_dead_is_let_go_at_once_with_its_calls_named(tmp_path: Path) -> None:
    context = scene(tmp_path, UNSEEN)
    assert ask(context, **SAYS_DEAD) is Outcome.GONE
    assert context.clock.passed < 30
    (told,) = [said for said in context.said if "dead" in said]
    assert told.startswith("node-2: the node is dead, and with it 2 calls (call-1, call-2)")
    assert "AWS says that i-2 is terminated" in told


def test_one_lost_call_is_one_call(tmp_path: Path) -> None:
    talks = replace(BUSY, sessions=("call-1",))
    context = scene(tmp_path, [([talks, OTHER], Answers(200)), UNSEEN[-1]])
    ask(context, **SAYS_DEAD)
    assert any("with it 1 call (call-1)" in said for said in context.said)


def test_a_machine_that_says_that_nothing_runs_is_asked_for_its_recordings(tmp_path: Path) -> None:
    context = scene(tmp_path, UNSEEN)
    assert (
        ask(context, machine=(Word.STOPPED, "its machine says that nothing runs")) is Outcome.LEFT
    )


@pytest.mark.parametrize("who", ["machine", "peers"])
def test_a_node_that_others_see_is_waited_for_and_told_of(tmp_path: Path, who: str) -> None:
    context = scene(tmp_path, UNSEEN)
    context.policy = SHORT
    with pytest.raises(MembershipError, match="The machine stays") as caught:
        ask(
            context, **{who: (Word.RUNS, "SSH from here: it runs")}, aws=(Word.RUNS, "AWS: running")
        )
    seen = "(from here no way to port 4443: no route to host; the cluster doesn't list it; "
    assert f"waiting for the node to stop {seen}SSH from here: it runs; AWS: running)" in str(
        caught.value
    )
    assert not any("dead" in said or "died" in said for said in context.said)


def test_a_node_of_which_nobody_knows_is_waited_for_until_the_limit(tmp_path: Path) -> None:
    context = scene(tmp_path, UNSEEN)
    context.policy = SHORT
    with pytest.raises(MembershipError, match="still waiting for a sign of it") as caught:
        ask(context, machine=(Word.UNKNOWN, "its machine gives no answer over SSH"))
    assert "its machine gives no answer over SSH" in str(caught.value)
    assert "openvidu-enterprise retire node-2 --dead" in str(caught.value)
    assert context.clock.passed > SHORT.limit.total_seconds()


def test_a_node_that_the_operator_says_is_dead_is_let_go(tmp_path: Path) -> None:
    context = scene(tmp_path, UNSEEN)
    assert drain(NODE, replace(RUN, asks=True), context.context) is Outcome.DOUBT
    declare_dead(NODE, "ann", context.context)
    assert drain(NODE, RUN, context.context) is Outcome.GONE
    assert any("ann says that it's dead" in said for said in context.said)


def test_a_node_that_answers_is_not_dead(tmp_path: Path) -> None:
    context = scene(tmp_path, [([BUSY, OTHER], Answers(200))])
    context.context.cluster.media_nodes()
    with pytest.raises(MembershipError, match="it answers"):
        declare_dead(NODE, "ann", context.context)


def test_what_was_said_long_ago_is_asked_again(tmp_path: Path) -> None:
    context = scene(tmp_path, UNSEEN)
    context.says(machine=(Word.STOPPED, "nothing runs"))
    context.clock.passed += TESTIMONY_SECONDS + 1
    assert drain(NODE, replace(RUN, asks=True), context.context) is Outcome.DOUBT


def test_what_was_said_of_another_machine_is_nothing(tmp_path: Path) -> None:
    context = scene(tmp_path, UNSEEN)
    context.record(2, identity="i-3")
    context.says(machine=(Word.STOPPED, "nothing runs"))
    other = Node(NODE.name, NODE.ip, "i-3")
    assert drain(other, replace(RUN, asks=True), context.context) is Outcome.DOUBT


def test_a_node_that_leaves_as_it_should_is_not_reported_dead(tmp_path: Path) -> None:
    context = scene(tmp_path, [*[([BUSY, OTHER], Answers(200))] * 3, ([OTHER], Silent())])
    assert run(context) is Outcome.LEFT
    assert not any("died" in said for said in context.said)


def test_the_last_node_leaves_when_nobody_is_left_to_ask(tmp_path: Path) -> None:
    looks: Looks = [([BUSY], Answers(200))] * 3 + [(NOBODY, Silent())]
    context = scene(tmp_path, looks, others=())
    leave_for_good(NODE, context.context)
    run(context)
    assert context.done == ["PATCH media_2", "remove 10.5.0.7"]


def test_a_node_that_has_left_is_confirmed_however_little_time_is_left(tmp_path: Path) -> None:
    looks: Looks = [([BUSY], Answers(200))] * 3 + [(NOBODY, Silent())]
    context = scene(tmp_path, looks, others=())
    context.policy = Policy(limit=timedelta(seconds=10), force=True)
    leave_for_good(NODE, context.context)
    assert run(context) is Outcome.LEFT
    assert not any("cutting" in said for said in context.said)


def test_nodes_that_leave_together_do_not_wait_for_one_another(tmp_path: Path) -> None:
    looks: Looks = [([BUSY], Answers(200))] * 3 + [(NOBODY, Silent())]
    context = scene(tmp_path, looks)
    context.record(1, leaving=True)
    context.record(2, leaving=True)
    context.cluster.others_health = Silent()
    run(context)
    assert context.done == ["PATCH media_2", "remove 10.5.0.7"]


def test_the_last_serving_node_is_refused(tmp_path: Path) -> None:
    context = scene(tmp_path, [([BUSY], Answers(200))])
    context.record(2, leaving=True)
    context.cluster.others_health = Silent()
    with pytest.raises(MembershipError, match=r"last node that serves \(node-1: out of service\)"):
        run(context)
    assert not context.done


def test_a_node_in_a_state_that_nobody_knows_may_be_the_last_that_serves(tmp_path: Path) -> None:
    context = scene(tmp_path, [([replace(BUSY, status="x")], Answers(200))])
    context.record(2, leaving=True)
    context.cluster.others_health = Silent()
    with pytest.raises(MembershipError, match="last node that serves"):
        run(context)
    assert not context.done


def test_the_last_serving_node_leaves_when_the_user_says_so(tmp_path: Path) -> None:
    looks: Looks = [([BUSY], Answers(200))] * 3 + [(NOBODY, Silent())]
    context = scene(tmp_path, looks, others=())
    with pytest.raises(MembershipError, match="drainLastNode"):
        run(context)
    context.policy = Policy(last_node=True)
    run(context)
    assert context.done == ["PATCH media_2", "remove 10.5.0.7"]


def test_a_replaced_node_waits_until_the_one_before_serves_again(tmp_path: Path) -> None:
    looks: Looks = [([BUSY, OTHER], Answers(200))] * 50 + [([OTHER], Silent())] * 3
    context = scene(tmp_path, looks, others=(1, 3))
    context.record(3, phase=Phase.LEFT)
    sleep = context.clock.sleep

    def node_3_comes_back(seconds: float) -> None:
        sleep(seconds)
        if context.clock.passed >= 60:
            context.record(3)
        else:
            assert not context.done

    context.clock.sleep = node_3_comes_back  # type: ignore[method-assign]
    run(context)
    assert context.done == ["PATCH media_2", "remove 10.5.0.7"]
    assert any("its turn: node-3 must serve first: maxUnavailable is 1" in s for s in context.said)


def test_nodes_that_leave_for_good_do_not_wait_for_their_turn(tmp_path: Path) -> None:
    looks: Looks = [([BUSY, OTHER], Answers(200))] * 5 + [([OTHER], Silent())] * 3
    context = scene(tmp_path, looks, others=(1, 3))
    context.record(3, phase=Phase.DRAINING, leaving=True)
    context.record(2, leaving=True)
    run(context)
    assert context.clock.passed < 60


def test_a_drain_of_a_machine_whose_address_another_has_does_nothing_to_that(
    tmp_path: Path,
) -> None:
    context = scene(tmp_path, [([BUSY, OTHER], Answers(200))])
    announce(Node(NODE.name, NODE.ip, "i-new"), Way(), context.context)
    assert run(context) is Outcome.GONE
    assert context.done == ["remove 10.5.0.7"]
    assert context.clock.passed == 0


def test_the_address_stays_for_a_new_machine_that_has_joined(tmp_path: Path) -> None:
    context = scene(tmp_path, [([BUSY, OTHER], Answers(200))])
    context.record(2, identity="i-new")
    run(context)
    assert not context.done


def test_of_two_runs_the_newer_goes_on(tmp_path: Path) -> None:
    context = scene(tmp_path, [([BUSY, OTHER], Answers(200))])
    sleep = context.clock.sleep

    def another_run(seconds: float) -> None:
        sleep(seconds)
        claim(NODE, Run("newer"), context.context)

    context.clock.sleep = another_run  # type: ignore[method-assign]
    with pytest.raises(MembershipError, match="a newer run works on it: newer"):
        run(context)
    with pytest.raises(MembershipError, match="a newer run works on it: newer"):
        drain(NODE, RUN, context.context)
    with pytest.raises(MembershipError, match="a newer run works on it: newer"):
        remove(NODE, RUN, context.context)
    assert context.done == ["PATCH media_2"]


def test_a_call_that_never_ends_meets_the_limit(tmp_path: Path) -> None:
    context = scene(tmp_path, [([BUSY, OTHER], Answers(200))])
    context.cluster.own_calls = [
        Call("call-1", BUSY.id, 3, context.clock.now() - 3600),
        Call("call-2", BUSY.id, 2, context.clock.now()),
        Call("elsewhere", OTHER.id, 9, 0),
    ]
    with pytest.raises(MembershipError) as caught:
        run(context)
    message = str(caught.value)
    assert "2 calls with 5 participants, the oldest 7:00:0" in message
    assert "after 6:00:00" in message
    for choice in (
        "pulumi up",
        "forceAfterDrainTimeout true",
        "openvidu-enterprise abort-drain node-2",
    ):
        assert choice in message
    assert context.done == ["PATCH media_2"]


def test_force_takes_it_out_and_says_what_it_cuts(tmp_path: Path) -> None:
    context = scene(tmp_path, [([BUSY, OTHER], Answers(200))])
    context.policy = Policy(force=True)
    context.cluster.own_calls = [Call(name, BUSY.id, 1, 0) for name in BUSY.sessions]
    assert run(context) is Outcome.GONE
    assert any("cutting 2 calls" in said and "(call-1, call-2)" in said for said in context.said)
    assert context.done == ["PATCH media_2", "remove 10.5.0.7"]


class Cut(Exception):  # noqa: N818 - a lost connection is no error of the drain's
    """The run is over: its connection is lost, or its machine reboots."""


def cut_after(seconds: float, context: Scene) -> None:
    """Drain until then, and no longer."""

    def sleep(pause: float) -> None:
        VirtualClock.sleep(context.clock, pause)
        if context.clock.passed > seconds:
            raise Cut

    context.clock.sleep = sleep  # type: ignore[method-assign]
    with pytest.raises(Cut):
        run(context)
    context.clock.sleep = partial(VirtualClock.sleep, context.clock)  # type: ignore[method-assign]


def test_the_base_keeps_how_long_is_waited_over_runs_and_lost_connections(tmp_path: Path) -> None:
    context = scene(tmp_path, [([BUSY, OTHER], Answers(200))])
    cut_after(Policy().limit.total_seconds() - 60, context)
    with pytest.raises(MembershipError, match="still waiting"):
        drain(NODE, Run("the same update, connected again"), context.context)
    assert context.clock.passed < Policy().limit.total_seconds() + 60


@pytest.mark.parametrize("step", [3600.0, -3600.0])
def test_a_step_of_the_time_of_day_changes_no_limit(tmp_path: Path, step: float) -> None:
    context = scene(tmp_path, [([BUSY, OTHER], Answers(200))])
    context.policy = Policy(limit=timedelta(minutes=30), force=True)
    sleep = context.clock.sleep

    def stepping(seconds: float) -> None:
        sleep(seconds)
        context.clock.stepped = step if context.clock.passed > 20 else 0.0

    context.clock.sleep = stepping  # type: ignore[method-assign]
    assert run(context) is Outcome.GONE
    assert 1800 < context.clock.passed < 1860
    assert not any("-1 day" in said for said in context.said)


@pytest.mark.parametrize("up", [0, 5000], ids=["at once", "later"])
def test_a_reboot_of_the_base_ends_no_wait_early(tmp_path: Path, up: float) -> None:
    context = scene(tmp_path, [([BUSY, OTHER], Answers(200))])
    context.policy = Policy(limit=timedelta(minutes=30), force=True)
    cut_after(600, context)
    context.clock.reboot(seconds=3600)
    context.clock.sleep(up)
    assert run(context) is Outcome.GONE
    # What the base was away, and ran without the update, isn't known to have been waited.
    assert 1800 <= context.clock.passed - 3600 - up < 1860


def test_after_the_limit_the_next_run_waits_as_long_again_or_cuts_at_once(tmp_path: Path) -> None:
    context = scene(tmp_path, [([BUSY, OTHER], Answers(200))])
    for times in (1, 2):
        with pytest.raises(MembershipError, match="still waiting"):
            run(context)
        assert context.clock.passed > times * Policy().limit.total_seconds()
    before = context.clock.passed
    context.policy = Policy(force=True)
    assert run(context) is Outcome.GONE
    assert context.clock.passed == before


def test_progress_tells_calls_time_and_limit(tmp_path: Path) -> None:
    looks: Looks = [([BUSY, OTHER], Answers(200))] * 6 + [([OTHER], Silent())] * 3
    context = scene(tmp_path, looks)
    run(context)
    assert "node-2: waiting for 2 calls, 0:00:10 of 6:00:00" in context.said


def test_a_node_that_left_for_good_is_forgotten_and_a_replaced_one_is_not(tmp_path: Path) -> None:
    looks: Looks = [([OTHER], Silent())]
    context = scene(tmp_path, looks)
    run(context)
    record = context.registry.get(NODE.ip)
    assert record
    assert (record.phase, record.generation) == (Phase.LEFT, 1)
    leave_for_good(NODE, context.context)
    run(context)
    assert context.registry.get(NODE.ip) is None


def test_a_run_that_was_taken_over_meanwhile_leaves_the_record_to_the_newer_one(
    tmp_path: Path,
) -> None:
    looks: Looks = [([OTHER], Silent())]
    context = scene(tmp_path, looks)
    context.record(2, phase=Phase.LEFT, leaving=True, run=RUN.id)
    newer = Run("newer")
    take_out = context.load_balancer.remove

    def meanwhile(ip: str, *, purpose: str, may: Callable[[], bool]) -> bool:
        done = take_out(ip, purpose=purpose, may=may)
        claim(NODE, newer, context.context)
        return done

    context.load_balancer.remove = meanwhile  # type: ignore[method-assign]
    remove(NODE, RUN, context.context)
    context.load_balancer.remove = take_out  # type: ignore[method-assign]
    assert drain(NODE, newer, context.context) is Outcome.LEFT
    remove(NODE, newer, context.context)
    assert context.registry.get(NODE.ip) is None


@pytest.mark.parametrize("later", [(), ("join by ann on desk",)], ids=["aborted", "joining"])
def test_an_aborted_drain_says_so_and_its_node_can_join(
    tmp_path: Path, later: tuple[str, ...]
) -> None:
    context = scene(tmp_path, [([BUSY, OTHER], Answers(200))])

    class Interrupting(VirtualClock):
        def sleep(self, seconds: float) -> None:
            super().sleep(seconds)
            abort(NODE, Run("abort by ann on desk since noon"), context.context)
            for run in later:
                claim(NODE, Run(run), context.context)

    context.clock = Interrupting()
    with pytest.raises(MembershipError) as caught:
        drain(NODE, RUN, context.context)
    happened, meaning, command = str(caught.value).splitlines()
    assert happened == "node-2: its drain was aborted: by ann on desk since noon"
    assert "The node stays" in meaning
    assert "once abort_drain is done: pulumi preview, then: pulumi up" in command
    assert context.done == ["PATCH media_2"]


def test_a_drain_that_begins_after_another_was_aborted_is_not_called_aborted(
    tmp_path: Path,
) -> None:
    context = scene(tmp_path, [([BUSY, OTHER], Answers(200))])
    for run in ("abort by ann", RUN.id, "newer"):
        claim(NODE, Run(run), context.context)
    with pytest.raises(MembershipError, match="a newer run works on it: newer"):
        drain(NODE, RUN, context.context)


CHOICES = (
    "node-2: Ctrl-C ends only this update: no call is cut, and the same command, up or "
    "destroy, continues. To keep node-2: uv run openvidu-enterprise abort-drain node-2"
)


def test_what_can_be_typed_in_a_drain_is_said_once_a_run_before_the_wait(tmp_path: Path) -> None:
    context = scene(tmp_path, [([BUSY, OTHER], Answers(200))])
    context.policy = SHORT
    for run in (RUN, RUN, Run("the next update")):
        with pytest.raises(MembershipError, match="still waiting"):
            drain(NODE, run, context.context)
    first = next(said for said in context.said if "waiting for" in said)
    assert context.said.index(CHOICES) < context.said.index(first)
    assert context.said.count(CHOICES) == 2


def test_a_node_that_stops_in_a_moment_is_waited_for_without_words(tmp_path: Path) -> None:
    context = scene(tmp_path, [([IDLE, OTHER], Answers(200))] * 2 + [([OTHER], Silent())])
    context.cluster.waiting = True
    run(context)
    assert CHOICES not in context.said


def test_a_node_that_has_left_for_good_is_not_called_back(tmp_path: Path) -> None:
    context = scene(tmp_path, [([OTHER], Silent())])
    leave_for_good(NODE, context.context)
    run(context)
    with pytest.raises(MembershipError, match="it has left, and its machine, i-2, goes"):
        abort(NODE, Run("the operator's"), context.context)
    assert context.registry.get(NODE.ip) is None


def test_a_node_that_is_replaced_is_not_called_back_once_it_is_out(tmp_path: Path) -> None:
    context = scene(tmp_path, [([OTHER], Silent())])
    assert drain(NODE, RUN, context.context) is Outcome.LEFT
    remove(NODE, RUN, context.context)
    before = context.registry.get(NODE.ip)
    assert before
    assert before.phase is Phase.LEFT
    with pytest.raises(MembershipError, match="it has left, and its machine, i-2, goes") as caught:
        abort(NODE, Run("the operator's"), context.context)
    assert context.registry.get(NODE.ip) == before
    assert "set a higher nodeCount" not in str(caught.value)


def test_a_node_that_has_left_and_is_not_out_yet_can_be_called_back(tmp_path: Path) -> None:
    context = scene(tmp_path, [([OTHER], Silent())])
    assert drain(NODE, RUN, context.context) is Outcome.LEFT
    abort(NODE, Run("abort by ann"), context.context)
    with pytest.raises(MembershipError, match="its drain was aborted: by ann"):
        remove(NODE, RUN, context.context)
    assert NODE.ip in context.load_balancer.node_ips


def test_a_node_that_is_taken_out_as_its_drain_is_aborted_is_not_called_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = scene(tmp_path, [([OTHER], Silent())])
    assert drain(NODE, RUN, context.context) is Outcome.LEFT

    def first_removed(node: Node, run: Run, of: Context) -> Record:
        remove(node, RUN, of)
        return claim(node, run, of)

    monkeypatch.setattr("membership.drain.claim", first_removed)
    with pytest.raises(MembershipError, match="it has left, and its machine, i-2, goes"):
        abort(NODE, Run("the operator's"), context.context)


def test_an_answer_takes_back_that_a_node_is_dead(tmp_path: Path) -> None:
    """It was unseen when the operator said so; a moment of silence later doesn't count for that."""
    unseen, back = ([BUSY, OTHER], Unreachable("no route to host")), ([BUSY, OTHER], Answers(200))
    context = scene(tmp_path, [back, unseen])
    context.policy = SHORT
    context.registry.declare_dead(NODE, "the operator", context.clock)
    with pytest.raises(MembershipError, match="still waiting for a sign of it"):
        run(context)
    assert not any("dead" in said for said in context.said)


def test_a_container_that_is_started_again_has_not_left(tmp_path: Path) -> None:
    """For seconds its port refuses, and the cluster doesn't list it."""
    away = [([OTHER], Silent())] * 9
    context = scene(tmp_path, [([BUSY, OTHER], Answers(200)), *away, ([BUSY, OTHER], Answers(200))])
    context.policy = SHORT
    with pytest.raises(MembershipError, match="still waiting for"):
        run(context)
    assert not any("has left" in said for said in context.said)


DAY = 86_400.0


def ended_at_once() -> Event:
    """Has a run end after its first look."""
    event = Event()
    event.set()
    return event


@pytest.mark.parametrize("answer", [Refused(405, "no"), Unknown("no whole answer within 10 s")])
def test_a_drain_that_was_not_begun_takes_nothing_from_the_time_of_the_next(
    tmp_path: Path, answer: Refused | Unknown
) -> None:
    """Its node goes on serving; a day later it's drained, and its calls have all of their time."""
    context = scene(tmp_path, [([BUSY, OTHER], Answers(200))])
    context.policy, context.cluster.answer_to_patch = SHORT, answer
    with pytest.raises(MembershipError):
        run(context)
    context.clock.sleep(DAY)
    began = context.clock.passed
    context.policy = replace(SHORT, force=True, without_api=True)
    context.cluster.answer_to_patch = None
    later = Run("a day later")
    assert drain(NODE, later, context.context) is Outcome.GONE
    assert context.clock.passed - began > SHORT.limit.total_seconds()


@pytest.mark.parametrize("ended", ["refused", "killed"])
def test_a_first_look_that_says_nothing_gives_calls_no_less_time(
    tmp_path: Path, ended: str
) -> None:
    """What a run before had waited for, of a node that goes on serving, was no drain."""
    now_and_then: Looks = [(Unknown("GET answered 503"), Answers(200))]
    context = scene(tmp_path, [*now_and_then, ([BUSY, OTHER], Answers(200))])
    context.policy, context.cluster.answer_to_patch = SHORT, Refused(405, "no")
    if ended == "refused":
        with pytest.raises(MembershipError):
            run(context)
    else:
        drain(NODE, replace(RUN, ends=ended_at_once()), context.context)
    context.clock.sleep(DAY)
    began, context.policy = context.clock.passed, replace(SHORT, force=True, without_api=True)
    context.cluster.shows([*now_and_then, ([BUSY, OTHER], Answers(200))])
    assert drain(NODE, Run("a day later"), context.context) is Outcome.GONE
    assert context.clock.passed - began > SHORT.limit.total_seconds()


def test_a_node_that_serves_again_has_its_time_though_it_was_waited_for_before(
    tmp_path: Path,
) -> None:
    """Its drain met the limit; it was started anew by hand, and carries other calls."""
    context = scene(tmp_path, [([BUSY, OTHER], Answers(200))])
    context.policy = SHORT
    with pytest.raises(MembershipError, match="still waiting for 2 calls"):
        run(context)
    context.cluster.waiting, context.cluster.answer_to_patch = False, Unknown("GET answered 503")
    later = replace(RUN, id="later")
    with pytest.raises(MembershipError, match="still waiting for"):
        drain(NODE, later, context.context)
    began, context.policy = context.clock.passed, replace(SHORT, force=True)
    context.cluster.shows([(Unknown("GET answered 503"), Answers(200))])
    assert drain(NODE, Run("the last"), context.context) is Outcome.GONE
    assert context.clock.passed - began > SHORT.limit.total_seconds()


def test_others_are_asked_about_nodes_that_are_looked_at_all_at_once(tmp_path: Path) -> None:
    """What is said of them is fresh for a minute, and each look at one may take ten seconds."""
    numbers = range(2, 10)
    context = scene(tmp_path, [([OTHER], Silent())], (1, *numbers))
    together = Barrier(len(numbers) + 1, timeout=10)

    def health(ip: str) -> Health:
        together.wait()
        context.clock.passed += 1
        return Unreachable("the connection isn't taken in time")

    context.cluster.health = health  # type: ignore[method-assign]
    found = doubts(NODE.ip, context.context)
    assert len(found["nodes"]) == len(numbers) + 1
    assert found["asked"] == asdict(Elapsed.begin(context.clock))


def test_force_cuts_at_the_limit_that_is_set_by_then(tmp_path: Path) -> None:
    context = scene(tmp_path, [([BUSY, OTHER], Answers(200))])
    context.policy = SHORT
    with pytest.raises(MembershipError, match="still waiting for 2 calls"):
        run(context)
    longer = replace(SHORT, force=True, limit=SHORT.limit * 4)
    context.policy, began = longer, context.clock.passed
    assert drain(NODE, Run("the next"), context.context) is Outcome.GONE
    assert context.clock.passed - began > longer.limit.total_seconds()


RUNS = (Word.RUNS, "its machine says: 5 containers of OpenVidu, port 4443 closed, 2 calls")
REFUSED: Looks = [([BUSY, OTHER], Answers(200)), ([OTHER], Silent())]


@pytest.mark.parametrize("word", [RUNS, (Word.UNKNOWN, "SSH to it from here: timed out")])
def test_a_port_that_refuses_lets_no_node_go_unless_its_machine_says_so(
    tmp_path: Path, word: tuple[Word, str]
) -> None:
    """One service of it may have ended, or a firewall rejects: neither carries its calls."""
    context = scene(tmp_path, REFUSED)
    context.policy = SHORT
    with pytest.raises(MembershipError, match="still waiting"):
        ask(context, machine=word)
    assert "remove 10.5.0.7" not in context.done
    assert any(word[1] in said for said in context.said)


def test_a_port_that_refuses_is_believed_with_the_machines_word(tmp_path: Path) -> None:
    context = scene(tmp_path, REFUSED)
    assert (
        ask(context, machine=(Word.STOPPED, "its machine says that nothing runs")) is Outcome.LEFT
    )


@pytest.mark.parametrize("says", [True, False], ids=["old words", "no words"])
def test_who_is_asked_for_ever_in_vain_is_waited_for_to_the_limit(
    tmp_path: Path, says: bool
) -> None:
    context = scene(tmp_path, [UNSEEN[-1]])
    context.policy = SHORT

    def asks() -> None:
        while drain(NODE, replace(RUN, asks=True), context.context) is Outcome.DOUBT:
            if says:
                context.says(**SAYS_DEAD)
            context.clock.sleep(TESTIMONY_SECONDS + 1)
            assert context.clock.passed < 2 * SHORT.limit.total_seconds()

    with pytest.raises(MembershipError, match="still waiting for a sign of it"):
        asks()


def test_a_node_that_runs_again_keeps_its_machine(tmp_path: Path) -> None:
    """It has rebooted while its recordings were waited for, and is still led to."""
    looks: Looks = [([OTHER], Silent())] * 20
    context = scene(tmp_path, [*looks, ([BUSY, OTHER], Answers(200))])
    assert drain(NODE, RUN, context.context) is Outcome.LEFT
    for _ in looks:
        context.cluster.media_nodes()
    with pytest.raises(MembershipError, match="it runs again"):
        remove(NODE, RUN, context.context)
    assert context.done == []
    record = context.registry.get(NODE.ip)
    assert record
    assert record.phase is Phase.SERVING


def test_a_machine_that_goes_later_leaves_the_address_of_the_one_that_drains(
    tmp_path: Path,
) -> None:
    context = scene(tmp_path, [([BUSY, OTHER], Answers(200))])
    context.record(2, identity="i-new", phase=Phase.DRAINING)
    assert run(context) is Outcome.GONE
    assert context.done == []


def declared_dead(folder: Path) -> Scene:
    context = scene(folder, [UNSEEN[-1]])
    context.cluster.media_nodes()
    declare_dead(NODE, "ann", context.context)
    context.policy = SHORT
    return context


def test_whom_the_operator_calls_dead_is_asked_first(tmp_path: Path) -> None:
    context = declared_dead(tmp_path)
    assert ask(context, machine=(Word.UNKNOWN, "SSH to it from here: timed out")) is Outcome.GONE
    context = declared_dead(tmp_path / "another")
    with pytest.raises(MembershipError, match="still waiting"):
        ask(context, machine=RUNS)


def test_that_the_operator_calls_it_dead_counts_for_a_day(tmp_path: Path) -> None:
    context = declared_dead(tmp_path)
    context.clock.sleep(DEAD_SECONDS + 1)
    with pytest.raises(MembershipError, match="still waiting"):
        ask(context, machine=(Word.UNKNOWN, "SSH to it from here: timed out"))


def test_who_answers_is_dead_no_more_whoever_sees_it(tmp_path: Path) -> None:
    context = scene(tmp_path, [UNSEEN[-1], ([BUSY, OTHER], Answers(200)), UNSEEN[-1]])
    context.cluster.media_nodes()
    declare_dead(NODE, "ann", context.context)
    context.cluster.media_nodes()
    assert [one["name"] for one in doubts("", context.context)["nodes"]] == []
    context.cluster.media_nodes()
    assert not context.registry.testimony(NODE, context.clock)


def test_a_node_that_had_left_is_asked_about_where_the_run_is_about_it(tmp_path: Path) -> None:
    context = scene(tmp_path, [UNSEEN[-1]])
    context.cluster.media_nodes()
    context.record(2, phase=Phase.LEFT)
    assert [one["name"] for one in doubts(NODE.ip, context.context)["nodes"]] == ["node-2"]
    assert doubts("10.5.0.6", context.context)["nodes"] == []


def test_a_host_that_a_restored_state_has_another_name_for_is_the_same(tmp_path: Path) -> None:
    key = Way("203.0.113.7", "ssh-ed25519 AAAA")
    context = scene(tmp_path, [([BUSY, OTHER], Answers(200))])
    context.policy = SHORT
    context.record(2, identity="id-of-the-second-state", way=key)
    node = replace(NODE, identity="id-of-the-backup", way=key)
    with pytest.raises(MembershipError, match="still waiting for 2 calls"):
        drain(node, RUN, context.context)
