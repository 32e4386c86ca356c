"""A day of calls: synthetic, and the same for the same seed.

Calls begin at random, as often as the hour has it: quiet nights, a morning that rises fast, lunch,
an afternoon, and one burst that nobody announced. Their lengths are log-normal: most short, a few
very long.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

MINUTES = 24 * 60
_HOURLY = (
    *(20, 15, 15, 15, 20, 30, 80, 170, 280, 340, 330, 300),
    *(220, 290, 330, 310, 260, 190, 130, 100, 90, 70, 45, 30),
)
"""Calls that begin in each hour of a working day."""
_BURST_MINUTES = range(19 * 60 + 30, 19 * 60 + 50)
_BURST_TIMES = 4
"""An event in the evening, when nodes have begun to leave."""
_MEDIAN_LENGTH, _SPREAD, _LONGEST = 18.0, 0.8, 240.0
"""Minutes; the spread is that of the logarithm."""


@dataclass(frozen=True)
class Call:
    """A call: when it begins, in minutes of the day, and how many minutes it takes."""

    begins: float
    length: float


def a_day(seed: int) -> list[Call]:
    """The calls of a day in the order in which they begin."""
    chance = random.Random(seed)  # noqa: S311 - a simulation
    calls = []
    for minute in range(MINUTES):
        begins = float(minute)
        # Gaps between events that come by themselves are exponential.
        while (begins := begins + chance.expovariate(_rate(minute))) < minute + 1:
            length = chance.lognormvariate(math.log(_MEDIAN_LENGTH), _SPREAD)
            calls.append(Call(begins, min(length, _LONGEST)))
    return calls


def _rate(minute: int) -> float:
    """Calls a minute, between the hours in a straight line."""
    hour, part = divmod(minute / 60, 1)
    here, there = _HOURLY[int(hour)], _HOURLY[(int(hour) + 1) % 24]
    rate = (here + (there - here) * part) / 60
    return rate * (_BURST_TIMES if minute in _BURST_MINUTES else 1)
