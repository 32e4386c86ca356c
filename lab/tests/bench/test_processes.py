"""CPU of processes."""

from __future__ import annotations

import os
import subprocess
import sys

from lab.bench import processes
from lab.bench.processes import Process

BURN = "import time\nwhile time.process_time() < 0.2: pass"


def process(pid: int, parent: int, own: float = 0.0, reaped: float = 0.0) -> Process:
    return Process(pid, parent, 0.0, own, reaped)


def test_a_name_with_spaces_and_brackets_does_not_shift_the_fields() -> None:
    ticks = os.sysconf("SC_CLK_TCK")
    numbers = [str(number) for number in range(4, 50)]
    numbers[0] = "7"  # field 4, the parent
    # Fields 14 to 17: user, system, and both of children; field 22: start.
    numbers[10:14] = [str(2 * ticks), str(ticks), str(4 * ticks), str(3 * ticks)]
    numbers[18] = str(9 * ticks)
    found = processes.parse(f"42 (a) b (c) S {' '.join(numbers)}\n")
    assert found == Process(pid=42, parent=7, started=9.0, own=3.0, reaped=7.0)


def test_below_are_children_and_their_children_and_nobody_else() -> None:
    everything = [process(4, 3), process(3, 2), process(2, 1), process(9, 1)]
    assert {one.pid for one in processes.below(2, everything)} == {2, 3, 4}


def test_a_process_that_is_gone_has_nothing_below() -> None:
    assert processes.below(5, [process(2, 1), process(6, 5)]) == []


def test_total_counts_own_time_and_that_of_ended_children() -> None:
    assert processes.total([process(1, 0, 1.0, 2.0), process(2, 1, 0.5)]) == 3.5


def test_what_a_child_ran_is_counted_after_its_end() -> None:
    before = processes.total(processes.below(os.getpid(), processes.everything()))
    subprocess.run([sys.executable, "-c", BURN], check=True)
    after = processes.total(processes.below(os.getpid(), processes.everything()))
    assert after - before >= 0.15


def test_a_process_that_never_was_is_not_found() -> None:
    assert processes.look(2**22 + 1) is None
    assert processes.words(2**22 + 1) == []


def test_words_are_the_command_line() -> None:
    command = [sys.executable, "-c", "print('here', flush=True); input()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        found = processes.words(child.pid)
        child.communicate(b"\n")
    assert found == command
