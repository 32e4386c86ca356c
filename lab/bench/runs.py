"""The runs themselves: each in a lab of its own, which is gone afterwards."""

from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass
from itertools import count

from lab.bench import deployment, trace
from lab.bench.critical_path import critical_path, seconds_in_calls
from lab.bench.figures import Bare, Preview, Up
from lab.bench.fresh_lab import FreshLab, fresh_lab
from lab.bench.stopwatch import Measured, measure
from lab.engines import Engine
from lab.errors import LabError

_FIRST_RESOURCE = re.compile(r"openvidu-enterprise:index:Cluster\s+cluster\b")
"""What an engine prints of the first resource that the program registers."""
_PLANNED = re.compile(r"\+ (\d+) to create")
_names = (f"bench-{os.getpid()}-{number}" for number in count(1))


@dataclass(frozen=True)
class Bench:
    """How to run.

    Attributes:
        engine: `pulumi` or `embedded`.
        parallel: resources at a time, for the engine and for the bare loop.
    """

    engine: Engine
    parallel: int

    def up_and_bare(self, nodes: int) -> tuple[Up, Bare]:
        """Deploy in one lab, and create the same resources in another without the engine."""
        with fresh_lab(next(_names), self.engine, nodes) as lab:
            lab.configure()
            options = ("--yes", "--skip-preview", "--parallel", str(self.parallel))
            measured = measure(lab, lab.pulumi("up", *options))
            lab.require_health()
            exported, names = lab.exported(), lab.supervisor.control.dns()
        with fresh_lab(next(_names), self.engine, nodes) as lab:
            for name, address in names.items():
                lab.supervisor.control.set_dns(name, address)
            loop = [sys.executable, "-m", "bench.bare_loop", str(self.parallel), str(lab.programs)]
            bare = measure(lab, loop, stdin=exported)
            lab.require_health()
        return _up(nodes, measured, exported), Bare(nodes, bare.wall, bare.cpu)

    def previews(self, nodes: int, repeat: int) -> list[Preview]:
        """Preview so many times what the first `up` in a lab would do."""
        with fresh_lab(next(_names), self.engine, nodes) as lab:
            lab.configure()
            return [self._preview(nodes, lab) for _ in range(repeat)]

    def _preview(self, nodes: int, lab: FreshLab) -> Preview:
        measured = measure(lab, lab.pulumi("preview", "--parallel", str(self.parallel)))
        said = "\n".join(line for _, line in measured.lines)
        planned = _PLANNED.search(said)
        if planned is None:
            raise LabError(f"preview: expected a line like '+ 71 to create', found:\n{said}")
        return Preview(nodes, int(planned[1]), measured.wall, measured.cpu)


def _up(nodes: int, measured: Measured, exported: str) -> Up:
    deployed = deployment.read(exported)
    calls = trace.creates(measured.notes)
    path = critical_path(calls, deployed.dependencies)
    return Up(
        nodes=nodes,
        resources=deployed.registered,
        wall=measured.wall,
        cpu=measured.cpu,
        first_resource=_first_resource(measured),
        in_calls=seconds_in_calls(path, calls),
        path=len(path),
    )


def _first_resource(measured: Measured) -> float:
    if measured.program_started is None:
        raise LabError("up: no process of the program was seen")
    for moment, line in measured.lines:
        if _FIRST_RESOURCE.search(line):
            return moment - measured.program_started
    raise LabError("up: the engine printed no line about the program's first resource, 'cluster'")
