"""How long a provider lives: no longer than the engine that started it."""

from __future__ import annotations

import asyncio
import os
import signal
import stat
import sys
from collections.abc import Callable
from typing import Final

_POLL_SECONDS: Final = 0.5


def watch_for_the_end() -> asyncio.Future[str]:
    """Watch, from now on, for the reasons to end.

    They are SIGTERM, SIGINT, the end of a piped standard input, and the parent's death.

    Returns:
        A future that gets the reason, in words.
    """
    loop = asyncio.get_running_loop()
    reason: asyncio.Future[str] = loop.create_future()

    def end(why: str) -> None:
        if not reason.done():
            reason.set_result(why)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end, signal.Signals(number).name)
    _watch_input(loop, lambda: end("standard input was closed"))
    _watch_parent(loop, lambda: end("the parent process is gone"))
    return reason


def _watch_input(loop: asyncio.AbstractEventLoop, end: Callable[[], None]) -> None:
    """Watch standard input if it is a pipe: others do not tell of a death."""
    if sys.stdin is None or not stat.S_ISFIFO(os.fstat(sys.stdin.fileno()).st_mode):
        return
    descriptor = sys.stdin.fileno()

    def read() -> None:
        if not os.read(descriptor, 4096):
            loop.remove_reader(descriptor)
            end()

    loop.add_reader(descriptor, read)


def _watch_parent(loop: asyncio.AbstractEventLoop, end: Callable[[], None]) -> None:
    """Look now and then whether this process was given to another parent."""
    parent = os.getppid()

    def look() -> None:
        if os.getppid() == parent:
            loop.call_later(_POLL_SECONDS, look)
        else:
            end()

    look()
