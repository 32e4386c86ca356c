"""Which sessions are calls: those with somebody in them, or somebody about to be.

OpenVidu keeps a session that nobody is in for an hour.
Source: OpenVidu's configuration, OPENVIDU_SESSIONS_GARBAGE_THRESHOLD.
"""

from __future__ import annotations

from collections.abc import Sequence

from membership.answers import Call
from membership.clock import Clock

JOINING_SECONDS = 60.0
"""A session that is known for so long, and has nobody in it, is no call."""


class Joining:
    """Counts how long each session is known here.

    When it was made is told by another machine's time of day, which this one's needn't agree with.
    """

    def __init__(self, clock: Clock) -> None:
        """Begin; no session is known yet.

        Args:
            clock: time.
        """
        self._clock = clock
        self._first_seen: dict[str, float] = {}

    def live(self, calls: Sequence[Call]) -> list[Call]:
        """Those of the sessions that there are now that are calls."""
        now = self._clock.monotonic()
        self._first_seen = {call.id: self._first_seen.get(call.id, now) for call in calls}
        return [
            call
            for call in calls
            if call.participants > 0 or now - self._first_seen[call.id] < JOINING_SECONDS
        ]
