"""How long something is waited for, and what is said meanwhile."""

from __future__ import annotations

from datetime import timedelta

from membership.clock import Elapsed
from membership.context import Context

PROGRESS_SECONDS = 10.0


class Wait:
    """A wait that began now, or goes on where the machine that waits has noted it.

    The machine's own clock counts, which no step of the time of day changes. After its reboot the
    wait goes on from what was noted last: it may last longer than its limit, and never ends early.
    """

    def __init__(self, name: str, context: Context, note: str = "", about: str = "") -> None:
        """Begin, or go on.

        Args:
            name: what the wait is about, as `node-1`.
            context: gives the time, and says what is to be said.
            note: under which name it's noted; without one it isn't.
            about: another one begins anew.
        """
        self._name = name
        self._world = context
        self._note, self._about = note, about
        self._last_said = float("-inf")
        noted = context.registry.noted(note, about) if note else None
        self._elapsed = noted.elapsed if noted else Elapsed.begin(context.clock)
        self._keep()

    def begin_again(self) -> None:
        """Count from now on."""
        self._elapsed = Elapsed.begin(self._world.clock)
        self._last_said = float("-inf")
        self._keep()

    @property
    def passed(self) -> timedelta:
        """How long it is already."""
        return timedelta(seconds=self._elapsed.until_now(self._world.clock).seconds)

    @property
    def is_due(self) -> bool:
        """Whether it's time to say again what is waited for."""
        return self.passed.total_seconds() - self._last_said >= PROGRESS_SECONDS

    def progress(self, what: str, limit: timedelta, *, why: str = "", then: str = "") -> None:
        """Say what is waited for, when that's due.

        Args:
            what: what is missing still.
            limit: how long the wait may be.
            why: goes before it.
            then: comes after it.
        """
        if self.is_due:
            seconds = int(self.passed.total_seconds())
            self._last_said = seconds
            self._keep()
            so_far = f"{timedelta(seconds=seconds)} of {limit}"
            self._world.say(f"{self._name}: {why}waiting for {what}, {so_far}{then}")

    def _keep(self) -> None:
        if self._note:
            self._elapsed = self._elapsed.until_now(self._world.clock)
            self._world.registry.note(self._note, self._about, self._elapsed)
