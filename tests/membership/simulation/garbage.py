"""Answers with something else in them than the reference documents."""

from __future__ import annotations

from random import Random
from typing import Any

_SCALARS = (None, True, 0, -1, 1e300, 10**400, float("nan"), "", "x", "a\nb", "\ud800", "a/b")
_KEYS = ("content", "numberOfElements", "id", "ip", "sessions", "x")


def garbled(answer: Any, random: Random) -> Any:
    """An answer with anything in one place of it, maybe in the whole's.

    Args:
        answer: JSON, as it would be.
        random: chooses the place, and what's there.
    """
    if not answer or not isinstance(answer, dict | list) or random.random() < 0.2:
        return _anything(random)
    if isinstance(answer, list):
        place = random.randrange(len(answer))
        return [*answer[:place], garbled(answer[place], random), *answer[place + 1 :]]
    key = random.choice(sorted(answer))
    return {**answer, key: garbled(answer[key], random)}


def _anything(random: Random, depth: int = 2) -> Any:
    if depth == 0 or random.random() < 0.5:
        return random.choice(_SCALARS)
    inner = [_anything(random, depth - 1) for _ in range(random.randrange(3))]
    return inner if random.random() < 0.5 else {random.choice(_KEYS): one for one in inner}
