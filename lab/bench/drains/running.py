"""An update that runs while something else is done, or until it's killed."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lab.bench.drains.labs import ScaledLab
from lab.directory import PROJECT
from lab.errors import LabError

_LOOK_SECONDS = 0.1
_LIMIT_SECONDS = 300.0


class Running:
    """An update that was begun."""

    def __init__(self, process: subprocess.Popen[bytes], output: Path) -> None:
        self._process = process
        self._output = output

    @property
    def pid(self) -> int:
        """The process that stands for the command; the command is below it."""
        return self._process.pid

    def wait_for(self, text: str) -> None:
        """Wait until it has printed this.

        Raises:
            LabError: it ended before, or takes too long.
        """
        limit = time.monotonic() + _LIMIT_SECONDS
        while text not in (said := self._output.read_text()):
            if self._process.poll() is not None or time.monotonic() > limit:
                raise LabError(f"up: expected {text!r}, found:\n{said[-2000:]}")
            time.sleep(_LOOK_SECONDS)

    def kill(self) -> bool:
        """End the command with SIGKILL; False when it had ended before."""
        running = self._process.poll() is None
        self._process.kill()
        self._process.wait()
        return running

    def finish(self) -> None:
        """Wait for its end.

        Raises:
            LabError: it failed.
        """
        if self._process.wait(_LIMIT_SECONDS):
            raise LabError(f"up failed:\n{self._output.read_text()[-2000:]}")


@contextmanager
def running(scaled: ScaledLab) -> Iterator[Running]:
    """What is configured is being deployed; it's killed at the end if it still runs."""
    lab = scaled.lab
    output = lab.supervisor.directory / "update.log"
    with output.open("wb") as file:
        process = subprocess.Popen(
            lab.supervisor.enter(scaled.up()),
            cwd=PROJECT,
            env=lab.stack.environment(),
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    found = Running(process, output)
    try:
        yield found
    finally:
        found.kill()
