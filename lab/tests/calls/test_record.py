"""The record of a generator, dead or alive."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from lab.calls import record
from lab.calls.record import Record
from lab.calls.runs import Runs

WRITER = """
import sys, time
from pathlib import Path
from lab.calls.record import Record
opened = Record(Path(sys.argv[1]))
opened.write("begun", call="1")
print("ready", flush=True)
time.sleep(60)
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "generator-1.jsonl"


def test_events_come_back_in_order(file: Path) -> None:
    written = Record(file)
    written.write("begun", at=1.0, call="1")
    written.write("ended", at=2.5, call="1")
    assert record.read(file) == [
        {"at": 1.0, "event": "begun", "call": "1"},
        {"at": 2.5, "event": "ended", "call": "1"},
    ]


def test_a_half_line_is_left_out_and_does_not_spoil_the_next(file: Path) -> None:
    file.write_text('{"at": 1.0, "event": "begun", "call": "1"}\n{"at": 2.0, "ev')
    assert [event["at"] for event in record.read(file)] == [1.0]
    Record(file).write("ended", at=3.0, call="1")
    assert [event["at"] for event in record.read(file)] == [1.0, 3.0]


def test_a_file_that_is_no_record_is_not_read_as_one(file: Path) -> None:
    file.write_text("no record\n")
    with pytest.raises(ValueError, match="Expecting"):
        record.read(file)


def test_a_writer_that_is_killed_is_seen_to_be_dead(file: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(file)], stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout
        assert writer.stdout.readline() == "ready\n"
        assert record.is_written(file)
        assert Record.try_open(file) is None
        os.kill(writer.pid, signal.SIGKILL)
    assert not record.is_written(file)
    assert [event["call"] for event in record.read(file)] == ["1"]


def test_a_generator_joins_the_run_of_one_that_is_alive(tmp_path: Path) -> None:
    runs = Runs(tmp_path)
    with runs.joining() as first:
        alive = Record(first.next_file())
    with runs.joining() as second:
        assert second == first
        assert second.next_file().name == "generator-2.jsonl"
    alive.close()
    with runs.joining() as third:
        assert third.folder.name == "run-2"
