"""Which sessions are calls: those with somebody in them, or somebody about to be.

OpenVidu keeps a session that nobody is in for an hour.
Source: OpenVidu's configuration, OPENVIDU_SESSIONS_GARBAGE_THRESHOLD.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from membership.answers import Call
from membership.clock import Clock, Elapsed
from membership.registry import Registry

_NOTE = "sessions"
JOINING_SECONDS = 60.0
"""A session that is known for so long, and has nobody in it, is no call."""


class Joining:
    """Counts how long each session is known here.

    When it was made is told by another machine's time of day, which this one's needn't agree with.
    It's noted, as a run ends here, and goes on, where others have to be asked about a node.
    """

    def __init__(self, clock: Clock, registry: Registry, run: str) -> None:
        """Begin, or go on.

        Args:
            clock: time.
            registry: keeps the note.
            run: who waits; another one begins anew.
        """
        self._clock, self._registry, self._run = clock, registry, run
        noted = registry.noted(_NOTE, run)
        goes_on = noted is not None and noted.elapsed.boot == clock.boot()
        self._first_seen: dict[str, float] = json.loads(noted.text) if noted and goes_on else {}

    def live(self, calls: Sequence[Call]) -> list[Call]:
        """Those of the sessions that there are now that are calls."""
        now = self._clock.monotonic()
        before = self._first_seen
        self._first_seen = {call.id: before.get(call.id, now) for call in calls}
        if self._first_seen != before:
            text = json.dumps(self._first_seen)
            self._registry.note(_NOTE, self._run, Elapsed.begin(self._clock), text)
        return [
            call
            for call in calls
            if call.participants > 0 or now - self._first_seen[call.id] < JOINING_SECONDS
        ]
