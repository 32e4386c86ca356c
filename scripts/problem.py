"""What somebody has to do something about."""

from __future__ import annotations

from typing import NamedTuple


class Problem(NamedTuple):
    """A problem, in words.

    Attributes:
        said: what was found.
        next: what to do about it.
    """

    said: str
    next: str
