"""Bounds that change at set times: `--at "Mon-Fri 08:00 min=6"`. Pure.

Each holds from its time on, until another one says something else of the same bound.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta, tzinfo

from components.settings import weekdays

_AT = re.compile(
    rf"({weekdays.PATTERN}) ([01][0-9]|2[0-3]):([0-5][0-9])"
    r"((?: (?:min|max)=(?:[1-9][0-9]{0,3}))+)"
)
_WEEK = len(weekdays.DAYS)
MIN, MAX = "min", "max"
"""The bounds."""


@dataclass(frozen=True)
class ScheduledSize:
    """Bounds that hold from a time of some days on.

    Attributes:
        days: Monday is 0.
        at: time of the day.
        bounds: nodes, by `min` or `max`.
        text: as it was typed.
    """

    days: frozenset[int]
    at: time
    bounds: Mapping[str, int]
    text: str

    def last_before(self, now: datetime) -> datetime:
        """When it began to hold last, until `now`, whose time zone is that of the times.

        A time that the clocks skip comes when they have been put forward; of one that they show
        twice the first counts.
        """
        dates = (now.date() - timedelta(days=back) for back in range(_WEEK + 1))
        times = (
            datetime.combine(date, self.at, now.tzinfo).astimezone(UTC)
            for date in dates
            if date.weekday() in self.days
        )
        return next(one for one in times if one <= now)


@dataclass(frozen=True)
class Schedule:
    """All scheduled sizes.

    Attributes:
        sizes: in the order in which they were typed.
        zone: of their times.
    """

    sizes: Sequence[ScheduledSize] = ()
    zone: tzinfo = field(default=UTC)

    def holds(self, bound: str, now: float) -> ScheduledSize | None:
        """What holds for a bound at a time; None where nothing is scheduled for it.

        Args:
            bound: `min` or `max`.
            now: Unix seconds.
        """
        there = datetime.fromtimestamp(now, self.zone)
        named = [one for one in self.sizes if bound in one.bounds]
        return max(named, key=lambda one: one.last_before(there), default=None)

    def turns(self) -> list[float]:
        """When something begins to hold in some week, in Unix seconds."""
        monday = datetime(2026, 1, 5, tzinfo=self.zone)
        return sorted(
            datetime.combine(monday + timedelta(days=day), one.at, self.zone).timestamp()
            for one in self.sizes
            for day in one.days
        )


def scheduled_size(text: str) -> ScheduledSize:
    """A scheduled size such as `Mon-Fri 08:00 min=6`, `daily 19:00 min=2 max=8`.

    Raises:
        ValueError: with what it takes.
    """
    found = _AT.fullmatch(text)
    bounds = [one.split("=") for one in found[4].split()] if found else []
    if not found or len({name for name, _ in bounds}) < len(bounds):
        raise ValueError(
            "days, a time, and min=NODES, max=NODES or both, such as 'Mon-Fri 08:00 min=6'"
        )
    return ScheduledSize(
        weekdays.numbers(found[1]),
        time(int(found[2]), int(found[3])),
        {name: int(count) for name, count in bounds},
        text,
    )


def find_mistakes(schedule: Schedule, minimum: int, maximum: int) -> list[str]:
    """What makes no sense of a schedule with what holds besides.

    Args:
        schedule: all of it.
        minimum: nodes at least where no `min` is scheduled.
        maximum: nodes at most where no `max` is scheduled.
    """
    mistakes = []
    for bound in (MIN, MAX):
        named = [one for one in schedule.sizes if bound in one.bounds]
        counts = {one.bounds[bound] for one in named}
        if len(counts) == 1:
            (count,) = counts
            mistakes.append(
                f"--at '{named[0].text}': {bound}={count} would hold for ever, as no other --at "
                f"changes it back; add one, or use --{bound} {count}"
            )
    return mistakes + _contradictions(schedule) + _crossed(schedule, minimum, maximum)


def _contradictions(schedule: Schedule) -> list[str]:
    """Two that say something else of the same bound at the same time."""
    return [
        f"--at '{one.text}' and --at '{other.text}': another {bound} at the same time"
        for place, one in enumerate(schedule.sizes)
        for other in schedule.sizes[place + 1 :]
        for bound in (MIN, MAX)
        if one.at == other.at
        and one.days & other.days
        and one.bounds.get(bound, other.bounds.get(bound))
        != other.bounds.get(bound, one.bounds.get(bound))
    ]


def _crossed(schedule: Schedule, minimum: int, maximum: int) -> list[str]:
    """Times at which there would be more nodes at least than at most."""
    for now in schedule.turns():
        held = {bound: schedule.holds(bound, now) for bound in (MIN, MAX)}
        least, most = (
            one.bounds[bound] if (one := held[bound]) else otherwise
            for bound, otherwise in ((MIN, minimum), (MAX, maximum))
        )
        if least > most:
            at = f"{datetime.fromtimestamp(now, schedule.zone):%a %H:%M}"
            return [f"--at: from {at} on there would be at least {least} nodes, at most {most}"]
    return []
