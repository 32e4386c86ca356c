"""Results as a run of the benchmark leaves them."""

from __future__ import annotations

import pytest

from lab.bench.drains.figures import (
    Crash,
    Drains,
    Gaps,
    OneMore,
    Pictures,
    Results,
    Said,
    Updates,
    Waiting,
)


def drains(nodes: int, last_call: float, let_go: float) -> Drains:
    return Drains(nodes, 40.0, last_call, let_go, deleted=let_go + 0.5, wall=let_go + 4)


@pytest.fixture
def results() -> Results:
    return Results(
        measured={"release": "a machine", "large": "a machine", "gaps": "another one"},
        releases=(drains(1, 15, 18), drains(1, 15, 21), drains(1, 15, 19)),
        together=(drains(1, 38, 40), drains(2, 38, 41), drains(5, 39, 46)),
        growth=(
            OneMore(2, 10.0, 12, 0, 0),
            OneMore(2, 8.0, 12, 0, 0),
            OneMore(2, 9.0, 12, 0, 0),
            OneMore(10, 9.9, 12, 0, 0),
        ),
        updates=(Updates(100, 150.0, 12000, 3, {"502": 2, "ReadError": 1}, 20, 1, 90, 0),),
        crashes=(
            Crash("up", 10.0, 2.0, 8.0),
            Crash("up", 10.0, 8.0, 5.0),
            Crash("down", 10.0, 5.0, 6.0),
        ),
        waiting=(Waiting(60.0, {"membership program (base)": 0.5, "engine": 0.1}, 90),),
        gaps=(
            Gaps("none", False, 30.0, 6, 0, 0, 0, 90),
            Gaps("2 to 3 nodes", False, 9.0, 6, 0, 0, 0, 310),
            Gaps("the base is rebooted", True, 25.0, 3, 1, 0, 6, 120),
        ),
        pictures=(
            Pictures("none", False, 30.0, 120, 4.0, cut=False),
            Pictures("its own node drains", False, 30.0, 290, 11.0, cut=False),
            Pictures(
                "its own node crashes",
                True,
                30.0,
                6000,
                0.2,
                cut=True,
                said=(Said(6.2, 1, "sessionDisconnected: nodeCrashed"),),
            ),
        ),
    )
