"""A command in a terminal of its own, with somebody who answers what it asks."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

ROWS, COLUMNS = 40, 130
_PAUSE_SECONDS = 0.5
_SIGNALLED = 128
"""As a shell tells a command that a signal has ended."""
_SIZE = struct.pack("HHHH", ROWS, COLUMNS, 0, 0)


@dataclass(frozen=True)
class Answer:
    """What is typed once something stands at the end of what was printed.

    Attributes:
        asked: pattern of that; a dot is any character, the ends of lines too.
        keys: what is typed.
    """

    asked: str
    keys: str


@dataclass(frozen=True)
class Typed:
    """How a command ended, and all that was on the screen."""

    status: int
    screen: str


def type_in_terminal(
    command: Sequence[str],
    folder: Path,
    environment: Mapping[str, str],
    answers: Sequence[Answer] = (),
    limit_seconds: float = 600,
) -> Typed:
    """Run a command as somebody who sits in front of it.

    Args:
        command: the command.
        folder: where.
        environment: all of its variables.
        answers: to what it asks; each is given as often as it's asked.
        limit_seconds: then it's ended, with what it has started.
    """
    ours, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, _SIZE)
    process = subprocess.Popen(
        command,
        stdin=its,
        stdout=its,
        stderr=its,
        cwd=folder,
        env=dict(environment),
        start_new_session=True,
        # So that Ctrl-C there is for the command. Nothing in it waits for another thread.
        preexec_fn=partial(fcntl.ioctl, its, termios.TIOCSCTTY, 0),  # noqa: PLW1509
    )
    os.close(its)
    try:
        screen = _watch(ours, answers, time.monotonic() + limit_seconds)
    except TimeoutError as error:
        os.killpg(process.pid, signal.SIGKILL)
        return Typed(124, f"{error}\nNothing for {limit_seconds:g} s: ended.")
    finally:
        # Who closes it before it has ended would be hung up on.
        status = process.wait()
        os.close(ours)
    return Typed(status if status >= 0 else _SIGNALLED - status, screen)


def _watch(terminal: int, answers: Sequence[Answer], deadline: float) -> str:
    """Read until the last one has closed it."""
    screen, answered = "", 0
    while True:
        ready, _, _ = select.select([terminal], [], [], _PAUSE_SECONDS)
        if time.monotonic() > deadline:
            raise TimeoutError(screen)
        if ready:
            try:
                screen += os.read(terminal, 65536).decode(errors="replace")
            except OSError:
                return screen
            continue
        # It's silent: it may have asked.
        for one in answers:
            if re.search(f"(?:{one.asked})$", screen[answered:].rstrip("\r\n"), re.DOTALL):
                answered = len(screen)
                os.write(terminal, one.keys.encode())
                break
