"""The parts of the benchmark, each in a lab of its own, which is gone afterwards."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace

from lab.bench.drains import crashes, gaps, growth, pictures, release, updates, waiting
from lab.bench.drains.figures import Results
from lab.bench.drains.labs import ScaledLab, scaled_lab
from lab.engines import Engine

SMALL = 2


@dataclass(frozen=True)
class Size:
    """How much to measure.

    Attributes:
        repeat: runs of what is measured more than once.
        large: nodes of the large cluster, to which one is added.
        together: how many of its nodes leave at once, rising.
        length: of the calls on nodes that leave one at a time, in seconds.
        long_length: the same, on nodes that leave at once.
        updates: of the load balancer's list.
        every: seconds from one of them to the next, at least.
        kills: parts of an update's time at which it's killed.
        boot: how long machines take to boot while updates are killed, in seconds.
        look: how long a drain that waits is looked at, in seconds.
        hold: how long browsers look at what a change has left, in seconds.
        browser_updates: of the load balancer's list while they look.
    """

    repeat: int = 5
    large: int = 10
    together: tuple[int, ...] = (1, 2, 5)
    length: float = 15.0
    long_length: float = 40.0
    updates: int = 100
    every: float = 1.2
    kills: tuple[float, ...] = (0.25, 0.5, 0.75)
    boot: float = 40.0
    look: float = 60.0
    hold: float = 40.0
    browser_updates: int = 20


QUICK = Size(1, 4, (1, 2), 12.0, 20.0, 6, 1.0, (0.5,), 5.0, 10.0, 15.0, 4)


@dataclass(frozen=True)
class Bench:
    """How to measure.

    Attributes:
        engine: `pulumi` or `embedded`.
        parallel: resources at a time.
        size: how much.
        say: takes a line about each run.
    """

    engine: Engine
    parallel: int
    size: Size
    say: Callable[[str], None]

    def release(self, found: Results) -> Results:
        """A third node comes, and leaves while it carries calls."""
        came, left = [], []
        with self._lab(SMALL) as scaled:
            for _ in range(self.size.repeat):
                came.append(growth.add_one(scaled, SMALL))
                left.append(release.drain_under_calls(scaled, SMALL + 1, 1, self.size.length))
                self.say(
                    f"{SMALL} to {SMALL + 1} nodes: {came[-1].wall:.1f} s; "
                    f"released {left[-1].release:.1f} s after its last call"
                )
        others = [run for run in found.growth if run.nodes != SMALL]
        return replace(found, releases=tuple(left), growth=(*came, *others))

    def large(self, found: Results) -> Results:
        """A large cluster gets one more node, and loses one, two and more at once."""
        came, left = [], []
        most = self.size.large + 1
        with self._lab(self.size.large) as scaled:
            for nodes in self.size.together:
                came.append(growth.add_one(scaled, self.size.large))
                left.append(release.drain_under_calls(scaled, most, nodes, self.size.long_length))
                self.say(
                    f"{self.size.large} to {most} nodes: {came[-1].wall:.1f} s; "
                    f"{nodes} drained in {left[-1].let_go:.1f} s"
                )
                if nodes > 1:
                    scaled.scale(self.size.large)
        others = [run for run in found.growth if run.nodes != self.size.large]
        return replace(found, together=tuple(left), growth=(*others, *came))

    def updates(self, found: Results) -> Results:
        """A healthy node's address leaves the load balancer, and enters it."""
        with self._lab(SMALL) as scaled:
            name, size = f"node-{SMALL}", self.size
            run = updates.change_the_list(scaled, name, size.updates, size.every)
        self.say(f"{run.updates} updates: {run.failed} of {run.requests} requests failed")
        return replace(found, updates=(run,))

    def crash(self, found: Results) -> Results:
        """Updates are killed, and run again."""
        with self._lab(SMALL) as scaled:
            scaled.lab.supervisor.control.fault("boot-delay", seconds=self.size.boot)
            repeat = max(2, self.size.repeat // 2)
            killed = crashes.crashes(scaled, self.size.kills, repeat, self.size.long_length)
        for run in killed:
            self.say(
                f"{run.scales}, killed at {run.at:.1f} s of {run.whole:.1f} s: "
                + ("the second one failed" if run.again is None else f"again {run.again:.1f} s")
            )
        return replace(found, crashes=tuple(killed))

    def waiting(self, found: Results) -> Results:
        """A drain waits for calls that don't end."""
        with self._lab(SMALL + 1) as scaled:
            run = waiting.wait(scaled, SMALL + 1, self.size.look)
        self.say(f"a drain waited {run.seconds:.0f} s: {run.requests} requests")
        return replace(found, waiting=(run,))

    def gaps(self, found: Results) -> Results:
        """Calls with sound go on while the cluster changes in each of the usual ways."""
        with self._lab(SMALL) as scaled:
            runs = gaps.listen(scaled, self.size.length, self.size.updates, self.size.every)
        for run in runs:
            self.say(f"{run.change}: {run.calls} calls, {run.cut} cut, gap {run.longest} ms")
        return replace(found, gaps=tuple(runs))

    def pictures(self, found: Results) -> Results:
        """Two browsers have a call while the cluster changes, also in ways that lose it."""
        size = self.size
        with scaled_lab(self.engine, self.parallel, SMALL, SMALL + 1, pictures.configure) as scaled:
            runs = pictures.look(scaled, size.hold, size.browser_updates, size.every)
        for run in runs:
            self.say(f"{run.change}: freeze {run.freeze} ms{', cut' * run.cut}")
        return replace(found, pictures=tuple(runs))

    @property
    def parts(self) -> Mapping[str, Callable[[Results], Results]]:
        """What can be measured, by name; each gives the results with its own part new."""
        return {
            "release": self.release,
            "large": self.large,
            "updates": self.updates,
            "crash": self.crash,
            "waiting": self.waiting,
            "gaps": self.gaps,
            "pictures": self.pictures,
        }

    def _lab(self, nodes: int) -> AbstractContextManager[ScaledLab]:
        """A cluster with room for one more node."""
        return scaled_lab(self.engine, self.parallel, nodes, nodes + 1)
