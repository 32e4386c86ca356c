"""Each step of a repair is decided by a look of that moment, and not by the one before it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from components.aws.health import InstanceHealth
from scripts.repairing.course import Course
from scripts.repairing.ladder import MachineObservation, Plan, Step

RUNS = InstanceHealth("i-0a", "running")
BASE = MachineObservation("base", works=False, ec2=RUNS, lets_in=True, open=False, calls=3)
LEFT = MachineObservation("node-2", works=False, ec2=RUNS, lets_in=True, conclusion="left", calls=0)
# Its overview had no answer: it isn't known to work.
SERVING = replace(LEFT, conclusion="serving", calls=7)
SILENT = replace(LEFT, lets_in=False, conclusion="unknown", calls=None)
IMPAIRED = replace(SILENT, ec2=replace(RUNS, instance="impaired"))
DRAINED = "uv run openvidu-enterprise retire node-2, then: pulumi up"


@dataclass
class Machine:
    """A machine that is as it was left, until a step or an answer makes it otherwise."""

    seen: MachineObservation
    after: dict[Step, MachineObservation] = field(default_factory=dict)
    answers: list[MachineObservation] = field(default_factory=list)
    taken: list[Step] = field(default_factory=list)
    asked: int = 0
    told: list[str] = field(default_factory=list)

    def repair(self, *, dead: bool = False, agrees: Callable[[], bool] | None = None) -> Plan:
        course = Course(lambda: self.seen, self._take, agrees, self.told.extend)
        return course.follow(self.seen, dead=dead).plan

    def _take(self, step: Step) -> None:
        self.taken.append(step)
        self.seen = self.after.get(step, self.seen)

    def agrees(self) -> bool:
        """The operator says yes; each time it took so long that something may have changed."""
        self.asked += 1
        self.seen = self.answers.pop(0) if self.answers else self.seen
        return True


def test_a_step_that_brings_calls_back_is_the_last() -> None:
    node = Machine(LEFT, {Step.SERVICES: SERVING})
    assert node.repair().next == DRAINED
    assert node.taken == [Step.SERVICES]
    assert "It runs, and its calls go on: it's drained, never restarted." in node.told


def test_a_step_after_which_nobody_can_say_is_the_last() -> None:
    node = Machine(LEFT, {Step.DOCKER: SILENT})
    assert (node.repair().next or "").endswith("uv run openvidu-enterprise repair node-2 --dead")
    assert node.taken == [Step.SERVICES, Step.DOCKER]
    assert "Nobody can say whether calls go on there: it's left as it is." in node.told


def test_a_node_whose_base_cannot_say_any_more_waits_for_the_base() -> None:
    node = Machine(LEFT, {Step.SERVICES: replace(SERVING, conclusion=None, calls=None)})
    assert node.repair().next == "uv run openvidu-enterprise repair base"
    assert node.taken == [Step.SERVICES]


def test_the_operators_word_ends_with_whoever_sees_it_run() -> None:
    node = Machine(SILENT, {Step.REBOOT: SERVING})
    assert node.repair(dead=True).next == DRAINED
    assert node.taken == [Step.REBOOT]
    # Seen to run once, it's left alone when it's silent again.
    node = Machine(SILENT, answers=[SERVING, SILENT])
    node.repair(dead=True, agrees=node.agrees)
    assert node.taken == []


def test_of_an_impaired_node_the_operators_yes_is_the_word_that_it_carries_no_call() -> None:
    node = Machine(IMPAIRED, {Step.REBOOT: SILENT, Step.STOP_START: replace(SERVING, works=True)})
    node.repair(agrees=node.agrees)
    # After a reboot AWS's checks begin anew, and still nobody sees it.
    assert node.taken == [Step.REBOOT, Step.STOP_START]
    assert node.asked == 2
    assert "calls that go on there are cut; only your word says" in node.told[0]


def test_without_anybody_to_ask_an_impaired_node_is_left_as_it_is() -> None:
    node = Machine(IMPAIRED)
    assert (node.repair().next or "").endswith("uv run openvidu-enterprise repair node-2 --dead")
    assert node.taken == []
    node.repair(dead=True)
    assert node.taken == [Step.REBOOT, Step.STOP_START]


def test_an_impaired_node_stays_for_who_says_no_and_for_who_sees_it_run() -> None:
    node = Machine(IMPAIRED)
    said_no = node.repair(agrees=lambda: False)
    assert (said_no.next or "").endswith("uv run openvidu-enterprise repair node-2 --dead")
    assert node.taken == []
    node = Machine(IMPAIRED, answers=[SERVING])
    assert node.repair(agrees=node.agrees).next == DRAINED
    assert node.taken == [Step.SERVICES]
    # AWS reaches it again: it may be on its way back.
    node = Machine(IMPAIRED, answers=[SILENT])
    node.repair(agrees=node.agrees)
    assert node.taken == []


def test_what_changed_during_the_answer_is_decided_anew() -> None:
    node = Machine(replace(LEFT, lets_in=False), answers=[SERVING])
    assert node.repair(agrees=node.agrees).next == DRAINED
    # What was agreed to was a reboot; asked again, it's what leaves all that runs alone.
    assert node.taken == [Step.SERVICES]
    assert node.asked == 2
    assert "node-2 isn't as it was." in node.told


def test_who_agreed_to_few_calls_is_asked_again_for_more() -> None:
    more, unknown = replace(BASE, calls=9), replace(BASE, calls=None)
    for now in (more, unknown):
        base = Machine(BASE, {Step.DOCKER: replace(now, works=True)}, answers=[BASE, now])
        base.repair(agrees=base.agrees)
        assert base.taken == [Step.SERVICES, Step.DOCKER]
        assert base.asked == 3
    # Fewer are no reason, nor more where nobody is asked, or where the step cuts none.
    base = Machine(BASE, {Step.SERVICES: more, Step.DOCKER: replace(BASE, works=True)})
    base.repair()
    assert base.taken == [Step.SERVICES, Step.DOCKER]
    works = {Step.DOCKER: replace(BASE, works=True)}
    base = Machine(BASE, works, answers=[more, BASE])
    base.repair(agrees=base.agrees)
    assert base.asked == 2


def test_each_step_costs_what_the_newest_look_says() -> None:
    base = Machine(BASE, {Step.SERVICES: replace(BASE, calls=9)})
    base.repair()
    (docker,) = [line for line in base.told if line.startswith("docker: ")]
    assert "9 calls of the cluster" in docker


def test_a_machine_that_works_by_itself_is_left_alone() -> None:
    base = Machine(BASE, answers=[replace(BASE, works=True)])
    base.repair(agrees=base.agrees)
    assert base.taken == []


def test_a_repair_ends_with_the_first_step_that_helps_and_with_a_no() -> None:
    base = Machine(BASE, {Step.DOCKER: replace(BASE, works=True)})
    assert base.repair().next is None
    assert base.taken == [Step.SERVICES, Step.DOCKER]
    assert base.told[-1] == "base works again."
    base = Machine(BASE)
    assert base.repair(agrees=lambda: False).next == (
        "uv run openvidu-enterprise repair base --to replace"
    )
    assert base.taken == []


def test_without_anybody_to_ask_a_repair_goes_on_with_what_is_right_now() -> None:
    looks = [replace(BASE, lets_in=False), replace(BASE, works=True)]
    taken: list[Step] = []
    course = Course(lambda: looks.pop(0), taken.append, None, lambda _: None)
    course.follow(BASE)
    assert taken == [Step.REBOOT]
