"""Nodes are added when they're needed, and leave when nobody can miss them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.cluster_observation import Unseen
from components.numbering import Wanted
from scripts.autoscaling.cluster_load import Observation
from scripts.autoscaling.decision import Action, Decision, Past, Sample, decide, nodes_for
from scripts.autoscaling.scaling_policy import Measure, Policy, PolicyError

NOW = 1_000_000.0
POLICY = Policy(maximum=6, targets={Measure.CALLS: 10}, slack=0.0)
MINUTE = 60.0


def seen(count: int, calls: float, **changes: object) -> Observation:
    """A cluster in which every wanted node serves."""
    wanted = Wanted(count)
    given_ = {
        "wanted": wanted,
        "serving": frozenset(wanted.numbers),
        "leaving": frozenset[int](),
        "demand": {Measure.CALLS: calls},
        **changes,
    }
    return Observation(**given_)  # type: ignore[arg-type]


def quiet(calls: float, minutes: int = 30) -> Past:
    """A cluster that was looked at each minute, and carried so many calls."""
    samples = [Sample(NOW - ago * MINUTE, {Measure.CALLS: calls}) for ago in range(minutes, 0, -1)]
    return Past(samples)


def count(decision: Decision, before: Observation) -> int:
    return (decision.wanted or before.wanted).count


def test_a_node_is_added_when_the_target_is_passed() -> None:
    assert decide(POLICY, NOW, seen(2, 20), Past()).action is Action.HOLD
    grown = decide(POLICY, NOW, seen(2, 21), Past())
    assert (grown.action, grown.wanted) == (Action.OUT, Wanted(3))


def test_as_many_nodes_are_added_as_are_needed() -> None:
    assert decide(POLICY, NOW, seen(2, 45), Past()).wanted == Wanted(5)


def test_the_measure_that_takes_the_most_nodes_decides() -> None:
    policy = Policy(maximum=6, targets={Measure.CALLS: 10, Measure.LOAD: 60})
    demand = {Measure.CALLS: 5, Measure.LOAD: 190.0}
    assert decide(policy, NOW, seen(2, 0, demand=demand), Past()).wanted == Wanted(4)


def test_a_node_that_drains_is_no_capacity_and_its_number_is_not_taken() -> None:
    before = seen(2, 25, leaving=frozenset({3}), updating=True)
    assert decide(POLICY, NOW, before, Past()).wanted == Wanted(3, frozenset({3}))


def test_a_node_leaves_after_a_quiet_window() -> None:
    decision = decide(POLICY, NOW, seen(4, 11), quiet(11))
    assert (decision.action, decision.wanted) == (Action.IN, Wanted(3))


def test_the_busiest_moment_of_the_window_counts() -> None:
    past = quiet(11)
    busy = Past([*past.samples, Sample(NOW - 5 * MINUTE, {Measure.CALLS: 31})])
    assert decide(POLICY, NOW, seen(4, 11), busy).action is Action.HOLD


@pytest.mark.parametrize(
    ("past", "reason"),
    [
        (Past(), "not looked at for 0:15:00 yet"),
        (quiet(1, minutes=10), "not looked at for 0:15:00 yet"),
        (Past(quiet(1).samples[:16]), "not looked at often enough"),
        (Past(quiet(1).samples, changed=NOW - 60), "in-cooldown: 540 s left"),
    ],
)
def test_a_node_stays_while_its_leaving_is_not_safe(past: Past, reason: str) -> None:
    decision = decide(POLICY, NOW, seen(4, 1), past)
    assert decision.action is Action.HOLD
    assert reason in decision.reasons[-1]


def test_a_node_needs_room_to_spare_to_leave() -> None:
    policy = Policy(maximum=6, targets={Measure.CALLS: 10}, slack=0.2)
    assert decide(policy, NOW, seen(3, 17), quiet(17)).action is Action.HOLD
    assert decide(policy, NOW, seen(3, 16), quiet(16)).action is Action.IN


def test_no_node_leaves_while_another_does_not_serve() -> None:
    before = seen(4, 5, serving=frozenset({1, 2, 3}))
    assert decide(POLICY, NOW, before, quiet(5)).action is Action.AGAIN


def test_an_update_that_makes_nodes_is_left_alone() -> None:
    before = seen(3, 55, serving=frozenset({1, 2}), updating=True)
    assert decide(POLICY, NOW, before, Past()).action is Action.HOLD


def test_a_drain_that_was_left_is_carried_on() -> None:
    decision = decide(POLICY, NOW, seen(2, 15, leaving=frozenset({3})), Past())
    assert decision.action is Action.AGAIN
    assert "node-3 hasn't left yet" in decision.reasons


def test_an_update_again_waits_for_the_cooldown() -> None:
    past = Past(changed=NOW - 20)
    before = seen(2, 15, leaving=frozenset({3}))
    assert decide(POLICY, NOW, before, past).action is Action.HOLD


def test_more_than_the_maximum_is_told() -> None:
    decision = decide(POLICY, NOW, seen(6, 99), Past())
    assert decision.action is Action.HOLD
    assert "--max 6 is less than what is needed: calls may be refused" in decision.reasons


def test_the_last_node_of_the_minimum_stays() -> None:
    assert decide(POLICY, NOW, seen(2, 0), quiet(0)).action is Action.HOLD


def test_fewer_than_the_minimum_waits_for_no_cooldown() -> None:
    decision = decide(POLICY, NOW, seen(1, 0), Past(changed=NOW))
    assert decision.wanted == Wanted(2)


def test_a_policy_names_all_its_mistakes() -> None:
    with pytest.raises(PolicyError) as caught:
        Policy(maximum=1, targets={}, slack=2)
    assert len(caught.value.mistakes) == 3


policies = st.builds(
    Policy,
    minimum=st.integers(1, 4),
    maximum=st.integers(4, 12),
    targets=st.fixed_dictionaries(
        {}, optional={Measure.CALLS: st.integers(1, 40), Measure.LOAD: st.integers(5, 100)}
    ).filter(bool),
    slack=st.floats(0, 0.5),
    most_removed=st.integers(1, 4),
    out_cooldown=st.integers(1, 900).map(lambda s: timedelta(seconds=s)),
    in_cooldown=st.integers(1, 3600).map(lambda s: timedelta(seconds=s)),
    window=st.integers(60, 3600).map(lambda s: timedelta(seconds=s)),
)
demands = st.fixed_dictionaries(
    {Measure.CALLS: st.integers(0, 500), Measure.LOAD: st.floats(0, 1300)}
)


@st.composite
def observations(draw: st.DrawFn) -> Observation:
    wanted = Wanted(draw(st.integers(1, 14)), draw(st.frozensets(st.integers(1, 6), max_size=3)))
    numbers = st.sampled_from(wanted.numbers)
    serving = frozenset(wanted.numbers) - draw(st.frozensets(numbers, max_size=2))
    leaving = draw(st.frozensets(st.integers(1, 20), max_size=3)) - frozenset(wanted.numbers)
    return Observation(wanted, serving, leaving, draw(demands), draw(st.booleans()))


@st.composite
def pasts(draw: st.DrawFn) -> Past:
    ages = draw(st.lists(st.floats(0, 7200), max_size=12))
    samples = [Sample(NOW - age, draw(demands)) for age in sorted(ages, reverse=True)]
    looked_at_steadily = draw(st.booleans())
    if looked_at_steadily:
        demand = draw(demands)
        samples = [Sample(NOW - age, demand) for age in range(4000, 0, -15)]
    return Past(samples, draw(st.none() | st.floats(NOW - 7200, NOW)))


@given(policies, observations(), pasts())
def test_an_action_is_what_its_name_says(policy: Policy, before: Observation, past: Past) -> None:
    decision = decide(policy, NOW, before, past)
    after = count(decision, before)
    match decision.action:
        case Action.OUT:
            assert before.wanted.count < after <= policy.maximum
            assert not set(decision.wanted.numbers) & before.leaving  # type: ignore[union-attr]
            assert set(decision.wanted.numbers) > set(before.wanted.numbers)  # type: ignore[union-attr]
        case Action.IN:
            assert policy.minimum <= after < before.wanted.count
            assert after >= before.wanted.count - policy.most_removed
            assert set(decision.wanted.numbers) < set(before.wanted.numbers)  # type: ignore[union-attr]
        case _:
            assert decision.wanted is None
    assert decision.reasons


@given(policies, observations(), pasts())
def test_nothing_leaves_that_calls_need(policy: Policy, before: Observation, past: Past) -> None:
    decision = decide(policy, NOW, before, past)
    if decision.action is not Action.IN:
        return
    recent = [one for one in past.samples if one.at >= NOW - policy.window.total_seconds()]
    for demand in (before.demand, *(one.demand for one in recent)):
        assert count(decision, before) >= nodes_for(policy, demand)
    assert not before.unready
    assert any(one.at <= NOW - policy.window.total_seconds() for one in past.samples)


@given(policies, observations(), pasts())
def test_cooldowns_are_kept(policy: Policy, before: Observation, past: Past) -> None:
    decision = decide(policy, NOW, before, past)
    if past.changed is None:
        return
    age = timedelta(seconds=NOW - past.changed)
    if age < policy.in_cooldown:
        assert decision.action is not Action.IN
    if age < policy.out_cooldown and before.wanted.count >= policy.minimum:
        assert decision.action not in (Action.OUT, Action.AGAIN)


@given(policies, observations(), pasts(), st.integers(0, 200))
def test_more_calls_never_mean_fewer_nodes(
    policy: Policy, before: Observation, past: Past, more: int
) -> None:
    demand = {**before.demand, Measure.CALLS: before.demand[Measure.CALLS] + more}
    busier = Observation(before.wanted, before.serving, before.leaving, demand, before.updating)
    calm, busy = (decide(policy, NOW, one, past) for one in (before, busier))
    assert count(busy, busier) >= count(calm, before)


@given(policies, observations(), pasts())
def test_what_is_not_known_changes_nothing(policy: Policy, before: Observation, past: Past) -> None:
    del before
    decision = decide(policy, NOW, Unseen("no answer within 30 s"), past)
    assert (decision.action, decision.wanted) == (Action.HOLD, None)
    assert "no answer within 30 s" in decision.reasons[0]


@given(policies, demands, st.integers(1, 14))
def test_a_steady_cluster_settles_and_stays(
    policy: Policy, demand: dict[Measure, float], first: int
) -> None:
    wanted, counts = Wanted(first), [first]
    step = max(policy.in_cooldown, policy.out_cooldown).total_seconds()
    for turn in range(20):
        now = NOW + turn * step
        samples = [Sample(now - age, demand) for age in range(4000, 0, -15)]
        before = Observation(wanted, frozenset(wanted.numbers), frozenset(), demand)
        decision = decide(policy, now, before, Past(samples, now - step))
        wanted = decision.wanted or wanted
        counts.append(wanted.count)
    assert counts[-1] == counts[-2]
    assert counts == sorted(counts) or counts == sorted(counts, reverse=True)
