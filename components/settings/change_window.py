"""When what carries calls may restart, be upgraded or be replaced: the key `changeWindow`. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from components.settings import weekdays

ANY_TIME = "now"
"""What stands for no window at all."""
_WINDOW = re.compile(
    rf"({weekdays.PATTERN}) "
    r"([01][0-9]|2[0-3]):([0-5][0-9])-([01][0-9]|2[0-4]):([0-5][0-9]) (\S+)"
)
_WHOLE_DAY = 24 * 60
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class ChangeWindow:
    """Hours that come again each week, as the clocks of a time zone show them.

    Where a clock is put forward over the whole of it, it isn't open on that day; what a clock that
    is put back shows twice is open twice.

    Attributes:
        days: on which it opens, Monday is 0.
        opens, closes: minutes of the day; it closes on the next day where that isn't later.
        zone: whose clocks.
        text: as it's configured.
    """

    days: frozenset[int]
    opens: int
    closes: int
    zone: ZoneInfo
    text: str

    def is_open(self, at: datetime) -> bool:
        """Whether it's open at a time, which has a time zone, whichever."""
        there = at.astimezone(self.zone)
        minute, day = there.hour * 60 + there.minute, there.weekday()
        if self.opens < self.closes:
            return day in self.days and self.opens <= minute < self.closes
        if minute >= self.opens:
            return day in self.days
        return (day - 1) % len(weekdays.DAYS) in self.days and minute < self.closes

    def next_open(self, at: datetime) -> datetime:
        """The first minute from a time on in which it's open, in UTC."""
        minute = at.astimezone(UTC)
        while not self.is_open(minute):
            minute = minute.replace(second=0, microsecond=0) + _MINUTE
        return minute


def change_window(text: str) -> ChangeWindow | None:
    """A window such as `Sat,Sun 02:00-05:00 Europe/Berlin`; None for `now`, which is any time.

    Raises:
        ValueError: with what it takes.
    """
    if text == ANY_TIME:
        return None
    found = _WINDOW.fullmatch(text)
    if not found:
        raise ValueError(
            "days, hours and a time zone, such as Sat,Sun 02:00-05:00 Europe/Berlin, "
            f"Mon-Fri 22:00-04:00 UTC or daily 03:00-04:00 UTC; or {ANY_TIME}"
        )
    days, *times, name = found.groups()
    opens, closes = (int(times[at]) * 60 + int(times[at + 1]) for at in (0, 2))
    if opens == closes or closes > _WHOLE_DAY:
        raise ValueError("hours that differ, up to 24:00, as in 02:00-05:00 or 00:00-24:00")
    zone = weekdays.time_zone(name)
    return ChangeWindow(weekdays.numbers(days), opens, closes, zone, text)
