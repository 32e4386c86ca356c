"""What the providers noted."""

from __future__ import annotations

from pathlib import Path

from lab.bench import trace
from lab.bench.critical_path import Span
from lab.bench.trace import Note


def note(method: str, *, pid: int = 1, urn: str = "", end: float, own: float) -> Note:
    return Note("aws", pid, method, urn, end - 1, end, own, commands=own / 2)


def test_creates_are_by_resource_and_leave_other_calls_out() -> None:
    notes = [
        note("Check", urn="vpc", end=2, own=0.1),
        note("Create", urn="vpc", end=4, own=0.2),
    ]
    assert trace.creates(notes) == {"vpc": Span(3, 4)}


def test_cpu_is_the_last_that_each_process_told() -> None:
    notes = [
        note("Create", pid=1, end=9, own=3.0),
        note("Create", pid=1, end=5, own=2.0),
        note("Create", pid=2, end=1, own=0.5),
    ]
    assert trace.provider_cpu(notes) == (3.5, 1.75)


def test_notes_survive_their_file(tmp_path: Path) -> None:
    notes = [note("Create", urn="vpc", end=4, own=0.2), note("Check", end=5, own=0.3)]
    file = tmp_path / "calls"
    file.write_text("".join(one.as_json() + "\n" for one in notes))
    assert trace.read(file) == notes


def test_without_a_file_there_are_no_notes(tmp_path: Path) -> None:
    assert trace.read(tmp_path / "calls") == []
