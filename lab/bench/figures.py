"""What was measured, and what follows from it. Times are seconds."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any, Protocol, TypeVar


@dataclass(frozen=True)
class Cpu:
    """Seconds of CPU, user and system, by who used them.

    Attributes:
        program: the Pulumi program, and what hosts its language.
        engine: the engine; in a bare loop, the loop.
        providers: the providers' processes.
        commands: what providers run on the desk: SSH, and the look for host keys.
        cloud: the fake AWS.
        machines: all that runs on the machines.
    """

    program: float
    engine: float
    providers: float
    commands: float
    cloud: float
    machines: float

    @property
    def total(self) -> float:
        """All of them."""
        lab = self.cloud + self.machines
        return self.program + self.engine + self.providers + self.commands + lab

    @property
    def own_share(self) -> float:
        """The program's and the engine's part of the total."""
        return (self.program + self.engine) / self.total


@dataclass(frozen=True)
class Up:
    """One `pulumi up` in a fresh lab.

    Attributes:
        nodes: how many.
        resources: registered, with components.
        wall: from the command's start to its end.
        cpu: who used the processors.
        first_resource: from the start of the program's process to its first resource.
        in_calls: time of the provider calls on the critical path.
        path: how many calls are on it.
    """

    nodes: int
    resources: int
    wall: float
    cpu: Cpu
    first_resource: float
    in_calls: float
    path: int

    @property
    def between_calls(self) -> float:
        """Time in which the program and the engine were what was waited for."""
        return self.wall - self.in_calls


@dataclass(frozen=True)
class Bare:
    """The same resources in a bare loop, in a fresh lab."""

    nodes: int
    wall: float
    cpu: Cpu


@dataclass(frozen=True)
class Preview:
    """One `pulumi preview` of a stack that isn't deployed."""

    nodes: int
    resources: int
    wall: float
    cpu: Cpu


@dataclass(frozen=True)
class Results:
    """All runs, and where they were made.

    Attributes:
        machine: what they ran on, in words.
        processors: how many it has.
        engine: `pulumi` or `embedded`.
        parallel: resources at a time.
        ups: in the order in which they were made; so are the others.
    """

    machine: str
    processors: int
    engine: str
    parallel: int
    ups: tuple[Up, ...]
    bares: tuple[Bare, ...]
    previews: tuple[Preview, ...]

    def as_json(self) -> str:
        """The results as a text that `from_json` reads."""
        return json.dumps(asdict(self), indent=1) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Results:
        """Read what `as_json` wrote."""
        found = json.loads(text)
        return cls(
            found["machine"],
            found["processors"],
            found["engine"],
            found["parallel"],
            tuple(_with_cpu(Up, one) for one in found["ups"]),
            tuple(_with_cpu(Bare, one) for one in found["bares"]),
            tuple(_with_cpu(Preview, one) for one in found["previews"]),
        )


class Run(Protocol):
    """Up, Bare or Preview."""

    @property
    def nodes(self) -> int:
        """How many nodes."""

    @property
    def wall(self) -> float:
        """From the command's start to its end."""

    @property
    def cpu(self) -> Cpu:
        """Who used the processors."""


OfRun = TypeVar("OfRun", bound=Run)


def sizes(runs: Sequence[Run]) -> list[int]:
    """The numbers of nodes that were measured, rising."""
    return sorted({run.nodes for run in runs})


def values(runs: Sequence[OfRun], nodes: int, of: Callable[[OfRun], float]) -> list[float]:
    """A quantity of each run of a size."""
    return [of(run) for run in runs if run.nodes == nodes]


def middle(runs: Sequence[OfRun], nodes: int, of: Callable[[OfRun], float]) -> float:
    """The median of a quantity over the runs of a size."""
    return median(values(runs, nodes, of))


def own_time(results: Results, nodes: int) -> float:
    """How much longer `up` takes than the bare loop right after it; the median over the pairs."""
    ups = values(results.ups, nodes, lambda run: run.wall)
    bares = values(results.bares, nodes, lambda run: run.wall)
    return median(up - bare for up, bare in zip(ups, bares, strict=True))


def own_share(results: Results, nodes: int) -> float:
    """The part of `up` that the bare loop does without: the program's and the engine's."""
    return own_time(results, nodes) / middle(results.ups, nodes, lambda run: run.wall)


def cost_of_a_node(previews: Sequence[Preview], fewer: int, more: int) -> float:
    """Seconds that each node adds to a preview, between two sizes."""

    def wall(nodes: int) -> float:
        return middle(previews, nodes, lambda run: run.wall)

    return (wall(more) - wall(fewer)) / (more - fewer)


def _with_cpu(kind: Callable[..., OfRun], found: dict[str, Any]) -> OfRun:
    return kind(**{**found, "cpu": Cpu(**found["cpu"])})
