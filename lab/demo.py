"""The demo: 2, 3, 2 nodes and none, under calls all the time, and a picture of it."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from lab.calls import background
from lab.calls.account import Account
from lab.calls.lengths import Lengths
from lab.calls.plan import Door, Media, Plan
from lab.calls.report import Result
from lab.calls.runs import STOP, Runs
from lab.calls.watch.watching import Watch
from lab.errors import LabError
from lab.stack import Stack
from scripts.calls.ways import Way

_LIMIT_SECONDS = 180.0
_LOOK_SECONDS = 0.5
_MEDIA = Media(3, (Way.STRAIGHT, Way.TURN_UDP, Way.TURN_TCP))
"""A call for each way of sound that every cluster has."""


@dataclass(frozen=True)
class Rehearsal:
    """What a demo left.

    Attributes:
        account: its calls, and what was done.
        start: Unix seconds.
        end: Unix seconds.
    """

    account: Account
    start: float
    end: float


@dataclass(frozen=True)
class Load:
    """The calls of a demo: how many at a time, and how long."""

    count: int
    lengths: Lengths


class Demo:
    """Takes a stack through its life while calls are made."""

    def __init__(self, stack: Stack, load: Load, door: Callable[[Stack], Door]) -> None:
        """Choose stack and load; nothing is done.

        Args:
            stack: a lab's stack; what it has deployed is changed, and destroyed in the end.
            load: the calls.
            door: finds where the deployed cluster takes calls.
        """
        self._stack = stack
        self._load = load
        self._door = door
        self._runs = Runs(stack.supervisor.directory)
        self._watch = Watch(stack.supervisor.directory)

    def run(self) -> Rehearsal:
        """Go through all of it.

        Raises:
            LabError: a deployment failed, or calls are being made already.
        """
        latest = self._runs.latest()
        if latest and latest.alive:
            raise LabError("calls are being made. First: uv run lab calls stop, then calls wait")
        self._watch.start()
        self._watch.looked.wait()
        # The first look also notes what happened since somebody looked last.
        start = time.time()
        try:
            self._rehearse()
        except LabError as error:
            self._watch.stop()
            raise LabError("\n".join([str(error), *wrong(self._account(), start)])) from error
        self._watch.stop()
        return Rehearsal(self._account(), start, time.time())

    def _rehearse(self) -> None:
        self._up(2)
        with self._calls():
            self._wait_for_calls_on("node-1", "node-2")
            self._up(3)
            self._wait_for_calls_on("node-1", "node-2", "node-3")
            self._up(2)
            self._wait_for_calls_on("node-1", "node-2")
        with self._step("destroy"):
            self._stack.destroy()

    def _up(self, nodes: int) -> None:
        self._stack.set_config("nodeCount", str(nodes))
        with self._step(f"{nodes} nodes"):
            self._stack.pulumi("up", "--yes", "--skip-preview")

    @contextmanager
    def _step(self, text: str) -> Iterator[None]:
        self._watch.step(text)
        yield
        self._watch.step("")

    @contextmanager
    def _calls(self) -> Iterator[None]:
        """Have calls made; after the block no new ones, and those that are live go on."""
        plan = Plan(
            self._door(self._stack),
            self._load.count,
            self._load.lengths,
            over=self._load.lengths.shortest / 2,
            keep=True,
            seed=random.randrange(10**6),  # noqa: S311 - lengths of calls
            media=_MEDIA,
        )
        background.start(self._stack.supervisor, plan)
        try:
            yield
        finally:
            if run := self._runs.latest():
                run.ask(STOP)

    def _wait_for_calls_on(self, *nodes: str) -> None:
        """Wait until each node carries calls, and a few were begun since now."""
        begun = len(self._account().report.calls)
        limit = time.monotonic() + _LIMIT_SECONDS
        while True:
            account = self._account()
            if account.report.with_result(Result.CUT):
                raise LabError("a call was cut; what is deployed stays, for you to look at")
            live = account.report.live_by_node()
            names = {account.names.get(ip, "") for ip in live}
            if set(nodes) <= names and len(account.report.calls) >= begun + self._load.count // 2:
                return
            if time.monotonic() > limit:
                found = ", ".join(sorted(names)) or "no node"
                raise LabError(
                    f"after {_LIMIT_SECONDS:g} s calls are live on {found}; expected "
                    f"{', '.join(nodes)}. See: uv run lab calls report"
                )
            time.sleep(_LOOK_SECONDS)

    def _account(self) -> Account:
        run = self._runs.latest()
        return Account.of(self._runs, [run] if run else [])


def wrong(account: Account, since: float) -> list[str]:
    """A line for each call since then that went wrong: which, how, and by which step."""
    return [
        f"  call {call['id']} on {call['node'] or 'no node'}, {call['result']}: "
        f"{call.get('step') or call.get('reason') or 'its generator was killed'}"
        for call in account.as_json()["calls"]
        if call["start"] >= since and call["result"] not in (Result.LIVE, Result.ENDED)
    ]


def subtitle(account: Account) -> str:
    """What came of the calls, in a line; in another one what was heard of those with sound."""
    found = account.report
    said = (
        f"{len(found.calls)} calls through the load balancer: {found.count(Result.ENDED)} ended "
        f"well, {found.count(Result.CUT)} cut, {found.count(Result.REFUSED)} refused; "
        f"{len(found.reconnections)} sockets reconnected"
    )
    if not found.sounds:
        return said
    worst = max(one.longest_gap for one in found.sounds)
    return f"{said}\nLongest silence in the {len(found.sounds)} calls with sound: {worst} ms"
