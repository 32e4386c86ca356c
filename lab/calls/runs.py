"""Where a lab keeps the records of its calls.

`calls/run-2/generator-1.jsonl` below the lab's directory. A generator that is started while
another makes calls joins its run; else it begins a new one. `calls/events.jsonl` is what the
deployment did, over all runs.
"""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lab.calls import record
from lab.calls.record import Event
from lab.calls.watch.sight import Happened

STOP, HANG_UP = "stop", "hang-up"
"""What a generator is asked to do: make no more calls, or end the live ones too."""


@dataclass(frozen=True)
class Generated:
    """What one generator left.

    Attributes:
        events: in order.
        alive: whether it runs.
    """

    events: list[Event]
    alive: bool


@dataclass(frozen=True)
class Run:
    """Generators whose calls are counted together."""

    folder: Path

    @property
    def files(self) -> list[Path]:
        """The generators' records, in the order of their start."""
        return sorted(self.folder.glob("generator-*.jsonl"), key=_number)

    @property
    def alive(self) -> bool:
        """Whether one of its generators runs."""
        return any(record.is_written(file) for file in self.files)

    def generated(self) -> list[Generated]:
        """What its generators left so far."""
        # Alive is asked first: a generator that ends in between has then written everything.
        return [Generated(alive=record.is_written(f), events=record.read(f)) for f in self.files]

    def ask(self, wish: str) -> int:
        """Ask the generators that run for `STOP` or `HANG_UP`; how many those are."""
        alive = [file for file in self.files if record.is_written(file)]
        for file in alive:
            request_of(file).write_text(wish)
        return len(alive)

    def next_file(self) -> Path:
        """The record of one more generator."""
        return self.folder / f"generator-{len(self.files) + 1}.jsonl"


class Runs:
    """All runs of a lab."""

    def __init__(self, directory: Path) -> None:
        """Choose the lab.

        Args:
            directory: the lab's directory.
        """
        self.folder = directory / "calls"

    @property
    def events(self) -> Path:
        """The record of what the deployment did."""
        return self.folder / "events.jsonl"

    @property
    def faults(self) -> Path:
        """The record of what was made to misbehave, by `lab fault`."""
        return self.folder / "faults.jsonl"

    def note_fault(self, kind: str, name: str, ip: str) -> None:
        """Record that a machine is to misbehave.

        Args:
            kind: the fault's.
            name: the machine's short one.
            ip: its private address.
        """
        self.folder.mkdir(mode=0o700, exist_ok=True)
        written = record.Record(self.faults)
        written.write(Happened.FAULT_SET, name=name, ip=ip, fault=kind)
        written.close()

    def all(self) -> list[Run]:
        """Every run, the first one first."""
        return [Run(path) for path in sorted(self.folder.glob("run-*"), key=_number)]

    def latest(self) -> Run | None:
        """The run that began last."""
        return found[-1] if (found := self.all()) else None

    @contextmanager
    def joining(self) -> Iterator[Run]:
        """The run for a generator that starts within the block; one starts at a time."""
        self.folder.mkdir(mode=0o700, exist_ok=True)
        with (self.folder / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            run = self.latest()
            if run is None or not run.alive:
                run = Run(self.folder / f"run-{len(self.all()) + 1}")
                run.folder.mkdir()
            yield run


def request_of(file: Path) -> Path:
    """The file in which the generator that writes `file` finds what it is asked to do."""
    return file.with_suffix(".request")


def _number(path: Path) -> int:
    return int(path.stem.rpartition("-")[2])
