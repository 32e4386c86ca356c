"""The lock of a stack: one update at a time, and who holds it.

A lock is a file with a name of its own in the stack's lock folder. Both writers of two that begin
at once see the other's file and give up, so none of them goes on unaware.

Source: pulumi, pkg/backend/diy/lock.go.
"""

from __future__ import annotations

import getpass
import json
import os
import socket
import uuid
from datetime import UTC, datetime
from pathlib import Path

from lab.engine.errors import StackLockedError
from lab.engine.store.files import write_whole


class StackLock:
    """The right to change a stack, from `acquire` to `release`."""

    def __init__(self, folder: Path, stack: str) -> None:
        self._folder = folder
        self._stack = stack
        self._file = folder / f"{uuid.uuid4()}.json"

    def acquire(self) -> None:
        """Take the lock.

        Raises:
            StackLockedError: somebody has it; says who, since when, and how to free it.
        """
        self._refuse_if_held()
        holder = {
            "pid": os.getpid(),
            "username": _user(),
            "hostname": socket.gethostname(),
            "timestamp": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
        }
        write_whole(self._file, json.dumps(holder), durable=False)
        try:
            self._refuse_if_held()
        except StackLockedError:
            self.release()
            raise

    def release(self) -> None:
        """Give the lock back; harmless when it's gone already."""
        self._file.unlink(missing_ok=True)

    def _refuse_if_held(self) -> None:
        others = [file for file in lock_files(self._folder) if file != self._file]
        if not others:
            return
        holders = "".join(f"\n  {_describe(file)}" for file in others)
        raise StackLockedError(
            f"the stack is currently locked by {len(others)} lock(s). Either wait for the other "
            "process(es) to end or delete the lock file with `pulumi cancel`."
            f"{holders}\n"
            f"  If that process is gone, type: pulumi cancel --yes {self._stack}"
        )


def lock_files(folder: Path) -> list[Path]:
    """The locks there are."""
    return sorted(folder.glob("*.json")) if folder.is_dir() else []


def _user() -> str:
    try:
        return getpass.getuser()
    except OSError:  # a user id without a name, as in a container
        return str(os.getuid())


def _describe(file: Path) -> str:
    try:
        holder = json.loads(file.read_text())
        who = f"{holder['username']}@{holder['hostname']} (pid {holder['pid']})"
        return f"file://{file}: created by {who} at {holder['timestamp']}"
    except (OSError, ValueError, KeyError):
        return f"file://{file}: can't be read; it may have been freed just now"
