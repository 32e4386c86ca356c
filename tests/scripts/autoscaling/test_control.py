"""What is decided is carried out; what only drains gives way to calls."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from components.cluster_observation import Unseen
from components.numbering import Wanted
from scripts.autoscaling.cluster_load import Observation
from scripts.autoscaling.control import Mode, Result, Surroundings, control
from scripts.autoscaling.decision import Action, Decision, Past, Sample
from scripts.autoscaling.scaling_policy import Measure, Policy
from scripts.autoscaling.updates import BUSY
from scripts.pulumi_cli import PulumiError

POLICY = Policy(maximum=6, targets={Measure.CALLS: 10}, slack=0.0)
ONCE = Mode(once=True)


class StoppedError(Exception):
    """The test has seen enough."""


@dataclass
class Update:
    """An update that ends by itself after some looks, or never."""

    done: list[str]
    status: int | None = 0

    def wait(self, seconds: float | None = None) -> int | None:
        del seconds
        return self.status

    def interrupt(self) -> None:
        self.done.append("interrupt")
        self.status = 130


@dataclass
class Stack:
    """A stack that shows one look after the other, and notes what is done to it."""

    looks: list[Observation | Unseen]
    statuses: list[int | None] = field(default_factory=list)
    foreign: list[str] | PulumiError = field(default_factory=list)
    wanted: Wanted = field(default_factory=lambda: Wanted(2))
    past: Past = field(default_factory=Past)
    done: list[str] = field(default_factory=list)

    def look(self, *, updating: bool) -> Observation | Unseen:
        if not self.looks:
            raise StoppedError
        seen = self.looks.pop(0)
        assert isinstance(seen, Unseen) or seen.updating == updating
        return seen

    def want(self, wanted: Wanted) -> Wanted:
        before, self.wanted = self.wanted, wanted
        return before

    def foreign_changes(self, seen: Observation, wanted: Wanted) -> list[str]:
        del seen, wanted
        if isinstance(self.foreign, PulumiError):
            raise self.foreign
        return self.foreign

    def start_update(self) -> Update:
        self.done.append(f"update to {list(self.wanted.numbers)}")
        return Update(self.done, self.statuses.pop(0) if self.statuses else 0)

    def recall(self) -> Past:
        return self.past

    def remember(self, past: Past) -> None:
        self.past = past


@dataclass
class Operator:
    """Reads along; time passes only between looks."""

    at: float = 1_000_000.0
    decisions: list[Decision] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def now(self) -> float:
        self.at += 60
        return self.at

    @property
    def surroundings(self) -> Surroundings:
        nothing: Callable[[float], None] = lambda _: None  # noqa: E731
        return Surroundings(
            self.now, nothing, self.decisions.append, self.warnings.append, self.failures.append
        )


def seen(count: int, calls: float, **changes: object) -> Observation:
    wanted = Wanted(count)
    given = {"serving": frozenset(wanted.numbers), "leaving": frozenset[int](), **changes}
    return Observation(wanted, demand={Measure.CALLS: calls}, **given)  # type: ignore[arg-type]


def test_a_node_is_added_by_an_update() -> None:
    stack, operator = Stack([seen(2, 25)]), Operator()
    assert control(stack, POLICY, ONCE, operator.surroundings) is Result.DONE
    assert stack.done == ["update to [1, 2, 3]"]
    assert stack.past.changed == operator.at
    assert stack.past.samples == (Sample(operator.at, {Measure.CALLS: 25}),)


def test_nothing_is_done_when_nothing_is_needed() -> None:
    stack = Stack([seen(2, 15)])
    assert control(stack, POLICY, ONCE, Operator().surroundings) is Result.DONE
    assert not stack.done


def test_a_dry_run_changes_nothing_but_says_what_it_would_do() -> None:
    stack, operator = Stack([seen(2, 25)]), Operator()
    control(stack, POLICY, Mode(once=True, dry=True), operator.surroundings)
    assert not stack.done
    assert stack.wanted == Wanted(2)
    assert stack.past.changed is None
    assert operator.decisions[0].action is Action.OUT


def test_a_cluster_that_cannot_be_seen_is_left_alone_and_not_remembered() -> None:
    stack = Stack([Unseen("no answer")])
    assert control(stack, POLICY, ONCE, Operator().surroundings) is Result.UNSEEN
    assert not stack.done
    assert not stack.past.samples


def test_a_drain_gives_way_to_calls_and_goes_on_with_the_next_update() -> None:
    draining = {"leaving": frozenset({3}), "updating": True}
    quiet = [Sample(1_000_060.0 - 60 * ago, {Measure.CALLS: 1}) for ago in range(30, 0, -1)]
    stack = Stack(
        [seen(3, 1), seen(2, 15, **draining), seen(2, 25, **draining)],
        statuses=[None, 0],
        wanted=Wanted(3),
        past=Past(quiet),
    )
    assert control(stack, POLICY, ONCE, Operator().surroundings) is Result.DONE
    assert stack.done == ["update to [1, 2]", "interrupt", "update to [1, 2, 4]"]


def test_an_update_that_makes_nodes_is_not_interrupted() -> None:
    making = {"serving": frozenset({1, 2}), "updating": True}
    stack = Stack([seen(2, 25), seen(3, 55, **making)], statuses=[None])
    with pytest.raises(StoppedError):
        control(stack, POLICY, Mode(), Operator().surroundings)
    assert stack.done == ["update to [1, 2, 3]", "interrupt"], "interrupted only at the end"


@pytest.mark.parametrize("once", [True, False])
def test_who_stops_the_loop_stops_its_update(once: bool) -> None:
    stack = Stack([seen(2, 25)], statuses=[None])
    with pytest.raises(StoppedError):
        control(stack, POLICY, Mode(once), Operator().surroundings)
    assert stack.done[-1] == "interrupt"


def test_an_update_that_would_change_more_is_refused_and_the_configuration_put_back() -> None:
    stack, operator = Stack([seen(2, 25)], foreign=["base", "node-1"]), Operator()
    assert control(stack, POLICY, ONCE, operator.surroundings) is Result.FAILED
    assert not stack.done
    assert stack.wanted == Wanted(2)
    assert "more than the number of nodes: base, node-1" in operator.warnings[0]


def test_a_preview_that_fails_leaves_the_configuration_as_it_was() -> None:
    stack, operator = Stack([seen(2, 25)], foreign=PulumiError("throttled")), Operator()
    assert control(stack, POLICY, ONCE, operator.surroundings) is Result.FAILED
    assert stack.wanted == Wanted(2)
    assert operator.warnings == ["throttled"]


@pytest.mark.parametrize(("status", "result"), [(1, Result.FAILED), (BUSY, Result.DONE)])
def test_how_an_update_ended_is_told(status: int, result: Result) -> None:
    stack, operator = Stack([seen(2, 25)], statuses=[status]), Operator()
    assert control(stack, POLICY, ONCE, operator.surroundings) is result
    assert len(operator.warnings) == 1
    assert operator.failures == operator.warnings


def test_the_loop_goes_on_after_an_update_that_failed() -> None:
    broken = {"serving": frozenset({1, 2})}
    stack = Stack([seen(2, 25), seen(3, 25, **broken), seen(3, 25)], statuses=[1, 0])
    with pytest.raises(StoppedError):
        control(stack, POLICY, Mode(), Operator().surroundings)
    assert stack.done == ["update to [1, 2, 3]", "update to [1, 2, 3]"]


def test_it_ends_after_its_time_and_leaves_a_drain_to_the_next_run() -> None:
    quiet = [Sample(1_000_180.0 - 60 * ago, {Measure.CALLS: 1}) for ago in range(30, 0, -1)]
    stack = Stack([seen(3, 1)], statuses=[None], wanted=Wanted(3), past=Past(quiet))
    mode = Mode(longest=150.0)
    assert control(stack, POLICY, mode, Operator().surroundings) is Result.DONE
    assert stack.done == ["update to [1, 2]", "interrupt"]
