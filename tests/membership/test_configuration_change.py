"""A changed configuration reaches the cluster once, and cuts no call unless told to."""

from __future__ import annotations

import json
import threading
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from membership import configuration_change, earlier_secrets
from membership.answers import (
    Answers,
    Call,
    Health,
    MediaNode,
    Refused,
    Silent,
    Unconnected,
    Unknown,
    Unreachable,
)
from membership.bucket import BucketUnreadableError
from membership.clock import Elapsed
from membership.configuration_change import (
    MASTER_SILENT_SECONDS,
    Files,
    changes,
    configure,
    drift,
    quiet,
    rotate,
)
from membership.confirmation import SECONDS
from membership.context import Context, Run
from membership.doubt import doubts
from membership.drain import Outcome
from membership.errors import MembershipError
from membership.joining import JOINING_SECONDS, Joining
from membership.policy import Policy
from membership.registry import TESTIMONY_SECONDS, Node, Phase, Record, Way
from membership.witnesses import Statement, Witness, Word
from openvidu.api import RUNNING
from openvidu.environment import OPENVIDU_SECRET, REDIS_HOST
from tests.membership.worlds import RUN, Scene, VirtualClock, scene

OLD = {OPENVIDU_SECRET: "old", "OPENVIDU_RECORDING": "false", "FOREIGN": "stays"}
NODES = ("10.5.0.6", "10.5.0.7")


@dataclass
class RestartingCluster:
    """Calls that end at a time, and nodes that are away for a while after a restart."""

    clock: VirtualClock
    stored: dict[str, str]
    calls_end: float = 0.0
    forgotten_calls_end: float = 0.0
    secret: str = "old"
    away_seconds: float = 5.0
    up_at: float = 0.0
    served: bool = True
    dead: bool = False
    stopped: bool = False
    answer: Unknown | Refused | None = None
    gone: str = ""
    cut_off: str = ""
    nodes_say: RestartingCluster | None = None
    restarted: list[tuple[float, dict[str, object]]] = field(default_factory=list)
    asked_with: list[str] = field(default_factory=list)

    def with_secret(self, secret: str) -> RestartingCluster:
        self.asked_with.append(secret)
        return self

    def configuration(self) -> dict[str, str] | None:
        return dict(self.stored) or None

    def change(self, values: Mapping[str, str]) -> None:
        self.stored |= values

    def is_served(self) -> bool:
        return self.served

    def asked_last_at(self, ips: Iterable[str]) -> RestartingCluster:
        return self.nodes_say or self

    def calls(self) -> list[Call] | Unknown | Refused:
        return [Call("call", "media", 2, 0)] if self.clock.passed < self.calls_end else []

    def calls_at(self, ip: str) -> list[Call] | Unknown | Refused:
        """What a node's own server says, whose port is closed or lost as that of its health is."""
        health = self.health(ip)
        if not isinstance(health, Answers):
            return Unconnected(str(health))
        forgotten = self.clock.passed < self.forgotten_calls_end
        return [Call("forgotten", "media", 2, 0)] if forgotten else self.calls()

    def media_nodes(self) -> list[MediaNode]:
        seen = [ip for ip in NODES if ip not in (self.gone, self.cut_off)]
        return [MediaNode(f"media-{ip}", ip, RUNNING, ()) for ip in seen]

    def restart(self, changed: Mapping[str, object]) -> Unknown | Refused | None:
        if self.answer is None:
            self.restarted.append((self.clock.passed, dict(changed)))
            self.stored |= {
                name: value if isinstance(value, str) else json.dumps(value)
                for name, value in changed.items()
            }
        return self.answer

    def health(self, ip: str) -> Health:
        if ip == self.gone:
            return Silent()
        if ip == self.cut_off:
            return Unreachable("no route to host")
        if self.stopped:
            return Silent()
        if not self.restarted:
            return Unreachable("no route to host") if self.dead else Answers(200)
        began = self.restarted[-1][0]
        # The second node goes down later than the first.
        delay = 3.0 * NODES.index(ip)
        away = began + delay <= self.clock.passed < began + delay + self.away_seconds
        return Silent() if away else Answers(200)

    def lists(self, ip: str) -> bool:
        return True

    def is_up(self) -> bool:
        return self.clock.passed >= self.up_at


@dataclass
class Stage:
    scene: Scene
    cluster: RestartingCluster
    files: Files

    @property
    def context(self) -> Context:
        self.scene.cluster = self.cluster  # type: ignore[assignment]
        return self.scene.context

    def run(self, run: Run = RUN, leaving: Collection[str] = ()) -> None:
        configure(self.cluster, self.files, run, self.context, leaving)


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    made = scene(tmp_path, [])
    files = Files(tmp_path / "wanted", tmp_path / "set")
    files.wanted.write_text(f"{OPENVIDU_SECRET}=old\nOPENVIDU_RECORDING=true\n")
    return Stage(made, RestartingCluster(made.clock, dict(OLD)), files)


def test_what_differs_is_changed_once_and_nodes_are_waited_for(stage: Stage) -> None:
    stage.run()
    ((began, changed),) = stage.cluster.restarted
    assert (began, changed) == (6.0, {"OPENVIDU_RECORDING": "true"})
    # The second node was down last, from second 3 to second 8.
    assert stage.scene.clock.passed >= began + 8
    stage.run()
    assert len(stage.cluster.restarted) == 1
    assert stage.cluster.stored["FOREIGN"] == "stays"


def test_lists_are_sent_as_json_arrays_and_known_again_in_whatever_form(stage: Stage) -> None:
    text = stage.files.wanted.read_text()
    events = "OPENVIDU_WEBHOOK_EVENTS=[sessionCreated,broadcastStarted]\n"
    headers = 'OPENVIDU_WEBHOOK_HEADERS=["Authorization: Basic YTpi="]\n'
    stage.files.wanted.write_text(text + events + headers)
    stage.run()
    stage.run()
    ((_, sent),) = stage.cluster.restarted
    assert sent["OPENVIDU_WEBHOOK_EVENTS"] == ["sessionCreated", "broadcastStarted"]
    assert sent["OPENVIDU_WEBHOOK_HEADERS"] == ["Authorization: Basic YTpi="]
    stage.files.wanted.write_text(text)
    stage.run()
    assert stage.cluster.restarted[-1][1]["OPENVIDU_WEBHOOK_HEADERS"] == []


def test_nodes_that_have_restarted_before_are_waited_for_too(stage: Stage) -> None:
    stage.files.wanted.write_text(f"{OPENVIDU_SECRET}=old\n")
    stage.cluster.up_at = 30.0
    stage.run()
    assert not stage.cluster.restarted
    assert 30 <= stage.scene.clock.passed < 35


def test_a_change_waits_for_a_moment_without_calls(stage: Stage) -> None:
    stage.cluster.calls_end = 100.0
    stage.run()
    assert stage.cluster.restarted[0][0] >= 100
    assert any("waiting for 1 call with 2 participants" in said for said in stage.scene.said)


def test_calls_that_the_cluster_has_forgotten_are_waited_for(stage: Stage) -> None:
    """As after a restart of Redis: nodes are listed, and their sessions aren't."""
    stage.cluster.forgotten_calls_end = 100.0
    stage.run()
    ((at, _),) = stage.cluster.restarted
    assert at >= 100.0
    assert any("waiting for 1 call with 2 participants" in line for line in stage.scene.said)


def test_a_server_that_does_not_say_what_it_carries_may_carry_calls(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    silent = Unknown("GET http://10.5.0.7:5443/openvidu/api/sessions: no whole answer within 10 s")
    told = stage.cluster.calls_at
    monkeypatch.setattr(
        stage.cluster, "calls_at", lambda ip: silent if ip == "10.5.0.7" else told(ip)
    )
    with pytest.raises(MembershipError) as refused:
        stage.run()
    assert "what node-2 (" in str(refused.value)
    assert f"its own server: {silent.reason}" in str(refused.value)
    assert not stage.cluster.restarted


def test_calls_that_do_not_end_keep_the_configuration_as_it_was(stage: Stage) -> None:
    stage.cluster.calls_end = float("inf")
    stage.scene.policy = Policy(change_limit=timedelta(minutes=5))
    with pytest.raises(MembershipError) as caught:
        stage.run()
    assert "still 1 call with 2 participants" in str(caught.value)
    assert "configChangeDuringCalls true" in str(caught.value)
    assert not stage.cluster.restarted
    assert 300 <= stage.scene.clock.passed < 310


def test_what_was_waited_before_a_lost_connection_counts(stage: Stage) -> None:
    stage.cluster.calls_end = float("inf")
    clock = stage.scene.clock
    waited = Elapsed(3590.0, clock.boot(), clock.monotonic())
    stage.context.registry.note("configuration", "test", waited)
    with pytest.raises(MembershipError):
        stage.run(Run("test"))
    assert clock.passed < 20


def test_calls_are_cut_when_that_was_said(stage: Stage) -> None:
    stage.cluster.calls_end = float("inf")
    stage.scene.policy = Policy(change_during_calls=True)
    stage.run()
    assert stage.cluster.restarted[0][0] == 0
    assert any("will be cut" in said for said in stage.scene.said)


@pytest.mark.parametrize("ahead", [-3600.0, 0.0, 3600.0])
def test_a_session_that_nobody_joins_is_no_call_and_a_new_one_is_whatever_the_time_of_day(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, ahead: float
) -> None:
    made = Call("empty", "media", 0, stage.scene.clock.now())
    stage.scene.clock.stepped = ahead
    monkeypatch.setattr(stage.cluster, "calls", lambda: [made])
    stage.run()
    assert 60 <= stage.cluster.restarted[0][0] < 70


def test_each_session_has_its_own_time_to_be_joined(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = stage.scene.clock

    def calls() -> list[Call]:
        later = [Call("later", "media", 0, 0)] if clock.passed >= 40 else []
        return [Call("empty", "media", 0, 0), *later]

    monkeypatch.setattr(stage.cluster, "calls", calls)
    stage.run()
    assert 100 <= stage.cluster.restarted[0][0] < 110


def test_an_api_without_answer_is_no_moment_without_calls(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stage.cluster, "calls", lambda: Unknown("time-out"))
    with pytest.raises(MembershipError, match=r"still the API \(time-out\)"):
        stage.run()
    assert not stage.cluster.restarted


@pytest.mark.parametrize(
    ("answer", "told"),
    [(Refused(405, "no"), "the API answers 405"), (Unknown("POST answered 500"), "answered 500")],
)
def test_a_refused_restart_is_told(stage: Stage, answer: Unknown | Refused, told: str) -> None:
    stage.cluster.answer = answer
    with pytest.raises(MembershipError, match=told):
        stage.run()


def test_a_changed_secret_is_asked_for_with_the_one_that_runs(stage: Stage) -> None:
    stage.files.wanted.write_text(f"{OPENVIDU_SECRET}=new\n")
    stage.run()
    assert stage.cluster.asked_with == ["old", "new"]


def test_a_node_that_does_not_come_back_is_named(stage: Stage) -> None:
    stage.cluster.away_seconds = float("inf")
    stage.scene.record(1)
    named = r"10\.5\.0\.6, 10\.5\.0\.7 not healthy(.|\n)*openvidu-enterprise repair node-1; then "
    with pytest.raises(MembershipError, match=named):
        stage.run()


def test_a_node_that_has_drained_and_goes_later_is_not_waited_for(stage: Stage) -> None:
    stage.cluster.gone = NODES[1]
    left = Record("node-2", NODES[1], "i-2", Phase.LEFT, since=0, leaving=True)
    stage.context.registry.change(NODES[1], lambda _: left)
    stage.run()
    assert stage.scene.clock.passed < 60


def test_a_restart_that_nobody_saw_is_over_after_a_while(stage: Stage) -> None:
    stage.cluster.away_seconds = 0.0
    stage.run()
    assert stage.scene.clock.passed < 2 * configuration_change.GOING_DOWN_SECONDS


def test_what_is_wanted_no_more_is_emptied(stage: Stage) -> None:
    stage.run()
    stage.files.wanted.write_text(f"{OPENVIDU_SECRET}=old\n")
    stage.run()
    assert stage.cluster.stored == {**OLD, "OPENVIDU_RECORDING": ""}
    stage.run()
    assert len(stage.cluster.restarted) == 2


def test_a_bucket_that_takes_no_secrets_is_told(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unwritable(_: object) -> None:
        raise BucketUnreadableError("XMinioStorageFull")

    monkeypatch.setattr(stage.cluster, "change", unwritable)
    stage.files.wanted.write_text(f"{OPENVIDU_SECRET}=new\n")
    with pytest.raises(MembershipError) as raised:
        rotate(stage.cluster, stage.files, stage.context)
    assert str(raised.value) == (
        "configuration: putting changed secrets into the bucket: XMinioStorageFull\n"
        "  The bucket may have changed. Nodes that run go on, with their calls.\n"
        "  Next: pulumi up"
    )


def test_before_the_first_node_there_is_nothing_to_change(stage: Stage) -> None:
    stage.cluster.stored = {}
    stage.run()
    assert not stage.cluster.restarted
    assert drift(stage.cluster, stage.files) == []


def test_where_nodes_log_in_and_with_what_goes_into_the_bucket_and_nothing_else(
    stage: Stage,
) -> None:
    # A Redis that was made anew has another name: with the old one in the bucket no node starts.
    wanted = f"{OPENVIDU_SECRET}=new\nOPENVIDU_RECORDING=true\n{REDIS_HOST}=redis-2\n"
    stage.files.wanted.write_text(wanted)
    rotate(stage.cluster, stage.files, stage.context)
    assert stage.cluster.stored == OLD | {OPENVIDU_SECRET: "new", REDIS_HOST: "redis-2"}
    assert not stage.cluster.restarted
    assert "new" not in "".join(stage.scene.said)
    assert earlier_secrets.read(stage.files.earlier) == ("old",)


def test_before_the_first_node_there_is_nothing_to_rotate(stage: Stage) -> None:
    stage.cluster.stored = {}
    stage.files.wanted.write_text(f"{OPENVIDU_SECRET}=new\n")
    rotate(stage.cluster, stage.files, stage.context)
    assert stage.cluster.stored == {}


def test_the_base_waits_for_a_moment_without_calls(stage: Stage) -> None:
    stage.cluster.calls_end = 100.0
    quiet(RUN, stage.context, master=False)
    assert stage.scene.clock.passed >= 100


@pytest.fixture
def soon(stage: Stage) -> Stage:
    """With calls that never end, which are waited for for a minute."""
    stage.cluster.calls_end = float("inf")
    stage.scene.policy = Policy(change_limit=timedelta(minutes=1))
    return stage


def test_calls_count_whatever_the_nodes_ports_say(soon: Stage) -> None:
    soon.cluster.stopped = True
    with pytest.raises(MembershipError, match="still 1 call"):
        quiet(RUN, soon.context, master=False)


def test_calls_count_where_no_node_is_known(soon: Stage) -> None:
    """As where a list isn't filled yet."""
    forget_nodes(soon)
    with pytest.raises(MembershipError, match="still 1 call"):
        quiet(RUN, soon.context, master=False)


@pytest.mark.parametrize("nodes", [False, True])
def test_a_base_that_has_lost_its_notes_knows_the_nodes_by_the_load_balancer(
    soon: Stage, nodes: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for record in soon.context.registry.all():
        soon.context.registry.change(record.ip, lambda _: None)
    for question in ("calls", "media_nodes"):
        monkeypatch.setattr(soon.cluster, question, lambda: Unknown("no node could be asked"))
    with pytest.raises(MembershipError, match="still the API"):
        quiet(RUN, soon.context, master=False, nodes=nodes)


def test_the_nodes_that_the_stack_names_are_looked_at(soon: Stage) -> None:
    soon.cluster.calls_end = 0
    forget_nodes(soon)
    soon.cluster.cut_off = NODES[1]
    told = [Node("node-2", NODES[1], "i-2", Way("203.0.113.3"))]
    asks = replace(RUN, asks=True)
    assert quiet(asks, soon.context, master=False, told=told) is Outcome.DOUBT
    with pytest.raises(MembershipError, match=CUT_OFF):
        quiet(RUN, soon.context, master=False, told=told)
    (doubt,) = doubts("", soon.context)["nodes"]
    assert (doubt["name"], doubt["host"]) == ("node-2", "203.0.113.3")


def forget_nodes(stage: Stage) -> None:
    """Have neither the base nor the load balancer know a node."""
    for record in stage.context.registry.all():
        stage.context.registry.change(record.ip, lambda _: None)
    stage.scene.load_balancer.node_ips = ()


def test_a_load_balancer_that_is_down_says_nothing_of_calls(
    soon: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nodes go on with theirs, and are asked themselves."""
    soon.cluster.nodes_say = replace(soon.cluster)
    monkeypatch.setattr(soon.cluster, "calls", lambda: Unconnected("connection refused"))
    with pytest.raises(MembershipError, match="still 1 call"):
        quiet(RUN, soon.context, master=False)
    soon.cluster.nodes_say = None
    with pytest.raises(MembershipError, match=r"still the API \(connection refused\)"):
        quiet(RUN, soon.context, master=False)


def test_where_every_node_has_stopped_nobody_is_waited_for(
    soon: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    soon.cluster.stopped = True
    monkeypatch.setattr(soon.cluster, "calls", lambda: Unknown("GET answered 502"))
    monkeypatch.setattr(soon.cluster, "media_nodes", lambda: Unknown("GET answered 502"))
    # Others are asked about those of which no drain has said that they have left.
    asks = replace(RUN, asks=True)
    assert quiet(asks, soon.context, master=False) is Outcome.DOUBT
    for number in (1, 2):
        soon.scene.record(number, phase=Phase.LEFT)
    assert quiet(asks, soon.context, master=False) is None
    assert soon.scene.clock.passed < 2 * SECONDS


def test_one_look_without_calls_is_not_enough(soon: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = iter([[]])
    live = soon.cluster.calls()
    monkeypatch.setattr(soon.cluster, "calls", lambda: next(shown, live))
    with pytest.raises(MembershipError, match="still 1 call"):
        quiet(RUN, soon.context, master=False)


@pytest.mark.parametrize("seconds", [20.0, float("inf")])
def test_a_master_that_refuses_for_a_moment_may_carry_calls(
    soon: Stage, monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    clock, live = soon.scene.clock, soon.cluster.calls

    def calls() -> list[Call] | Unknown | Refused:
        soon.cluster.served = clock.passed >= seconds
        return live() if soon.cluster.served else Unconnected("connection refused")

    monkeypatch.setattr(soon.cluster, "calls", calls)
    if seconds > MASTER_SILENT_SECONDS:
        assert quiet(RUN, soon.context, master=True) is None
        assert clock.passed >= MASTER_SILENT_SECONDS
    else:
        with pytest.raises(MembershipError, match="still 1 call"):
            quiet(RUN, soon.context, master=True)


@pytest.mark.parametrize("text", [None, ""])
def test_what_the_stack_wants_and_is_lost_empties_nothing(stage: Stage, text: str | None) -> None:
    stage.run()
    stage.files.wanted.unlink()
    if text is not None:
        stage.files.wanted.write_text(text)
    before = dict(stage.cluster.stored)
    assert drift(stage.cluster, stage.files) is None
    for act in (stage.run, lambda: rotate(stage.cluster, stage.files, stage.context)):
        with pytest.raises(MembershipError, match="wanted is gone or empty") as caught:
            act()
        assert "--replace '**configuration-wanted'" in str(caught.value)
    assert stage.cluster.stored == before
    assert len(stage.cluster.restarted) == 1


def test_nodes_that_cannot_be_seen_may_carry_calls(stage: Stage) -> None:
    stage.cluster = replace(stage.cluster, calls_end=float("inf"), dead=True)
    with pytest.raises(MembershipError, match="waiting for a moment without calls"):
        quiet(RUN, stage.context, master=False)


CUT_OFF = r"what node-2 \(from here no way to port 4443: no route to host; the cluster doesn't list"


@pytest.mark.parametrize("nodes", [False, True])
def test_a_node_that_is_cut_off_and_not_listed_may_carry_calls(stage: Stage, nodes: bool) -> None:
    stage.scene.record(2)
    stage.cluster.cut_off = NODES[1]
    with pytest.raises(MembershipError, match=CUT_OFF) as caught:
        quiet(RUN, stage.context, master=False, nodes=nodes)
    assert "Next: uv run openvidu-enterprise repair node-2; then wait again" in str(caught.value)
    with pytest.raises(MembershipError, match=CUT_OFF):
        stage.run()
    assert not stage.cluster.restarted


def test_others_are_asked_about_a_node_that_is_cut_off(stage: Stage) -> None:
    stage.scene.record(2)
    stage.cluster.cut_off = NODES[1]
    asks = replace(RUN, asks=True)
    assert quiet(asks, stage.context, master=False) is Outcome.DOUBT
    configured = configure(stage.cluster, stage.files, asks, stage.context)
    assert configured is Outcome.DOUBT
    assert not stage.cluster.restarted
    stage.scene.says(machine=(Word.RUNS, "its machine says: 9 containers"))
    stage.scene.policy = replace(stage.scene.policy, change_limit=timedelta(seconds=20))
    with pytest.raises(MembershipError, match="its machine says: 9 containers"):
        quiet(asks, stage.context, master=False)
    stage.scene.says(aws=(Word.STOPPED, "AWS says: i-2 is terminated"))
    assert quiet(asks, stage.context, master=False) is None


@dataclass
class SlowAndDead:
    """A cluster that answers nothing, each time only once all of its nodes are looked at."""

    clock: VirtualClock
    looks: threading.Barrier
    seconds: float

    def calls(self) -> Unknown:
        return Unknown("no whole answer within 10 s")

    def media_nodes(self) -> Unknown:
        return self.calls()

    def health(self, ip: str) -> Health:
        # The last that asks lets the time pass for all.
        if self.looks.wait(10) == 0:
            self.clock.sleep(self.seconds)
        self.looks.wait(10)
        return Unreachable("no answer")


def test_dead_nodes_are_looked_at_at_once_and_one_look_is_enough(tmp_path: Path) -> None:
    """What AWS has said of them would be old after a look at one after the other, or a second."""
    dead = scene(tmp_path, [], others=(1, 3))
    nodes = dead.registry.all()
    context = replace(
        dead.context,
        cluster=SlowAndDead(dead.clock, threading.Barrier(3), TESTIMONY_SECONDS - 1),  # type: ignore[arg-type]
    )
    dead.load_balancer.node_ips = ()
    asking = replace(RUN, asks=True)
    said = {Witness.AWS: Statement(Word.STOPPED, "AWS says: i-1 is stopped")}
    for one in nodes:
        node = Node(one.name, one.ip, one.identity)
        dead.registry.testify(node, said, Elapsed.begin(dead.clock))
    # Each look takes nearly as long as what was said counts.
    dead.clock.sleep(2)
    assert quiet(asking, context, master=False) is None


def test_a_node_out_of_sight_has_not_restarted(stage: Stage) -> None:
    """It's waited for until it's seen again, and then for as long as a restart may take."""
    health = stage.cluster.health

    def seen_from_second_20_on(ip: str) -> Health:
        began = stage.cluster.restarted and stage.scene.clock.passed < 20
        return Unreachable("no route to host") if began and ip == NODES[1] else health(ip)

    stage.cluster.health = seen_from_second_20_on  # type: ignore[method-assign]
    stage.run()
    assert stage.scene.clock.passed >= configuration_change.GOING_DOWN_SECONDS


def test_a_node_that_aws_says_is_stopped_is_not_waited_for(stage: Stage) -> None:
    """Nor is it while others are asked about it, after which the run begins anew."""
    stage.scene.record(2)
    stage.cluster.cut_off = NODES[1]
    stage.cluster.up_at = float("inf")
    asks, stopped = replace(RUN, asks=True), (Word.STOPPED, "AWS says: i-2 is stopped")
    stage.scene.says(aws=stopped)
    assert configure(stage.cluster, stage.files, asks, stage.context) is Outcome.DOUBT
    assert stage.cluster.restarted
    assert stage.scene.clock.passed >= configuration_change.GOING_DOWN_SECONDS
    stage.scene.says(aws=stopped)
    assert configure(stage.cluster, stage.files, asks, stage.context) is None
    assert stage.scene.clock.passed < 2 * configuration_change.GOING_DOWN_SECONDS
    assert len(stage.cluster.restarted) == 1
    (told,) = [said for said in stage.scene.said if "node-2 isn't waited for" in said]
    assert "AWS says: i-2 is stopped" in told


def test_a_node_of_which_nobody_knows_is_waited_for_as_long_as_others_are_asked(
    stage: Stage,
) -> None:
    stage.scene.record(2)
    stage.files.wanted.write_text(f"{OPENVIDU_SECRET}=old\n")
    stage.cluster.cut_off = NODES[1]
    asks, clock = replace(RUN, asks=True), stage.scene.clock

    def ask_and_go_on() -> None:
        while configure(stage.cluster, stage.files, asks, stage.context) is Outcome.DOUBT:
            assert clock.passed < 1000
            stage.scene.says(aws=(Word.UNKNOWN, "AWS says: i-2 is running"))

    with pytest.raises(MembershipError, match=r"10\.5\.0\.7 not healthy(.|\n)*repair node-2"):
        ask_and_go_on()
    assert clock.passed >= configuration_change.RESTART_LIMIT.total_seconds()


def test_a_node_that_goes_later_needs_not_come_back(stage: Stage) -> None:
    stage.cluster.gone = NODES[1]
    stage.run(leaving=(NODES[1],))
    assert stage.scene.clock.passed < 60


def test_drift_names_what_differs_and_never_shows_it(stage: Stage) -> None:
    assert drift(stage.cluster, stage.files) == ["OPENVIDU_RECORDING"]


def test_a_bucket_that_cannot_be_read_changes_nothing(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreadable() -> None:
        raise BucketUnreadableError("InvalidAccessKeyId")

    monkeypatch.setattr(stage.cluster, "configuration", unreadable)
    assert drift(stage.cluster, stage.files) is None
    with pytest.raises(MembershipError, match="reading the bucket: InvalidAccessKeyId"):
        stage.run()
    assert not stage.cluster.restarted


_VALUES = st.dictionaries(st.sampled_from("ABCD"), st.text("xy", max_size=2))


@given(_VALUES, _VALUES, st.sets(st.sampled_from("ABCD")))
def test_changes_make_the_bucket_hold_what_is_wanted(
    wanted: dict[str, str], stored: dict[str, str], before: set[str]
) -> None:
    after = stored | changes(wanted, stored, before)
    assert {name: after.get(name, "") for name in wanted} == wanted
    assert all(after.get(name, "") == "" for name in before - wanted.keys())
    untouched = stored.keys() - wanted.keys() - before
    assert all(after[name] == stored[name] for name in untouched)
    assert not changes(wanted, after, before)


def test_an_empty_session_stays_known_while_others_are_asked(stage: Stage) -> None:
    """The run on the base ends for that, and begins again."""
    empty, clock = Call("call", "media", 0, 0), stage.scene.clock
    registry = stage.scene.registry
    assert Joining(clock, registry, "run").live([empty]) == [empty]
    clock.sleep(JOINING_SECONDS / 2)
    assert Joining(clock, registry, "run").live([empty]) == [empty]
    clock.sleep(JOINING_SECONDS / 2)
    assert Joining(clock, registry, "run").live([empty]) == []
    assert Joining(clock, registry, "another run").live([empty]) == [empty]
    clock.reboot(1)
    assert Joining(clock, registry, "run").live([empty]) == [empty]
