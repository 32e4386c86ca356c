"""One writer at a time to the list of addresses.

The kernel keeps the lock: it's free once its holder has ended, however that ended, and no clock has
a say in it. The file tells people who holds it. `put-env.sh` takes the same one on the base.
Source: flock(2).
"""

from __future__ import annotations

import fcntl
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from io import FileIO
from pathlib import Path

from membership.clock import Clock
from membership.errors import LoadBalancerError

WAIT_SECONDS = 300.0
"""Longer than an edit takes whose reload hangs, and is put back."""
TELL_SECONDS = 5.0
_POLL_SECONDS = 0.2


class LockTimeoutError(LoadBalancerError):
    """Somebody else holds the lock for longer than an edit takes."""


def always() -> bool:
    """Whether an edit may be made that nobody can have taken over meanwhile."""
    return True


@contextmanager
def load_balancer_lock(
    file: Path, *, purpose: str, say: Callable[[str], None], clock: Clock
) -> Iterator[int]:
    """Hold the lock while the list of addresses is edited and applied.

    Yields its file descriptor: a command that gets it holds the lock, too, if it outlives this run.

    Args:
        file: what is locked; it's made where it's missing.
        purpose: what for; shown to whoever waits.
        say: takes progress lines.
        clock: time; the wait ends as its waits do.

    Raises:
        LockTimeoutError: the lock isn't free in time.
    """
    with file.open("ab+", buffering=0) as lock:
        _wait(lock, say, clock)
        # On a full disk nobody is told who it is.
        with suppress(OSError):
            lock.truncate(0)
            lock.write(f"{purpose} ({socket.gethostname()}, process {os.getpid()})".encode())
        yield lock.fileno()


def _wait(lock: FileIO, say: Callable[[str], None], clock: Clock) -> None:
    """Wait until nobody else holds the lock, and take it."""
    began, told = clock.monotonic(), float("-inf")
    while not _taken(lock):
        waited = clock.monotonic() - began
        if waited > WAIT_SECONDS:
            raise LockTimeoutError(f"the load balancer's list is locked by {_holder(lock)}")
        if waited - told >= TELL_SECONDS:
            say(f"waiting for the load balancer's list, which is locked by {_holder(lock)}")
            told = waited
        clock.sleep(_POLL_SECONDS)


def _taken(lock: FileIO) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _holder(lock: FileIO) -> str:
    lock.seek(0)
    return lock.read().decode(errors="replace") or "a process that hasn't said its name yet"
