"""Bounds that hold at set times: what was named last holds, by the clocks of the zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.settings.weekdays import DAYS
from scripts.autoscaling.cluster_load import Observation
from scripts.autoscaling.decision import Action, Past, Sample, decide
from scripts.autoscaling.scaling_policy import Measure, Policy, PolicyError
from scripts.autoscaling.scheduled_sizes import MAX, MIN, Schedule, scheduled_size
from tests.scripts.autoscaling.test_decision import quiet, seen

BERLIN = ZoneInfo("Europe/Berlin")
WORK = ("Mon-Fri 08:00 min=6", "Mon-Fri 19:00 min=2")


def schedule(*texts: str, zone: ZoneInfo | None = None) -> Schedule:
    return Schedule([scheduled_size(text) for text in texts], zone or UTC)


def policy(*texts: str, zone: ZoneInfo | None = None) -> Policy:
    return Policy(
        maximum=8, targets={Measure.CALLS: 10}, slack=0.0, schedule=schedule(*texts, zone=zone)
    )


def bounds(of: Policy, *at: int, zone: ZoneInfo | None = None) -> str:
    now = of.at(datetime(2026, *at, tzinfo=zone or UTC).timestamp())  # type: ignore[arg-type]
    return f"{now.minimum} to {now.maximum}"


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ((12, 2, 7, 59), "2 to 8"),
        ((12, 2, 8, 0), "6 to 8"),
        ((12, 2, 18, 59), "6 to 8"),
        ((12, 2, 19, 0), "2 to 8"),
        ((12, 6, 12, 0), "2 to 8"),
        ((12, 7, 8, 0), "6 to 8"),
    ],
)
def test_what_was_named_last_holds_over_a_weekend_too(at: tuple[int, ...], expected: str) -> None:
    assert bounds(policy(*WORK), *at) == expected


def test_each_bound_is_scheduled_by_itself() -> None:
    night = policy("daily 08:00 min=3", "daily 20:00 min=2 max=4", "daily 06:00 max=8")
    assert bounds(night, 12, 2, 12) == "3 to 8"
    assert bounds(night, 12, 2, 21) == "2 to 4"
    assert bounds(night, 12, 3, 7) == "2 to 8"


def test_times_are_those_of_the_zone() -> None:
    assert bounds(policy(*WORK, zone=BERLIN), 12, 2, 7) == "6 to 8"
    assert bounds(policy(*WORK, zone=BERLIN), 7, 1, 6) == "6 to 8"
    assert bounds(policy(*WORK, zone=BERLIN), 7, 1, 5, 59) == "2 to 8"


def test_a_time_that_the_clocks_skip_comes_when_they_have_been_put_forward() -> None:
    """On 29 March 2026 Berlin goes from 02:00 to 03:00, at 01:00 UTC."""
    of = policy("Sun 02:30 min=6", "Sun 12:00 min=2", zone=BERLIN)
    assert bounds(of, 3, 29, 1, 29) == "2 to 8"
    assert bounds(of, 3, 29, 1, 30) == "6 to 8"


def test_of_a_time_that_they_show_twice_the_first_counts() -> None:
    """On 25 October 2026 Berlin goes from 03:00 back to 02:00, at 01:00 UTC."""
    of = policy("Sun 02:30 min=6", "Sun 12:00 min=2", zone=BERLIN)
    assert bounds(of, 10, 25, 0, 29) == "2 to 8"
    assert bounds(of, 10, 25, 0, 30) == "6 to 8"
    assert bounds(of, 10, 25, 1, 15) == "6 to 8"


def test_two_times_in_the_hour_that_is_skipped_leave_a_policy_that_makes_sense() -> None:
    of = policy("Sun 03:00 min=2", "Sun 02:59 min=1 max=5", "Sat 00:00 min=4 max=6", zone=BERLIN)
    for minute in range(120):
        at = datetime(2026, 3, 29, 0, 30, tzinfo=UTC) + timedelta(minutes=minute)
        assert of.at(at.timestamp()).minimum <= of.at(at.timestamp()).maximum


def mistakes(*texts: str) -> tuple[str, ...]:
    with pytest.raises(PolicyError) as refused:
        policy(*texts)
    return refused.value.mistakes


def test_a_bound_that_nothing_changes_back_is_a_mistake() -> None:
    (mistake,) = mistakes("Mon-Fri 08:00 min=6")
    assert mistake.startswith("--at 'Mon-Fri 08:00 min=6': min=6 would hold for ever")


def test_all_that_does_not_fit_is_told_at_once() -> None:
    told = mistakes("Mon 08:00 min=9", "Sat 08:00 min=2", "Mon-Fri 12:00 max=5", "Mon 08:00 min=3")
    assert "max=5 would hold for ever" in told[0]
    assert told[1] == (
        "--at 'Mon 08:00 min=9' and --at 'Mon 08:00 min=3': another min at the same time"
    )
    assert "from Mon 08:00 on there would be at least 9 nodes, at most 5" in told[2]
    assert len(told) == 3


@pytest.mark.parametrize(
    "text",
    [
        "Mon-Fri 08:00",
        "Mon-Fri 8:00 min=6",
        "08:00 min=6",
        "Mon 24:00 min=6",
        "Mon 08:00 min=0",
        "Mon 08:00 min=6 min=7",
        "Mon 08:00 min=6,max=7",
    ],
)
def test_what_is_no_scheduled_size_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="such as 'Mon-Fri 08:00 min=6'"):
        scheduled_size(text)


def at(*when: int) -> float:
    return datetime(2026, *when, tzinfo=UTC).timestamp()  # type: ignore[arg-type]


def test_nodes_are_there_from_the_time_on_without_a_call() -> None:
    before = decide(policy(*WORK), at(12, 2, 7, 59), seen(2, 0), Past())
    assert before.action is Action.HOLD
    then = decide(policy(*WORK), at(12, 2, 8), seen(2, 0), Past())
    assert then.action is Action.OUT
    assert then.wanted is not None
    assert then.wanted.count == 6
    assert "6 to 8 nodes, by --at 'Mon-Fri 08:00 min=6'" in then.reasons


def test_afterwards_they_leave_as_ever_one_by_one_once_it_has_been_quiet() -> None:
    now = at(12, 2, 19)
    samples = [Sample(one.at - 1_000_000.0 + now, one.demand) for one in quiet(0).samples]
    early = decide(policy(*WORK), now, seen(6, 0), Past())
    assert early.action is Action.HOLD
    late = decide(policy(*WORK), now, seen(6, 0), Past(samples))
    assert (late.action, late.wanted and late.wanted.count) == (Action.IN, 5)


sizes = st.lists(
    st.tuples(
        st.sampled_from(DAYS),
        st.integers(0, 23),
        st.sampled_from([MIN, MAX]),
        st.integers(1, 9),
    ),
    min_size=1,
    max_size=6,
)
moments = st.datetimes(
    datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.sampled_from([UTC, BERLIN])
)


@given(sizes, moments)
def test_what_holds_is_the_last_that_a_walk_back_meets(
    given_: list[tuple[str, int, str, int]], now: datetime
) -> None:
    of = schedule(*(f"{day} {hour:02}:00 {bound}={count}" for day, hour, bound, count in given_))
    for bound in (MIN, MAX):
        held = of.holds(bound, now.timestamp())
        step = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        met: list[int] = []
        for _ in range(7 * 24 + 1):
            met = [
                count
                for day, hour, name, count in given_
                if name == bound and (DAYS.index(day), hour) == (step.weekday(), step.hour)
            ]
            if met:
                break
            step -= timedelta(hours=1)
        assert (held.bounds[bound] if held else None) == (met[0] if met else None)


def test_a_time_that_comes_leaves_an_update_alone_that_brings_nodes() -> None:
    updating = Observation(
        seen(6, 0).wanted, frozenset({1}), frozenset(), {Measure.CALLS: 0.0}, updating=True
    )
    assert decide(policy(*WORK), at(12, 2, 8), updating, Past()).action is Action.HOLD
