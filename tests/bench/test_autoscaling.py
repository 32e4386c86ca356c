"""The simulated day is the same each time, and loses no call between the nodes."""

from __future__ import annotations

from bench.autoscaling.day import a_day
from bench.autoscaling.simulation import Hardware, autoscaled, fixed
from scripts.autoscaling.policy import Measure, Policy

POLICY = Policy(maximum=12, targets={Measure.CALLS: 12})
HARDWARE = Hardware()


def test_the_same_seed_gives_the_same_day() -> None:
    assert a_day(3) == a_day(3)
    assert a_day(3) != a_day(4)
    assert a_day(3) == sorted(a_day(3), key=lambda call: call.begins)


def test_calls_are_refused_only_where_there_is_no_room() -> None:
    day = a_day(1)
    most = max(minute.calls for minute in fixed(day, 50, HARDWARE).minutes)
    enough = -(-most // HARDWARE.most_calls) + 1
    assert fixed(day, enough, HARDWARE).refused == 0
    small = fixed(day, 2, HARDWARE)
    assert small.refused > 0
    assert max(minute.calls for minute in small.minutes) <= 2 * HARDWARE.most_calls


def test_a_fixed_cluster_pays_for_all_its_nodes_all_day() -> None:
    assert fixed(a_day(1), 5, HARDWARE).node_hours == 5 * 24


def test_autoscaling_refuses_fewer_calls_than_a_fixed_cluster_of_the_same_cost() -> None:
    day = a_day(1)
    scaled = autoscaled(day, POLICY, HARDWARE)
    same_cost = fixed(day, int(scaled.node_hours / 24), HARDWARE)
    assert scaled.refused < same_cost.refused
    assert all(minute.serving <= POLICY.maximum for minute in scaled.minutes)
    assert all(minute.serving >= POLICY.minimum for minute in scaled.minutes)
