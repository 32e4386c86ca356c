"""What who is on call is told of a join and of a drain, and how often."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from membership.answers import Answers, Health, Refused, Silent, Unknown
from membership.context import Run
from membership.doubt import declare_dead
from membership.drain import Outcome, drain, remove
from membership.errors import MembershipError
from membership.join import join
from membership.ownership import move
from membership.policy import Policy
from membership.registry import Phase
from tests.membership.worlds import BUSY, IDLE, NODE, OTHER, RUN, Listed, Scene, scene

Look = tuple[Listed, Health]
DRAINS: Look = ([BUSY, OTHER], Answers(200))
LEFT: Look = ([OTHER], Silent())


def joins(world: Scene) -> None:
    """Have the node be ready, and join."""
    world.cluster.shows([([IDLE, OTHER], Answers(200))])
    world.cluster.media_nodes()
    join(NODE, 1, RUN, world.context)


def names(scene: Scene) -> list[str]:
    return [event.name for event in scene.told]


def test_a_drain_is_told_when_it_begins_and_when_it_has_ended(tmp_path: Path) -> None:
    world = scene(tmp_path, [DRAINS] * 5 + [LEFT] * 3)
    assert drain(NODE, RUN, world.context) is Outcome.LEFT
    assert [event.text for event in world.told] == [
        "node-2 drains: 2 calls, limit 6:00:00",
        "node-2 has left: its drain is over",
    ]
    assert {event.node for event in world.told} == {"node-2"}


def test_a_drain_that_another_run_carries_on_is_told_once(tmp_path: Path) -> None:
    world = scene(tmp_path, [DRAINS] * 5 + [(Unknown("no answer"), Unknown("none"))] * 3)
    asking = Run("asking", asks=True)
    assert drain(NODE, asking, world.context) is Outcome.DOUBT
    world.cluster.shows([DRAINS] * 5 + [LEFT] * 3)
    assert drain(NODE, Run("another"), world.context) is Outcome.LEFT
    remove(NODE, Run("another"), world.context)
    assert names(world) == ["drain-began", "drain-ended"]


def test_a_drain_that_was_over_is_not_told_again(tmp_path: Path) -> None:
    world = scene(tmp_path, [DRAINS] * 5 + [LEFT] * 3)
    drain(NODE, RUN, world.context)
    drain(NODE, RUN, world.context)
    # As before an upgrade, where it is looked at again how far it has come.
    move(NODE, Phase.DRAINING, world.context)
    drain(NODE, RUN, world.context)
    assert names(world) == ["drain-began", "drain-ended"]


def test_a_node_that_comes_back_and_drains_again_is_told_again(tmp_path: Path) -> None:
    world = scene(tmp_path, [DRAINS] * 5 + [LEFT] * 3)
    drain(NODE, RUN, world.context)
    remove(NODE, RUN, world.context)
    world.cluster.waiting = False
    joins(world)
    world.cluster.shows([DRAINS] * 5 + [LEFT] * 3)
    drain(NODE, RUN, world.context)
    assert names(world) == ["drain-began", "drain-ended", "joined", "drain-began", "drain-ended"]


def test_a_drain_is_stuck_when_half_of_its_limit_is_over_and_then_each_hour(
    tmp_path: Path,
) -> None:
    world = scene(tmp_path, [DRAINS])
    world.policy = Policy(limit=timedelta(hours=6))
    with pytest.raises(MembershipError, match="still waiting"):
        drain(NODE, RUN, world.context)
    stuck = [event for event in world.told if event.name == "drain-stuck"]
    assert [event.facts["waitedSeconds"] // 60 for event in stuck] == [180, 240, 300, 360]
    assert "node-2 is still draining after 3:00:0" in stuck[0].text
    assert "of 6:00:00: waiting for 2 calls" in stuck[0].text
    assert "Next: uv run openvidu-enterprise status node-2" in stuck[0].text
    assert stuck[0].facts["limitSeconds"] == 6 * 3600


def test_a_drain_is_not_told_to_be_stuck_twice_as_it_is_carried_on(tmp_path: Path) -> None:
    world = scene(tmp_path, [DRAINS])
    world.policy = Policy(limit=timedelta(hours=6))
    unseen: Look = (Unknown("no answer"), Unknown("none"))
    world.cluster.shows([DRAINS] * int(3.5 * 3600 / 2) + [unseen] * 3)
    assert drain(NODE, Run("asking", asks=True), world.context) is Outcome.DOUBT
    world.cluster.shows([DRAINS] * 60 + [LEFT] * 3)
    drain(NODE, Run("another"), world.context)
    assert names(world) == ["drain-began", "drain-stuck", "drain-ended"]


def test_a_drain_that_the_api_refuses_is_told_from_its_begin_to_its_end(tmp_path: Path) -> None:
    world = scene(tmp_path, [DRAINS])
    world.policy = Policy(limit=timedelta(minutes=20), without_api=True)
    world.cluster.answer_to_patch = Refused(405, "no")
    with pytest.raises(MembershipError, match="still waiting"):
        drain(NODE, RUN, world.context)
    assert names(world) == ["drain-began", "drain-stuck"]
    assert world.told[0].text == (
        "node-2 is to leave, and waits for a moment without calls: 2 calls, limit 0:20:00. "
        "It still takes new ones, as the API answers 405"
    )
    assert world.told[0].facts == {"calls": 2, "limitSeconds": 1200}
    # The next run asks the API anew, and is refused again.
    world.cluster.shows([([IDLE, OTHER], Answers(200))])
    assert drain(NODE, Run("another"), world.context) is Outcome.STOP
    world.cluster.shows([LEFT] * 3)
    assert drain(NODE, Run("third"), world.context) is Outcome.LEFT
    assert names(world) == ["drain-began", "drain-stuck", "drain-ended"]


def test_calls_that_were_cut_as_that_was_chosen_are_told(tmp_path: Path) -> None:
    world = scene(tmp_path, [DRAINS])
    world.policy = Policy(limit=timedelta(minutes=20), force=True)
    assert drain(NODE, RUN, world.context) is Outcome.GONE
    assert names(world) == ["drain-began", "drain-stuck", "drain-ended"]
    assert "its calls were cut, as forceAfterDrainTimeout is set" in world.told[-1].text


def test_a_drain_that_waits_for_its_turn_has_not_begun(tmp_path: Path) -> None:
    world = scene(tmp_path, [DRAINS], others=())
    with pytest.raises(MembershipError):
        drain(NODE, RUN, world.context)
    assert names(world) == []


def test_a_node_that_is_dead_is_told_to_have_left(tmp_path: Path) -> None:
    world = scene(tmp_path, [([OTHER], Unknown("no route"))])
    declare_dead(NODE, RUN.id, world.context)
    assert drain(NODE, RUN, world.context) is Outcome.GONE
    assert names(world) == ["drain-ended"]


def test_a_node_that_joins_is_told_and_one_that_is_there_is_not(tmp_path: Path) -> None:
    world = scene(tmp_path, [])
    joins(world)
    assert world.told == []
    move(NODE, Phase.STARTING, world.context)
    joins(world)
    assert [event.text for event in world.told] == [
        "node-2 has joined: 10.5.0.7 is in the load balancer"
    ]
