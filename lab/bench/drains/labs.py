"""A lab that is scaled again and again, and what one of its updates did."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count

from lab.bench.fresh_lab import FreshLab, fresh_lab
from lab.bench.stopwatch import Measured, measure
from lab.calls import background
from lab.calls.lengths import Lengths
from lab.calls.plan import Media, Plan
from lab.calls.report import Call, report
from lab.calls.runs import HANG_UP, Runs
from lab.cli.calls import door
from lab.engines import Engine
from lab.errors import LabError
from lab.status import hosts_by_name

_WAIT_SECONDS = 0.2
_LIMIT_SECONDS = 300.0
_names = (f"benchd-{os.getpid()}-{number}" for number in count(1))


class ScaledLab:
    """A deployed cluster in a lab of its own."""

    def __init__(self, lab: FreshLab, parallel: int) -> None:
        """Take a lab that is configured.

        Args:
            lab: the lab.
            parallel: resources at a time.
        """
        self.lab = lab
        self._parallel = parallel

    def up(self) -> list[str]:
        """The command that deploys what is configured."""
        options = ("--yes", "--skip-preview", "--parallel", str(self._parallel))
        return self.lab.pulumi("up", *options)

    def want(self, nodes: int) -> None:
        """Configure how many nodes there should be."""
        self.lab.stack.set_config("nodeCount", str(nodes))

    def scale(self, nodes: int) -> Measured:
        """Have so many nodes.

        Raises:
            LabError: the update failed, or the cluster isn't healthy after it.
        """
        self.want(nodes)
        return self.deploy(nodes)

    def deploy(self, nodes: int) -> Measured:
        """Deploy what is configured; the cluster has to have so many nodes after it."""
        measured = measure(self.lab, self.up())
        self.lab.require_health(nodes)
        return measured

    def start_calls(
        self,
        calls: int,
        length: float,
        *,
        keep: bool = False,
        users: int = 1,
        media: int = 0,
        browsers: int = 0,
    ) -> None:
        """Open calls of this length, in seconds; returns when they are open.

        Args:
            calls: how many.
            length: seconds.
            keep: whether a call that is over is followed by another one.
            users: of a call.
            media: how many have sound.
            browsers: how many are between browsers.
        """
        stack, lengths = self.lab.stack, Lengths(length, length)
        plan = Plan(
            door(stack), calls, lengths, users, keep=keep, media=Media(media), browsers=browsers
        )
        background.start(stack.supervisor, plan)

    def live(self) -> list[Call]:
        """The calls of the last run as they are now."""
        run = self._runs().latest()
        return list(report(run.generated()).calls) if run else []

    def hang_up(self) -> list[Call]:
        """End all calls, wait until they have ended, and give those of the last run."""
        run = self._runs().latest()
        if run:
            run.ask(HANG_UP)
        return self.calls()

    def calls(self) -> list[Call]:
        """The calls of the last run; waits until they are over.

        Raises:
            LabError: they aren't after a long time.
        """
        run = self._runs().latest()
        limit = time.monotonic() + _LIMIT_SECONDS
        while run is not None and run.alive:
            if time.monotonic() > limit:
                raise LabError(f"calls: expected all to be over after {_LIMIT_SECONDS:.0f} s")
            time.sleep(_WAIT_SECONDS)
        return self.live()

    def crash(self, name: str) -> None:
        """Have a machine die."""
        host = hosts_by_name(self.lab.stack)[name]
        self.lab.supervisor.control.kill_host(host.instance_id)

    def addresses(self) -> dict[str, str]:
        """Private addresses of the machines, by name."""
        return {name: host.private_ip for name, host in hosts_by_name(self.lab.stack).items()}

    def on(self, name: str, script: str, *, timeout: float | None = None) -> str:
        """What a shell script prints on a machine, run there as root.

        Raises:
            LabError: it failed.
        """
        host = hosts_by_name(self.lab.stack)[name]
        # By standard input: a script must not be found in the list of processes.
        done = self.lab.supervisor.control.exec(
            host.instance_id, ["bash", "-s"], stdin=script, timeout=timeout
        )
        if done.status:
            raise LabError(f"{name}: a script ended with {done.status}: {done.stderr.strip()}")
        return done.stdout

    def _runs(self) -> Runs:
        return Runs(self.lab.supervisor.directory)


@contextmanager
def scaled_lab(
    engine: Engine,
    parallel: int,
    nodes: int,
    room: int,
    configure: Callable[[ScaledLab], object] = lambda _: None,
) -> Iterator[ScaledLab]:
    """A cluster for the length of a `with`.

    Args:
        engine: `pulumi` or `embedded`.
        parallel: resources at a time.
        nodes: how many it has at first.
        room: how many it may have.
        configure: changes the example's configuration before it's deployed.
    """
    with fresh_lab(next(_names), engine, room) as lab:
        lab.configure()
        scaled = ScaledLab(lab, parallel)
        configure(scaled)
        scaled.scale(nodes)
        yield scaled
