"""When `changeWindow` is open: over midnight, and where clocks are put forward or back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.settings.change_window import ChangeWindow, change_window

BERLIN = ZoneInfo("Europe/Berlin")
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MINUTE = timedelta(minutes=1)


def window(text: str) -> ChangeWindow:
    found = change_window(text)
    assert found is not None
    return found


def minutes_open(text: str, begin: datetime, length: timedelta) -> list[str]:
    """The minutes of UTC in which a window is open."""
    of, minutes = window(text), int(length / MINUTE)
    times = [begin.astimezone(UTC) + number * MINUTE for number in range(minutes)]
    return [f"{one:%H:%M}" for one in times if of.is_open(one)]


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("Sat,Sun 02:00-05:00 UTC", "Sat Sun"),
        ("Mon-Fri 02:00-05:00 UTC", "Mon Tue Wed Thu Fri"),
        ("Fri-Mon 02:00-05:00 UTC", "Mon Fri Sat Sun"),
        ("Tue,Thu-Fri 02:00-05:00 UTC", "Tue Thu Fri"),
        ("daily 02:00-05:00 UTC", "Mon Tue Wed Thu Fri Sat Sun"),
    ],
)
def test_days_are_named_one_by_one_or_from_one_to_another(text: str, days: str) -> None:
    assert [DAYS[number] for number in sorted(window(text).days)] == days.split()


def test_now_is_any_time() -> None:
    assert change_window("now") is None


@pytest.mark.parametrize(
    "text",
    [
        "Sat 02:00-05:00",
        "Sat 02:00-05:00 Europe/Atlantis",
        "Sat 02:00-05:00 ../../etc/passwd",
        "Sat 02:00-05:00 Europe",
        "sat 02:00-05:00 UTC",
        "Sat, Sun 02:00-05:00 UTC",
        "Sat 2:00-5:00 UTC",
        "Sat 02:00-02:00 UTC",
        "Sat 02:00-24:01 UTC",
        "Sat 24:00-02:00 UTC",
        "02:00-05:00 UTC",
        "0 2 * * 6",
    ],
)
def test_what_is_no_window_is_refused_with_what_is_one(text: str) -> None:
    with pytest.raises(ValueError, match=r"02:00-05:00|Europe/Berlin") as refused:
        change_window(text)
    assert text not in str(refused.value)


def test_a_window_over_midnight_belongs_to_the_day_on_which_it_opens() -> None:
    friday = window("Fri 22:00-02:00 Europe/Berlin")
    assert not friday.is_open(datetime(2026, 12, 4, 21, 59, tzinfo=BERLIN))
    assert friday.is_open(datetime(2026, 12, 4, 22, 0, tzinfo=BERLIN))
    assert friday.is_open(datetime(2026, 12, 5, 1, 59, tzinfo=BERLIN))
    assert not friday.is_open(datetime(2026, 12, 5, 2, 0, tzinfo=BERLIN))
    assert not friday.is_open(datetime(2026, 12, 4, 1, 0, tzinfo=BERLIN))


def test_it_is_open_by_the_clocks_of_its_zone_whichever_zone_asks() -> None:
    berlin = window("daily 02:00-03:00 Europe/Berlin")
    assert berlin.is_open(datetime(2026, 1, 15, 1, 30, tzinfo=UTC))
    assert berlin.is_open(datetime(2026, 7, 15, 0, 30, tzinfo=UTC))
    assert berlin.is_open(datetime(2026, 1, 15, 10, 30, tzinfo=ZoneInfo("Asia/Tokyo")))


def test_what_the_clock_skips_is_no_part_of_a_window() -> None:
    """On 29 March 2026 Berlin goes from 02:00 to 03:00, at 01:00 UTC."""
    night = datetime(2026, 3, 29, 0, 0, tzinfo=BERLIN)
    open_ = minutes_open("Sun 02:00-05:00 Europe/Berlin", night, timedelta(hours=8))
    assert (open_[0], open_[-1], len(open_)) == ("01:00", "02:59", 120)
    assert not minutes_open("Sun 02:15-02:45 Europe/Berlin", night, timedelta(hours=8))
    opens = window("Sun 02:15-02:45 Europe/Berlin").next_open(night)
    assert opens == datetime(2026, 4, 5, 2, 15, tzinfo=BERLIN)


def test_what_the_clock_shows_twice_is_open_twice() -> None:
    """On 25 October 2026 Berlin goes from 03:00 back to 02:00, at 01:00 UTC."""
    night = datetime(2026, 10, 25, 0, 0, tzinfo=BERLIN)
    open_ = minutes_open("Sun 02:00-02:30 Europe/Berlin", night, timedelta(hours=8))
    assert [open_[0], open_[29], open_[30], open_[-1]] == ["00:00", "00:29", "01:00", "01:29"]
    assert len(open_) == 60


windows = st.builds(
    lambda days, times, zone: (
        f"{','.join(days)} {times[0] // 60:02}:{times[0] % 60:02}-"
        f"{times[1] // 60:02}:{times[1] % 60:02} {zone}"
    ),
    st.lists(st.sampled_from(DAYS), min_size=1, unique=True),
    st.lists(st.integers(0, 24 * 60 - 1), min_size=2, max_size=2, unique=True),
    st.sampled_from(["UTC", "Asia/Kolkata", "Asia/Kathmandu", "America/Phoenix"]),
)
"""Of zones whose clocks are never put forward or back."""


@given(windows, st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC)))
def test_a_week_has_each_window_once(text: str, begin: datetime) -> None:
    of = window(text)
    opens = of.next_open(begin)
    assert begin <= opens <= begin + timedelta(weeks=1)
    assert of.is_open(opens)
    there = opens.astimezone(of.zone)
    if not of.is_open(begin):
        assert there.weekday() in of.days
        assert there.hour * 60 + there.minute == of.opens
        assert not of.is_open(opens - MINUTE)
    assert of.is_open(opens + timedelta(weeks=1))


@given(windows, st.integers(0, 100))
def test_it_is_as_long_as_its_hours(text: str, weeks: int) -> None:
    of = window(text)
    monday = datetime(2026, 1, 5, tzinfo=of.zone) + timedelta(weeks=weeks)
    length = (of.closes - of.opens) % (24 * 60)
    for day in of.days:
        opens = monday + timedelta(days=day, minutes=of.opens)
        assert not of.is_open(opens - MINUTE)
        assert all(of.is_open(opens + n * MINUTE) for n in (0, length // 2, length - 1))
        assert not of.is_open(opens + length * MINUTE)


@given(st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC)))
def test_the_whole_week_is_always_open(at: datetime) -> None:
    assert window("daily 00:00-24:00 America/New_York").is_open(at)
    assert window("Mon-Sun 00:00-24:00 UTC").is_open(at)
