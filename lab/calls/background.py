"""Starts a generator as a process of the lab: it outlives the command, and ends with the lab."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from lab.calls.plan import Plan
from lab.calls.runs import Runs
from lab.cloud.launch import Supervisor
from lab.directory import PROJECT
from lab.errors import LabError

READY = "ready"


def start(supervisor: Supervisor, plan: Plan) -> Path:
    """Start a generator; returns its record when its first calls are open or refused.

    Raises:
        LabError: it didn't start.
    """
    directory = supervisor.directory
    log = directory / "log" / "calls.log"
    log.parent.mkdir(exist_ok=True)
    reading, writing = os.pipe()
    with Runs(directory).joining() as run, log.open("ab") as output:
        file = run.next_file()
        command = [sys.executable, "-m", "lab.calls", str(directory), str(file), str(writing)]
        try:
            subprocess.run(
                # In a session of its own: Ctrl-C is for the command, not for the calls.
                supervisor.enter(["setsid", "--fork", *command]),
                # The plan holds the secret, and goes by standard input.
                input=json.dumps(plan.as_json()),
                stdout=output,
                stderr=output,
                cwd=PROJECT,
                env={**os.environ, "PYTHONPATH": str(PROJECT)},
                pass_fds=[writing],
                text=True,
                check=True,
            )
        finally:
            os.close(writing)
        with os.fdopen(reading) as stream:
            said = stream.read()
    if said != READY:
        raise LabError(f"no calls are made: {said or 'the generator ended'}\n  See {log}")
    return file
