"""How long calls last: `60s..180s`, from the command line to seconds."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass

_UNITS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0}
_DURATION = re.compile(r"(\d{1,9}(?:\.\d{1,3})?)([smh]?)", re.ASCII)
_LONGEST = 7 * 24 * 3600.0


class LengthError(ValueError):
    """A text that is no duration, or no range of them; it says what was expected."""


def duration(text: str) -> float:
    """Seconds of a text such as `90`, `60s`, `1.5m` or `2h`.

    Raises:
        LengthError: it is no duration, is zero, or is longer than a week.
    """
    found = _DURATION.fullmatch(text.strip())
    if found is None:
        raise LengthError(f"{text!r} is no duration; expected a number with s, m or h, as in 90s")
    seconds = float(found[1]) * _UNITS[found[2]]
    if not 0 < seconds <= _LONGEST:
        raise LengthError(f"{text!r} is out of range; expected more than 0s, and 168h at most")
    return seconds


@dataclass(frozen=True)
class Lengths:
    """A range of lengths.

    Attributes:
        shortest: seconds.
        longest: seconds, not less than `shortest`.
    """

    shortest: float
    longest: float

    @classmethod
    def parse(cls, text: str) -> Lengths:
        """Read `MIN..MAX`, or one duration for both.

        Raises:
            LengthError: a part is no duration, or MIN is more than MAX.
        """
        first, dots, last = text.partition("..")
        shortest = duration(first)
        longest = duration(last) if dots else shortest
        if shortest > longest:
            raise LengthError(f"{text!r}: the first is longer than the last; expected MIN..MAX")
        return cls(shortest, longest)

    def choose(self, seed: int, number: int) -> float:
        """The length of call `number`: the same for the same seed, whatever ran before it."""
        # Not for secrets: it has to be the same again.
        drawn = random.Random(f"{seed}/{number}").uniform(self.shortest, self.longest)  # noqa: S311
        return round(drawn, 3)
