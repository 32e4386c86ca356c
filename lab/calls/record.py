"""Files of one JSON line an event, which survive the death of who writes them.

A line is written with one call, so that a killed writer leaves at most one half line, at the end;
readers leave that out. The writer holds a lock on its file for as long as it lives: whether it
does is asked of the kernel, and is right after a kill -9 and after a reboot.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

Event = Mapping[str, Any]
"""One event: `at` (Unix seconds), `event` (its kind), and what belongs to it."""


class Record:
    """A file of events, open for writing by this process alone."""

    def __init__(self, file: Path) -> None:
        """Open the file, and wait until no other process writes it."""
        self._descriptor = _open(file)
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)
        _end_half_line(self._descriptor)

    @classmethod
    def try_open(cls, file: Path) -> Record | None:
        """Open the file; None where another process writes it."""
        descriptor = _open(file)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        made = cls.__new__(cls)
        made._descriptor = descriptor
        _end_half_line(descriptor)
        return made

    def write(self, event: str, *, at: float | None = None, **facts: Any) -> None:
        """Add an event, now or at a moment in Unix seconds."""
        moment = time.time() if at is None else at
        line = json.dumps({"at": moment, "event": event, **facts}) + "\n"
        os.write(self._descriptor, line.encode())

    def close(self) -> None:
        """Let others write."""
        os.close(self._descriptor)


def read(file: Path) -> list[Event]:
    """The events in a file, in order; none where there is no file.

    Raises:
        ValueError: a line before the last is no JSON: the file is not a record.
    """
    try:
        lines = file.read_bytes().split(b"\n")
    except FileNotFoundError:
        return []
    # What follows the last line feed is nothing, or the half line of a killed writer.
    return [json.loads(line) for line in lines[:-1] if line]


def is_written(file: Path) -> bool:
    """Whether a process writes the file: holds its lock."""
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _open(file: Path) -> int:
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
    return os.open(file, flags, mode=0o600)


def _end_half_line(descriptor: int) -> None:
    """What a killed writer left of a line must not spoil the next one."""
    size = os.fstat(descriptor).st_size
    whole = os.pread(descriptor, size, 0).rfind(b"\n") + 1
    if whole != size:
        os.ftruncate(descriptor, whole)
