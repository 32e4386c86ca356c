"""Runs a command on a lab's desk and tells how long it took, and who used the processors."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from dataclasses import dataclass

from lab.bench import processes, trace
from lab.bench.figures import Cpu
from lab.bench.fresh_lab import FreshLab
from lab.bench.trace import Note
from lab.directory import PROJECT
from lab.errors import LabError

_LOOK_SECONDS = 0.05
_SEARCH_SECONDS = 0.5
_PROGRAM = ("lab/engine/run/runner.py", "pulumi-language-python-exec", "pulumi-language-python")
"""What is in the command line of a process that runs the program, or hosts it."""
_SUPERVISOR = "lab.cloud.supervisor"


@dataclass(frozen=True)
class Measured:
    """A command that ended well.

    Attributes:
        started: CLOCK_MONOTONIC at its start.
        wall: seconds from its start to its end.
        cpu: who used the processors while it ran.
        program_started: CLOCK_MONOTONIC when the program's process began; None without a program.
        lines: what it printed, each line with its CLOCK_MONOTONIC.
        notes: the providers' calls.
    """

    started: float
    wall: float
    cpu: Cpu
    program_started: float | None
    lines: list[tuple[float, str]]
    notes: list[Note]


def measure(lab: FreshLab, command: list[str], stdin: str = "") -> Measured:
    """Run a command on the lab's desk.

    Args:
        lab: the lab.
        command: the command and its arguments.
        stdin: text for its standard input.

    Raises:
        LabError: it ended with another status than 0.
    """
    lab.trace.unlink(missing_ok=True)
    before = _lab_cpu(lab.supervisor.pid)
    start = time.monotonic()
    process = subprocess.Popen(
        lab.supervisor.enter(command),
        cwd=PROJECT,
        env=lab.stack.environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    watch = _ProgramWatch(process.pid)
    try:
        lines = _talk(process, stdin)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    finally:
        watch.stop()
        if process.returncode is None:
            process.kill()
            process.wait()
    wall = time.monotonic() - start
    if process.returncode:
        said = "\n".join(line for _, line in lines[-20:])
        raise LabError(f"'{' '.join(command[:3])} …' ended with {process.returncode}:\n{said}")
    cloud, machines = (
        after - earlier for after, earlier in zip(_lab_cpu(lab.supervisor.pid), before, strict=True)
    )
    notes = trace.read(lab.trace)
    providers, commands = trace.provider_cpu(notes)
    whole = usage.ru_utime + usage.ru_stime
    cpu = Cpu(
        program=watch.cpu,
        engine=whole - watch.cpu - providers - commands,
        providers=providers,
        commands=commands,
        cloud=cloud,
        machines=machines,
    )
    return Measured(start, wall, cpu, watch.started, lines, notes)


def _talk(process: subprocess.Popen[str], stdin: str) -> list[tuple[float, str]]:
    """Hand over standard input, then take lines until there are no more."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(stdin)
    process.stdin.close()
    return [(time.monotonic(), line.rstrip("\n")) for line in process.stdout]


def _lab_cpu(supervisor: int) -> tuple[float, float]:
    """Seconds of CPU that the fake AWS and the machines have used since the lab began."""
    lab = processes.below(supervisor, processes.everything())
    aws = [one for one in lab if _SUPERVISOR in processes.words(one.pid)]
    return processes.total(aws), processes.total(lab) - processes.total(aws)


class _ProgramWatch:
    """Follows the processes that run the program, below a command.

    Their own time is looked at again and again, because it's known for sure only to the engine,
    which waits for them. Since the last look at most so much is missing: it counts as the engine's.
    """

    def __init__(self, root: int) -> None:
        self._root = root
        self._found: dict[int, processes.Process] = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="program-watch", daemon=True)
        self._thread.start()

    @property
    def cpu(self) -> float:
        """Seconds of CPU that they have used."""
        return sum(one.own for one in self._found.values())

    @property
    def started(self) -> float | None:
        """CLOCK_MONOTONIC when the first began; None when there was none."""
        if not self._found:
            return None
        offset = time.clock_gettime(time.CLOCK_BOOTTIME) - time.monotonic()
        return min(one.started for one in self._found.values()) - offset

    def stop(self) -> None:
        """Look no more."""
        self._over.set()
        self._thread.join()

    def _follow(self) -> None:
        search_at = 0.0
        while not self._over.wait(_LOOK_SECONDS):
            if not self._found or time.monotonic() >= search_at:
                self._search()
                search_at = time.monotonic() + _SEARCH_SECONDS
            for pid in list(self._found):
                now = processes.look(pid)
                # A process that has ended, or whose number another has now, stays as it was.
                if now is not None and now.started == self._found[pid].started:
                    self._found[pid] = now

    def _search(self) -> None:
        for one in processes.below(self._root, processes.everything()):
            named = " ".join(processes.words(one.pid))
            if one.pid not in self._found and any(name in named for name in _PROGRAM):
                self._found[one.pid] = one
