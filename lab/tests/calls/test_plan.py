"""What a generator is told."""

from __future__ import annotations

import json

import pytest

from lab.calls.lengths import Lengths
from lab.calls.plan import Door, Media, MediaError, Plan
from scripts.calls.ways import Way


def test_a_plan_is_the_same_after_its_way_to_the_generator() -> None:
    media = Media(3, (Way.STRAIGHT, Way.TURN_TCP))
    plan = Plan(Door("https://a", "secret"), 5, Lengths(1.0, 2.0), media=media, browsers=2)
    assert Plan.parse(json.loads(json.dumps(plan.as_json()))) == plan


def test_the_first_calls_carry_sound_by_the_ways_in_turns() -> None:
    media = Media.parse("3:straight,turn-udp")
    ways = [Way.STRAIGHT, Way.TURN_UDP, Way.STRAIGHT, None]
    assert [media.way_of(place) for place in range(4)] == ways


def test_sound_goes_straight_unless_said_otherwise() -> None:
    assert Media.parse("2") == Media(2, (Way.STRAIGHT,))


@pytest.mark.parametrize(
    ("media_server", "participants", "count"),
    [("", 2, 2), ("mediasoup", 3, 2), ("kurento", 2, 0), ("mediasoup", 1, 0)],
)
def test_two_calls_carry_sound_unless_nobody_could_hear_it(
    media_server: str, participants: int, count: int
) -> None:
    assert Media.usual(media_server, participants).count == count


@pytest.mark.parametrize("text", ["", "-1", "51", "two", "2:", "2:by-post", "2:straight,"])
def test_what_says_no_number_or_no_way_is_refused(text: str) -> None:
    with pytest.raises(MediaError, match="expected a number up to 50"):
        Media.parse(text)
