"""Keeps looking, and writes what happened to the record of events.

One process at a time writes: who comes second waits, and carries on when the first one ends.
"""

from __future__ import annotations

import json
import threading
import time
from contextlib import suppress
from pathlib import Path

from lab.calls.record import Record
from lab.calls.runs import Runs
from lab.calls.watch.look import look
from lab.calls.watch.sight import Sight, changes
from lab.cloud.control.client import ControlClient, ControlError

SECONDS = 0.5
"""Between two looks: how exact the times of events are."""


class Watch:
    """Looks at a lab's cluster from a thread of its own."""

    def __init__(self, directory: Path) -> None:
        """Choose the lab; nothing is looked at.

        Args:
            directory: the lab's directory.
        """
        self._control = ControlClient(directory)
        self._runs = Runs(directory)
        self._last = self._runs.folder / "last-look.json"
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)
        self._record: Record | None = None
        self.looked = threading.Event()
        """Is set after the first look, by whoever takes it."""

    def start(self) -> None:
        """Begin to look."""
        self._runs.folder.mkdir(mode=0o700, exist_ok=True)
        self._thread.start()

    def stop(self) -> None:
        """Look once more, and end."""
        self._stopping.set()
        self._thread.join()

    def step(self, text: str) -> None:
        """Note what the operator does now, for the picture; fine where another one writes."""
        if self._record:
            self._record.write("step", text=text)

    def _run(self) -> None:
        while self._record is None:
            self._record = Record.try_open(self._runs.events)
            if self._record is None:
                self.looked.set()
                if self._stopping.wait(SECONDS):
                    return
        try:
            self._look_again_and_again(self._record)
        finally:
            self._record.close()

    def _look_again_and_again(self, record: Record) -> None:
        last = self._remembered()
        while True:
            stopping = self._stopping.is_set()
            at = time.time()
            # While the lab goes down there is nobody to ask.
            with suppress(ControlError):
                last = self._note(record, last, look(self._control), at)
            self.looked.set()
            if stopping:
                return
            self._stopping.wait(SECONDS)

    def _note(self, record: Record, last: Sight, seen: Sight, at: float) -> Sight:
        seen = seen.since(last)
        for change in changes(last, seen):
            record.write(change.what, at=at, name=change.name, ip=change.ip)
        if seen != last:
            temporary = self._last.with_suffix(".new")
            temporary.write_text(json.dumps(seen.as_json()))
            temporary.replace(self._last)
        return seen

    def _remembered(self) -> Sight:
        """What was seen last, maybe by another watch."""
        try:
            return Sight.parse(json.loads(self._last.read_text()))
        except FileNotFoundError:
            return Sight()
