"""What follows from what was measured."""

from __future__ import annotations

import pytest

from lab.bench.aims import aims, growth
from lab.bench.figures import (
    Bare,
    Cpu,
    Preview,
    Results,
    Up,
    cost_of_a_node,
    middle,
    own_share,
    own_time,
)

CPU = Cpu(program=1, engine=2, providers=1, commands=1, cloud=5, machines=10)


def up(nodes: int, wall: float, in_calls: float, first_resource: float = 0.9) -> Up:
    return Up(nodes, 50 + 10 * nodes, wall, CPU, first_resource, in_calls, path=13)


def preview(nodes: int, wall: float) -> Preview:
    return Preview(nodes, 50 + 10 * nodes, wall, CPU)


@pytest.fixture
def results() -> Results:
    return Results(
        machine="a machine",
        processors=2,
        engine="embedded",
        parallel=64,
        ups=(up(1, 10, 8), up(1, 30, 8), up(1, 11, 9), up(10, 40, 35), up(10, 42, 38)),
        bares=(
            Bare(1, 9, CPU),
            Bare(1, 11, CPU),
            Bare(1, 10, CPU),
            Bare(10, 37, CPU),
            Bare(10, 38, CPU),
        ),
        previews=(preview(2, 2), preview(20, 3.8), preview(100, 11.8), preview(100, 99)),
    )


def test_the_median_leaves_an_outlier_out(results: Results) -> None:
    assert middle(results.ups, 1, lambda run: run.wall) == 11


def test_between_two_runs_the_median_is_their_mean(results: Results) -> None:
    assert middle(results.ups, 10, lambda run: run.wall) == 41


def test_own_time_is_what_up_takes_longer_than_the_bare_loop_beside_it(results: Results) -> None:
    # 10 - 9, 30 - 11 and 11 - 10: a run that the machine was slow in doesn't decide.
    assert own_time(results, 1) == 1
    assert own_time(results, 10) == 3.5
    assert own_share(results, 1) == pytest.approx(1 / 11)


def test_share_of_cpu_is_the_programs_and_the_engines() -> None:
    assert CPU.total == 20
    assert CPU.own_share == pytest.approx(3 / 20)


def test_time_between_calls_is_what_the_critical_path_leaves() -> None:
    run = up(1, wall=10, in_calls=8)
    assert run.between_calls == 2


def test_growth_counts_calls_as_with_few_nodes_and_the_rest_as_with_many(results: Results) -> None:
    # Calls take 8 s with one node; between them are 5 and 4 s with ten; one node takes 11 s.
    assert growth(results, 1, 10) == pytest.approx((8 + 4.5) / 11)


def test_cost_of_a_node_is_the_slope_between_two_sizes(results: Results) -> None:
    assert cost_of_a_node(results.previews, 2, 20) == pytest.approx(0.1)


def test_results_survive_their_file(results: Results) -> None:
    assert Results.from_json(results.as_json()) == results


def test_aims_tell_what_is_met_and_what_is_not(results: Results) -> None:
    met = {aim.what: aim.met for aim in aims(results)}
    assert met == {
        "`up` of 10 nodes ÷ `up` of 1, on the program's side": True,
        "own share of `up`, 1 node": True,
        "own share of `up`, 10 nodes": True,
        "`preview`: cost of a node from 20 to 100 nodes ÷ cost from 2 to 20 (linear: 1)": False,
        "start of the program to its first resource, 1 node": True,
    }


def test_sizes_that_were_not_measured_have_no_aims(results: Results) -> None:
    few = Results("a machine", 2, "embedded", 64, results.ups[:3], results.bares[:3], ())
    assert [aim.what for aim in aims(few)] == [
        "own share of `up`, 1 node",
        "start of the program to its first resource, 1 node",
    ]
