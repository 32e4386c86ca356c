"""Days of the week and time zones, as operators type them: `Mon-Fri`, `Europe/Berlin`. Pure."""

from __future__ import annotations

from zoneinfo import ZoneInfo

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
"""By their number, as `datetime.weekday` counts."""
_DAY = "|".join(DAYS)
_SOME_DAYS = rf"(?:{_DAY})(?:-(?:{_DAY}))?"
DAILY = "daily"
PATTERN = rf"{DAILY}|{_SOME_DAYS}(?:,{_SOME_DAYS})*"
"""What `numbers` takes, for a larger pattern."""


def numbers(text: str) -> frozenset[int]:
    """Days by their number; `Fri-Mon` goes over the end of the week.

    Args:
        text: matches `PATTERN`.
    """
    found: set[int] = set()
    for part in ("Mon-Sun" if text == DAILY else text).split(","):
        first, _, last = part.partition("-")
        begin = DAYS.index(first)
        length = (DAYS.index(last or first) - begin) % len(DAYS)
        found |= {(begin + more) % len(DAYS) for more in range(length + 1)}
    return frozenset(found)


def time_zone(name: str) -> ZoneInfo:
    """A time zone by its IANA name.

    Raises:
        ValueError: with what it takes.
    """
    try:
        return ZoneInfo(name)
    # Source: Python, zoneinfo: ZoneInfoNotFoundError is a KeyError; a folder's name is an OSError.
    except (KeyError, ValueError, OSError):
        raise ValueError(
            "a time zone that this computer has (package tzdata), such as Europe/Berlin"
        ) from None
