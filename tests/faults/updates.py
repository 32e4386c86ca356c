"""An update that can be watched while it runs, and stopped in the middle."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from enum import Enum
from pathlib import Path
from types import TracebackType

from tests.lab.conftest import Lab

_LIMIT_SECONDS = 400
_POLL_SECONDS = 0.05

Condition = Callable[["Update"], bool]


class Blow(Enum):
    """What happens to the deployment."""

    KILL = "kill -9"
    CTRL_C = "Ctrl-C"


class Update:
    """`lab up`, running."""

    def __init__(self, lab: Lab, folder: Path, *options: str) -> None:
        """Begin it, with options of `lab up`."""
        self.lab = lab
        self._output = folder / f"update-{time.monotonic_ns()}"
        with self._output.open("w") as file:
            self._process = subprocess.Popen(
                [*lab.command, "up", *options],
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def __enter__(self) -> Update:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self.lab.run("cancel")

    @property
    def said(self) -> str:
        """What it has printed so far."""
        return self._output.read_text()

    def wait_until(self, condition: Condition) -> None:
        """Wait for a moment of the update.

        Raises:
            AssertionError: the update ends before, or takes too long.
        """
        deadline = time.monotonic() + _LIMIT_SECONDS
        while not condition(self):
            assert self._process.poll() is None, f"ended too early:\n{self.said}"
            assert time.monotonic() < deadline, f"never came:\n{self.said}"
            time.sleep(_POLL_SECONDS)

    def kill(self) -> None:
        """End the engine with SIGKILL: nothing that it has begun is told."""
        (engine,) = self._engines()
        os.kill(engine, signal.SIGKILL)
        self._process.wait()

    def interrupt(self) -> None:
        """Type Ctrl-C: every process of the terminal gets it."""
        os.killpg(self._process.pid, signal.SIGINT)
        self.finish()
        assert "Traceback" not in self.said, self.said

    def finish(self) -> int:
        """Wait for its end; returns its exit status."""
        return self._process.wait(_LIMIT_SECONDS)

    def _engines(self) -> list[int]:
        """The process of `pulumi up`, whichever engine it is."""
        stack = self.lab.directory.stack.encode()
        return [
            pid
            for pid, words in _processes()
            if stack in words
            and b"--skip-preview" in words
            and (b"lab.engine" in words or words[0].endswith(b"pulumi"))
        ]


def strike(update: Update, blow: Blow) -> None:
    """Stop an update."""
    if blow is Blow.KILL:
        update.kill()
        # Nobody but the operator can know that the lock's owner is dead.
        update.lab.ok("cancel")
    else:
        update.interrupt()


def _processes() -> Iterator[tuple[int, list[bytes]]]:
    """Every process, and its words."""
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with suppress(OSError):
                yield int(folder.name), (folder / "cmdline").read_bytes().split(b"\0")


def says(pattern: str) -> Condition:
    """The update has printed a line like this."""
    return lambda update: re.search(pattern, update.said) is not None
