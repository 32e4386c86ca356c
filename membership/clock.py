"""Time, as waits use it: another clock can stand in for it."""

from __future__ import annotations

import os
import select
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from membership.errors import ProgramError

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
"""Another one after each boot (random(4))."""


class Clock:
    """The machine's clock."""

    def monotonic(self) -> float:
        """Seconds since the machine booted: no step of the wall clock changes it."""
        return time.clock_gettime(time.CLOCK_BOOTTIME)

    def boot(self) -> str:
        """Which boot `monotonic` counts from."""
        return _BOOT_ID.read_text().strip()

    def now(self) -> float:
        """Unix seconds, for what people read; it steps."""
        return time.time()

    def sleep(self, seconds: float) -> None:
        """Do nothing for so long."""
        time.sleep(seconds)


@dataclass(frozen=True)
class Elapsed:
    """How long something takes already, as it was noted: it can be counted on from there.

    Attributes:
        seconds: until it was noted.
        boot: during which boot of the machine.
        at: on that boot's clock.
    """

    seconds: float
    boot: str
    at: float

    @classmethod
    def begin(cls, clock: Clock) -> Elapsed:
        """Nothing so far."""
        return cls(0.0, clock.boot(), clock.monotonic())

    def until_now(self, clock: Clock) -> Elapsed:
        """The same, noted now. What lies between a note and a reboot isn't known, nor counted."""
        boot, at = clock.boot(), clock.monotonic()
        passed = max(0.0, at - self.at) if boot == self.boot else 0.0
        return Elapsed(self.seconds + passed, boot, at)


class DisconnectedError(ProgramError):
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


def end_with(connection: int) -> None:
    """Have the program end with a connection, whatever it does: only for what changes nothing.

    Args:
        connection: a file descriptor; nothing comes from it, but its end.
    """

    def follow() -> None:
        while os.read(connection, 1024):
            pass
        os._exit(1)

    threading.Thread(target=follow, daemon=True).start()
