"""The user's program, as a process of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any, Final

from lab.engine.plugin.process import end_group
from lab.engine.project.project import Project

# What the runner exits with when the error has been shown through the engine's log.
EXIT_SHOWN: Final = 32
_RUNNER: Final = Path(__file__).with_name("runner.py")
_GRACE_SECONDS: Final = 3.0


class Program:
    """A process that has Pulumi loaded, and runs the program when it's told.

    Started early, it gets ready while the engine does.

    Args:
        project: the project; its interpreter runs the program, in its folder.
    """

    def __init__(self, project: Project) -> None:
        self._project = project
        self._process = subprocess.Popen(
            [str(project.python), "-u", str(_RUNNER)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            cwd=project.folder,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            process_group=0,  # so that Ctrl-C reaches the engine, and the program through it
        )
        self._readers: list[threading.Thread] = []

    def run(
        self,
        settings: Mapping[str, Any],
        environment: Mapping[str, str],
        report: Callable[[str], None],
    ) -> None:
        """Begin.

        Args:
            settings: addresses and names for the SDK.
            environment: configuration, for the SDK.
            report: gets each line that the program prints.
        """
        order = {
            **settings,
            "environment": dict(environment),
            "program": str(self._project.program),
            "root": str(self._project.folder),
        }
        assert self._process.stdin is not None  # noqa: S101 - it is a pipe
        for stream in (self._process.stdout, self._process.stderr):
            reader = threading.Thread(target=_relay, args=(stream, report), daemon=True)
            reader.start()
            self._readers.append(reader)
        try:
            self._process.stdin.write(json.dumps(order) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            return  # it has ended already, and its exit status says so

    def wait(self) -> str:
        """Wait until it has ended, and all that it printed has been told.

        Returns:
            What there is to say about how it ended; "" when all is well, or has been said.
        """
        status = self._process.wait()
        for reader in self._readers:
            reader.join(_GRACE_SECONDS)
        if status in (0, EXIT_SHOWN):
            return ""
        return f"an unhandled error occurred: Program exited with non-zero exit code: {status}"

    @property
    def succeeded(self) -> bool:
        """Whether it ended well."""
        return self._process.returncode == 0

    def stop(self) -> None:
        """End it, whatever it does, and what it has started."""
        end_group(self._process, signal.SIGTERM, _GRACE_SECONDS)


def _relay(stream: IO[str], report: Callable[[str], None]) -> None:
    for line in stream:
        report(line.rstrip("\n"))
