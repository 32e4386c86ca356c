"""Time, as waits use it: another clock can stand in for it."""

from __future__ import annotations

import os
import select
import time


class Clock:
    """The machine's clock."""

    def monotonic(self) -> float:
        """Seconds since some moment; never goes back."""
        return time.monotonic()

    def now(self) -> float:
        """Unix seconds."""
        return time.time()

    def sleep(self, seconds: float) -> None:
        """Do nothing for so long."""
        time.sleep(seconds)


class DisconnectedError(Exception):
    """Whoever started the run is gone."""


class ConnectedClock(Clock):
    """A clock whose waits end with the connection: Ctrl-C on the operator's machine stops them.

    Only waits end: an edit that was begun is finished.
    """

    def __init__(self, connection: int) -> None:
        """Follow a connection.

        Args:
            connection: a file descriptor; nothing comes from it, but its end.
        """
        self._connection = connection

    def sleep(self, seconds: float) -> None:
        """Do nothing for so long.

        Raises:
            DisconnectedError: the connection has ended.
        """
        until = self.monotonic() + seconds
        while (left := until - self.monotonic()) > 0:
            ready, _, _ = select.select([self._connection], [], [], left)
            if ready and not os.read(self._connection, 1):
                raise DisconnectedError
