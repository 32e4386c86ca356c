"""What the figures should be, and whether they are."""

from __future__ import annotations

from dataclasses import replace

from lab.bench.drains import derived
from lab.bench.drains.aims import aims
from lab.bench.drains.figures import OneMore, Results


def test_the_time_of_a_release_is_the_median(results: Results) -> None:
    assert derived.release(results.releases) == 4


def test_an_hour_is_scaled_from_what_was_looked_at(results: Results) -> None:
    assert derived.an_hour(results.waiting[0], 90) == 5400


def test_the_worst_crash_is_the_one_whose_second_update_takes_longest_for_the_work_left(
    results: Results,
) -> None:
    worst = derived.worst(results.crashes, "up")
    assert worst
    assert (worst.at, worst.ratio) == (8.0, 2.5)


def test_aims_are_met_or_missed(results: Results) -> None:
    found = [(aim.found, aim.met) for aim in aims(results)]
    assert found == [
        (4.0, True),
        (46 / 40, False),
        (9.9 / 9.0, True),
        (0, True),
        (0, True),
        (3, False),
        (1, False),
        (0, True),
        (2.5, False),
        (1.2, True),
        (0, True),
        (220, False),
        # What was lost is told apart.
        (1, False),
        (0, True),
        (170, True),
    ]


def test_a_login_on_another_node_misses_its_aim(results: Results) -> None:
    more = replace(results, growth=(*results.growth, OneMore(10, 10.0, 13, 1, 2)))
    found = {aim.what: aim.met for aim in aims(more) if "node" in aim.what}
    assert found["SSH logins on other nodes while a node is added"] is False
    assert found["resources of other nodes that adding a node changes"] is False


def test_what_was_not_measured_has_no_aim() -> None:
    assert aims(Results()) == []
