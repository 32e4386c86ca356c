"""Labs to test in: each is driven by its command line, as a user drives it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from lab.cloud import launch
from lab.cloud.launch import Supervisor
from lab.directory import LabDirectory
from lab.engines import Engine, find_cli
from openvidu import release

LIMIT_SECONDS = 400

REFERENCE = Engine.PULUMI if find_cli() else None
"""The Pulumi CLI where there is one, as always in CI: the main job is watched with what users have.

Other labs go by the environment: by day they have the engine that starts sooner.
"""
needs_cli = pytest.mark.skipif(
    REFERENCE is None, reason="needs the Pulumi CLI, for what the lab's engine hasn't: ./run pulumi"
)


@dataclass(frozen=True)
class Completed:
    """What a command left: its status and what it printed."""

    status: int
    out: str
    err: str


@dataclass(frozen=True)
class Lab:
    """A lab by its name, and the engine that deploys in it, where that isn't the usual one."""

    name: str
    engine: Engine | None = None

    @property
    def command(self) -> list[str]:
        """What a command for it begins with."""
        engine = ["--engine", self.engine] if self.engine else []
        return [sys.executable, "-m", "lab.cli", "--name", self.name, *engine]

    def run(self, *arguments: str) -> Completed:
        """Run `lab ARGUMENTS` and don't mind how it ends."""
        done = subprocess.run(
            [*self.command, *arguments],
            capture_output=True,
            text=True,
            timeout=LIMIT_SECONDS,
            check=False,
        )
        return Completed(done.returncode, done.stdout, done.stderr)

    def ok(self, *arguments: str) -> str:
        """Run `lab ARGUMENTS`, which must end well; returns what it printed."""
        done = self.run(*arguments)
        assert done.status == 0, f"lab {' '.join(arguments)}\n{done.out}\n{done.err}"
        return done.out

    def until(self, text: str, act: Callable[[], object], *arguments: str) -> str:
        """Run `lab ARGUMENTS`, act once it has printed a text (a pattern); returns all of it."""
        with subprocess.Popen(
            [*self.command, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as running:
            assert running.stdout
            printed = ""
            for line in running.stdout:
                if not re.search(text, printed) and re.search(text, printed + line):
                    act()
                printed += line
        assert running.returncode == 0, f"lab {' '.join(arguments)}\n{printed}"
        assert re.search(text, printed), f"{text} isn't in\n{printed}"
        return printed

    def json(self, *arguments: str) -> Any:
        """What `lab ARGUMENTS` printed, as JSON."""
        return json.loads(self.ok(*arguments))

    @property
    def directory(self) -> LabDirectory:
        return LabDirectory.of(self.name)

    @property
    def supervisor(self) -> Supervisor:
        found = launch.find(self.directory.path)
        assert found
        return found

    def on(self, host: str, script: str) -> str:
        """What a shell script prints on a machine, run there as root."""
        for machine in self.supervisor.control.hosts():
            if machine.name.endswith(f"-{host}") and machine.running:
                return self.supervisor.control.exec(
                    machine.instance_id, ["bash", "-c", script]
                ).stdout
        raise AssertionError(f"{host} doesn't run")

    def wait_until(self, condition: Callable[[], bool]) -> None:
        """Wait until something holds, for as long as a deployment may take."""
        deadline = time.monotonic() + LIMIT_SECONDS
        while not condition():
            assert time.monotonic() < deadline
            time.sleep(0.2)

    def base_env(self) -> str:
        """The base's `.env`."""
        return self.on("base", f"cat {release.BASE.folder}/.env")


def new_lab(prefix: str, engine: Engine | None = None) -> Lab:
    return Lab(f"{prefix}-{uuid.uuid4().hex[:6]}", engine)


@contextmanager
def deployed(prefix: str, *options: str, engine: Engine | None = None) -> Iterator[Lab]:
    """A lab of its own, after `lab up` with options; it's gone after the block."""
    lab = new_lab(prefix, engine)
    try:
        lab.ok("up", *options)
        yield lab
    finally:
        lab.ok("reset")


@pytest.fixture(scope="session")
def cluster() -> Iterator[Lab]:
    """The documented example, deployed: a base and two nodes, healthy."""
    os.environ.setdefault("OPENVIDU_LAB_HOME", "/var/tmp/openvidu-lab-tests")  # noqa: S108
    with deployed("example", engine=REFERENCE) as lab:
        yield lab
