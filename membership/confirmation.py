"""How often, and for how long, a node has to be seen out before that is believed."""

from __future__ import annotations

from membership.clock import Clock
from membership.witnesses import Observation, is_certain

LOOKS = 3
"""Looks in a row that must say that the node is out."""
LOOKS_ALONE = 10
"""The same, when no node is left that could be asked."""
SECONDS = 5.0
"""From the first of them to the last: a container that is started again may be back by then."""


class Confirmation:
    """Looks in a row that say the same."""

    def __init__(self, clock: Clock) -> None:
        """Begin without a look."""
        self._clock = clock
        self._looks = 0
        self._since = 0.0

    def look(self, *, says_so: bool) -> None:
        """Count a look; one that doesn't say so has the count begin anew."""
        if says_so and not self._looks:
            self._since = self._clock.monotonic()
        self._looks = self._looks + 1 if says_so else 0

    @property
    def seconds(self) -> float:
        """How long all looks have said so."""
        return self._clock.monotonic() - self._since if self._looks else 0.0

    def is_enough(self, seen: Observation) -> bool:
        """Whether the last look, and those before it, are enough."""
        if not self._looks or is_certain(seen):
            return self._looks > 0
        enough = LOOKS if seen.listed is None else LOOKS_ALONE
        return self._looks >= enough and self.seconds >= SECONDS
