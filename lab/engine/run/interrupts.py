"""Ctrl-C: once to stop gracefully, twice to stop at once, a third time for what still hangs.

Source: pulumi, pkg/cmd/pulumi/operations (cancellation scopes).
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from lab.engine.errors import EXIT_CANCELLED
from lab.engine.run.context import Context


@contextmanager
def interruptible(context: Context, say: Callable[[str], None]) -> Iterator[None]:
    """Let SIGINT and SIGTERM stop a deployment.

    Args:
        context: the deployment.
        say: tells the operator what happens.
    """

    def stop(number: int, frame: FrameType | None) -> None:
        del number, frame
        # Not here: the handler interrupts a thread that may hold any lock.
        threading.Thread(target=_stop, args=(context, say), daemon=True).start()

    before = {one: signal.signal(one, stop) for one in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _stop(context: Context, say: Callable[[str], None]) -> None:
    if context.terminated:
        os._exit(EXIT_CANCELLED)
    if context.cancelled:
        say("^C received; stopping at once. What was going on is noted in state as pending.")
        context.terminate()
        return
    say(
        "^C received; cancelling. If you would like to terminate immediately, press ^C again.\n"
        "Note that terminating immediately may lead to orphaned resources and other "
        "inconsistencies."
    )
    context.cancel()
