"""How long something is waited for, and what is said meanwhile."""

from __future__ import annotations

from datetime import timedelta

from membership.world import World

PROGRESS_SECONDS = 10.0


class Wait:
    """A wait that began now, or earlier where a run that was cut off goes on."""

    def __init__(self, name: str, world: World, waited: float = 0.0) -> None:
        """Begin.

        Args:
            name: what the wait is about, as `node-1`.
            world: gives the time, and says what is to be said.
            waited: seconds that count already.
        """
        self._name = name
        self._world = world
        self._waited = waited
        self._last_said = float("-inf")
        self.begin_again()

    def begin_again(self) -> None:
        """Count from now on."""
        self._started = self._world.clock.monotonic()

    @property
    def passed(self) -> timedelta:
        """How long it is already."""
        return timedelta(seconds=self._world.clock.monotonic() - self._started + self._waited)

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
            so_far = f"{timedelta(seconds=seconds)} of {limit}"
            self._world.say(f"{self._name}: {why}waiting for {what}, {so_far}{then}")
