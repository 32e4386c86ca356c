"""Looks at a deployment again and again, and says what the last look found while it is fresh."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from prometheus_client.metrics_core import GaugeMetricFamily
from prometheus_client.registry import Collector

from scripts.monitoring.metrics import (
    LOOK_SECONDS,
    LOOKED,
    LOOKED_AT,
    UP,
    Look,
    Sample,
    families,
    samples_of,
)
from scripts.pulumi_cli import PulumiError

_LOOK_SECONDS = 60.0
"""A look at machines that don't answer takes about half of it."""


@dataclass(frozen=True)
class _Ended:
    """A look that has ended.

    Attributes:
        at: when it began.
        monotonic: likewise, by the clock that doesn't step.
        seconds: how long it took.
        look: what it found; None where nothing could be looked at.
    """

    at: datetime
    monotonic: float
    seconds: float
    look: Look | None


class Looking(Collector):
    """The last look, as what a registry collects."""

    def __init__(
        self,
        look: Callable[[datetime], Look],
        say: Callable[[str], None],
        *,
        interval: float,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare; nothing is looked at yet.

        Args:
            look: looks, at that time; raises `PulumiError` where it can't.
            say: tells the operator that the cluster can't be seen, or can again.
            interval: seconds between looks.
            monotonic: seconds of a clock that doesn't step.
        """
        self._look = look
        self._say = say
        self._monotonic = monotonic
        self._fresh_seconds = 2 * interval + _LOOK_SECONDS
        self._last: _Ended | None = None
        self._said: str | None = None

    def look_again(self) -> None:
        """Look once. What can't be seen is told, and no reason to end."""
        at, began = datetime.now(UTC), self._monotonic()
        try:
            found, reason = self._look(at), None
        except (PulumiError, OSError) as error:
            found, reason = None, str(error)
        self._last = _Ended(at, began, self._monotonic() - began, found)
        self._tell(reason if found is None else found.status.reason)

    def _tell(self, reason: str | None) -> None:
        """Say what has changed, not the same again and again."""
        said = None if reason is None else " ".join(reason.split()) or "no reason told"
        if said != self._said:
            self._say("the cluster is seen again" if said is None else f"not seen: {said}")
        self._said = said

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """What is known now; of a look that is too old, only when it was."""
        last = self._last
        is_fresh = last is not None and self._monotonic() - last.monotonic <= self._fresh_seconds
        has_told = last is not None and last.look is not None and bool(last.look.status.state)
        found = [Sample(UP, is_fresh and has_told)]
        if last is not None:
            found += [
                Sample(LOOKED_AT, last.at.timestamp()),
                Sample(LOOKED, has_told),
                Sample(LOOK_SECONDS, last.seconds),
            ]
            if is_fresh and last.look is not None:
                found += samples_of(last.look)
        yield from families(found)
