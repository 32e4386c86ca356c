"""Joins, drains and calls, as looks have found them one after the other."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from scripts.cluster_status import MachineStatus
from scripts.live_page import timeline
from scripts.live_page.timeline import Timeline
from tests.scripts.live_page.looks import DRAINING, LEFT, SERVING, UNSEEN
from tests.scripts.test_status import BASE, ONE

Look = tuple[MachineStatus, ...] | None


def seen(*looks: Look) -> dict[str, Any]:
    """What is kept of looks a second apart; None is one that failed."""
    kept = Timeline()
    for second, machines in enumerate(looks):
        at = datetime.fromtimestamp(second, UTC)
        if machines is None:
            kept.miss(at)
        else:
            kept.add(at, machines)
    return dict(kept.as_json())


def events(*looks: Look) -> list[list[Any]]:
    return list(reversed(seen(*looks)["events"]))


def test_a_node_that_joins_drains_and_goes_is_told_step_by_step() -> None:
    new = replace(SERVING, state="starting", calls=0)
    two = replace(DRAINING, calls=2)
    looks = [(ONE,), (ONE, new), (ONE, SERVING), (ONE, two), (ONE, DRAINING), (ONE, LEFT), (ONE,)]
    assert events(*looks) == [
        [1, "node-2", "starts"],
        [2, "node-2", "has joined"],
        [3, "node-2", "drains: 2 calls"],
        [5, "node-2", "has left: its drain is over"],
        [6, "node-2", "is gone: its machine is removed"],
    ]


def test_what_was_there_when_the_page_began_has_not_happened() -> None:
    assert events((BASE, ONE, DRAINING), (BASE, ONE, DRAINING)) == []


def test_what_the_base_has_noted_before_is_told_from_there() -> None:
    times = {"node-1": -300, "node-2": -60}
    joined, drains = (
        replace(one, since=datetime.fromtimestamp(times[one.name], UTC)) for one in (ONE, DRAINING)
    )
    found = seen((BASE, joined, drains), (BASE, joined, drains))
    assert found["events"] == [[-60, "node-2", "drains"], [-300, "node-1", "has joined"]]
    # It begins with the drain, and not with a node that has served for long.
    assert found["since"] == -60
    assert found["lanes"]["node-2"] == [[-60, "draining", None], [0, "draining", 1]]
    ahead = replace(DRAINING, since=datetime.fromtimestamp(60, UTC))
    assert seen((ahead,))["since"] == 0


def test_a_state_and_its_calls_are_kept_from_when_they_were_so() -> None:
    more = replace(SERVING, calls=3)
    found = seen((BASE, SERVING), (BASE, SERVING), (BASE, more), (BASE, more))
    assert found["since"] == 0
    # A base carries none.
    assert found["lanes"] == {"node-2": [[0, "serving", 1], [2, "serving", 3]]}
    master = MachineStatus("master", None, "up", calls=2)
    assert seen((master,))["lanes"] == {"master": [[0, "up", 2]]}


def test_a_look_that_failed_is_a_gap_and_neither_zero_nor_news() -> None:
    found = seen((SERVING,), None, None, (SERVING,))
    assert found["lanes"]["node-2"] == [
        [0, "serving", 1],
        [1, "not seen", None],
        [3, "serving", 1],
    ]
    assert events((SERVING,), None, (SERVING,)) == [[2, "node-2", "is seen again: serving"]]


def test_a_node_that_does_not_answer_is_told_once_and_has_not_joined_afterwards() -> None:
    assert events((SERVING,), (UNSEEN,), (UNSEEN,), (SERVING,)) == [
        [1, "node-2", "can't be seen"],
        [3, "node-2", "is seen again: serving"],
    ]


def test_what_it_does_while_nobody_sees_it_is_told_when_it_is_seen() -> None:
    assert events((SERVING,), None, (DRAINING,))[-1] == [2, "node-2", "drains: 1 call"]


def test_a_machine_that_is_gone_stays_gone_and_comes_back_as_a_new_one() -> None:
    found = seen((SERVING,), (), None, (SERVING,))
    assert [one[1] for one in found["lanes"]["node-2"]] == ["serving", "gone", "serving"]
    assert found["events"][0] == [3, "node-2", "has joined"]


def test_days_are_kept_in_little_and_no_change_of_a_state_is_lost() -> None:
    many = 3 * timeline._MOST_SAMPLES
    looks = [(replace(SERVING, calls=second % 2),) for second in range(many)]
    lane = seen(*looks, (DRAINING,), *looks)["lanes"]["node-2"]
    assert len(lane) <= timeline._MOST_SAMPLES
    assert lane[0][0] == 0
    assert [many, "draining", 1] in lane
    assert [one[0] for one in lane] == sorted(one[0] for one in lane)
