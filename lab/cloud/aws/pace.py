"""How long OpenSearch Service and ElastiCache take: no time at all, or as long as AWS.

Whoever asks sees what is under way until then.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Any

VARIABLE = "OPENVIDU_LAB_SERVICES_PACE"
"""1: as long as AWS takes; 0.1: a tenth of it; 0, and without it: no time."""


class Pace:
    """Carries out what takes time on AWS."""

    def __init__(self, factor: float | None = None) -> None:
        """Choose a pace.

        Args:
            factor: what AWS's own time is multiplied with; None for that of the environment.
        """
        self._factor = float(os.environ.get(VARIABLE) or 0) if factor is None else factor

    def carry_out(
        self, thing: Any, word: str, minutes: float, done: Callable[[], object] = lambda: None
    ) -> None:
        """Say what is under way with a thing, until it's done.

        Args:
            thing: gets it as `under_way`, and None afterwards.
            word: what is under way, such as `creating`.
            minutes: how long AWS takes.
            done: called then.
        """
        mark = [word]
        thing.under_way = mark

        def end() -> None:
            # Something else may have begun since.
            if thing.under_way is mark:
                thing.under_way = None
                done()

        if not self._factor:
            end()
            return
        timer = threading.Timer(minutes * 60 * self._factor, end)
        timer.daemon = True
        timer.start()


def under_way(thing: Any) -> str | None:
    """What is under way with a thing."""
    mark = getattr(thing, "under_way", None)
    return str(mark[0]) if mark else None
