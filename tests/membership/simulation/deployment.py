"""Updates as the program runs them: in which order a node's steps come, and what is tried again."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum
from functools import partial
from pathlib import Path

from membership.clock import Elapsed
from membership.context import Context, Run
from membership.drain import Outcome, drain, remove
from membership.drain_queue import leave_for_good
from membership.errors import MembershipError
from membership.hold import Held, release
from membership.join import Found, announce, join, prepare
from membership.load_balancer import ReloadError
from membership.lock import LockTimeoutError
from membership.policy import Policy
from membership.registry import Node, Phase, Record, Registry, Way
from tests.membership.simulation.base import SimulatedBase
from tests.membership.simulation.cluster import Machine, SimulatedCluster, State
from tests.membership.simulation.faults import Fault, Kind
from tests.membership.simulation.invariants import Invariant, Violation
from tests.membership.simulation.network import BASE, OPERATOR, Cut, Network, Slow
from tests.membership.simulation.stage import Lost, Stage

_REFUSALS = (MembershipError, ReloadError, LockTimeoutError)
_TRIES = 6
_NEW_CALLS_SECONDS = 3.0
_NEW_CALLS_UNTIL = 60.0
_SETTLED_SECONDS = 30.0
_DRAIN_TIMEOUT = timedelta(minutes=10)


class Operation(Enum):
    """What an update does to some nodes."""

    REMOVE = "they leave"
    REPLACE = "their machines are replaced"
    ADD = "as many come"
    CHANGE_OF_MIND = "they leave, and then are wanted after all"
    TAKEN_BACK = "as many come, and go before the state knows that they have joined"
    STALE = "an update that knows their former machines removes those"


@dataclass(frozen=True)
class Scenario:
    """A cluster, one operation, one fault, connections that aren't made, and links that are slow.

    Attributes:
        calls: lengths of the calls that each node carries, one entry a node.
        nodes: numbers of the nodes that the operation is about.
        seed: decides the order of steps, and where new calls go.
    """

    calls: tuple[tuple[float, ...], ...]
    operation: Operation
    nodes: frozenset[int]
    fault: Fault = field(default_factory=Fault)
    cuts: tuple[Cut, ...] = ()
    slows: tuple[Slow, ...] = ()
    max_unavailable: int = 1
    seed: int = 0


@dataclass
class _Job:
    """What an update does to one node, and whether it's done: then the state doesn't have it."""

    number: int
    act: Callable[[], None]
    done: bool = False


@dataclass
class Deployment:
    """A simulated cluster, and the updates on it."""

    scenario: Scenario
    folder: Path
    base_type: type[SimulatedBase] = SimulatedBase
    said: list[str] = field(default_factory=list)
    _waited_since: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        scenario = self.scenario
        self.stage = Stage(scenario.seed)
        self._random = random.Random(scenario.seed)
        self._runs = itertools.count(1)
        self.network = Network(scenario.cuts, scenario.slows)
        self.cluster = SimulatedCluster(self.stage, scenario.fault, self.network, self._random)
        self.registry = Registry(self.folder / "registry")
        self.cluster.max_unavailable = scenario.max_unavailable
        self.cluster.wanted = set(range(1, len(scenario.calls) + 1))
        for number, calls in enumerate(scenario.calls, start=1):
            machine = self.cluster.add(number)
            machine.state, machine.joined = State.RUNNING, True
            self.cluster.served.add(machine.ip)
            for seconds in calls:
                self.cluster.call(machine, seconds)
            node = _node(machine)
            record = Record(node.name, node.ip, node.identity, Phase.SERVING, 0, generation=1)
            with self.registry.locked():
                self.registry.write(record)
        self.base = self.base_type(self.folder, self.stage, self.cluster, scenario.fault)

    def play(self) -> None:
        """Carry the operation out, over the fault, as often as it takes.

        Raises:
            Violation: an invariant doesn't hold.
        """
        stage = self.stage
        try:
            stage.start(self.base.keep, background=True)
            stage.start(self._new_calls, background=True)
            stage.start(self._strike, background=True)
            for cut in self.scenario.cuts:
                if (cut.who, cut.to) == (OPERATOR, BASE):
                    stage.start(stage.lose, background=True, delay=cut.at)
            self._update(self._jobs())
            self._heal()
            self._require_exact_list()
        finally:
            stage.close()

    # What the operation is made of.

    def _jobs(self) -> list[_Job]:
        scenario, cluster = self.scenario, self.cluster
        machines = {machine.number: machine for machine in cluster.machines.values()}
        chosen = [machines[number] for number in sorted(scenario.nodes)]
        if scenario.operation not in (Operation.ADD, Operation.TAKEN_BACK, Operation.STALE):
            cluster.leaving = {machine.identity for machine in chosen}
        match scenario.operation:
            case Operation.REMOVE:
                self._leave(chosen)
                return [_Job(one.number, partial(self._remove, one)) for one in chosen]
            case Operation.REPLACE:
                return [_Job(one.number, self._replacement(one)) for one in chosen]
            case Operation.ADD:
                numbers = range(len(machines) + 1, len(machines) + 1 + len(chosen))
                cluster.wanted |= set(numbers)
                return [_Job(number, self._addition(number)) for number in numbers]
            case Operation.TAKEN_BACK:
                numbers = range(len(machines) + 1, len(machines) + 1 + len(chosen))
                return [_Job(number, self._taken_back(number)) for number in numbers]
            case Operation.CHANGE_OF_MIND:
                self._leave(chosen)
                return [_Job(one.number, self._change_of_mind(one)) for one in chosen]
            case Operation.STALE:
                former = [Machine(one.number, f"former-{one.identity}") for one in chosen]
                return [_Job(one.number, partial(self._remove, one)) for one in former]

    def _leave(self, machines: Iterable[Machine]) -> None:
        for machine in machines:
            self.cluster.wanted.discard(machine.number)
            leave_for_good(_node(machine), self._world())

    def _remove(self, machine: Machine) -> None:
        self._drain(machine)
        self._release(machine)

    def _drain(self, machine: Machine) -> None:
        run = Run(f"run {next(self._runs)}", asks=True)
        with self._full_time(machine):
            while drain(_node(machine), run, self._world()) is Outcome.DOUBT:
                self._ask(machine)
        self._reach_the_base()
        remove(_node(machine), run, self._world())

    def _release(self, machine: Machine) -> None:
        """Have what holds the machine let it go, then remove it."""
        run = Run(f"run {next(self._runs)}")
        if release(_node(machine), run, self._world()) is Held.JOINED:
            leave_for_good(_node(machine), self._world())
            self._drain(machine)
        self.cluster.release(machine)

    def _bring(self, machine: Machine) -> None:
        run = Run(f"run {next(self._runs)}", asks=True)
        with self._full_time(machine):
            while (found := prepare(_node(machine), run, self._world())) is Found.DOUBT:
                self._ask(machine)
        if found is Found.STOPPED:
            self.cluster.start(machine)
        join(_node(machine), 2, run, self._world())

    @contextmanager
    def _full_time(self, machine: Machine) -> Iterator[None]:
        """Require that calls aren't given up before their time is over: really, by no clock."""
        began = self._waited_since.setdefault(machine.identity, self.stage.now)
        try:
            yield
        except MembershipError as error:
            passed = timedelta(seconds=self.stage.now - began)
            if f"after {_DRAIN_TIMEOUT}" in str(error) and passed < _DRAIN_TIMEOUT:
                raise Violation(Invariant.FULL_TIME, f"{error}, after {passed}") from None
            raise

    def _ask(self, machine: Machine) -> None:
        asked = Elapsed.begin(self.stage.clock)
        said = self.cluster.testimony(machine)
        self._reach_the_base()
        self.registry.testify(_node(machine), said, asked)

    def _replacement(self, old: Machine) -> Callable[[], None]:
        made: list[Machine] = []

        def act() -> None:
            if not made:
                self._remove(old)
                made.append(self.cluster.add(old.number))
            announce(_node(made[0]), Way(), self._world())
            self._bring(made[0])

        return act

    def _addition(self, number: int) -> Callable[[], None]:
        made: list[Machine] = []

        def act() -> None:
            if not made:
                made.append(self.cluster.add(number))
            announce(_node(made[0]), Way(), self._world())
            self._bring(made[0])

        return act

    def _taken_back(self, number: int) -> Callable[[], None]:
        """A join that is killed, maybe with calls there by then; then the machine goes."""
        made: list[Machine] = []

        def join_and_die() -> None:
            announce(_node(made[0]), Way(), self._world())
            self._ignore(lambda: self._bring(made[0]))

        def act() -> None:
            if not made:
                made.append(self.cluster.add(number))
                self.cluster.leaving.add(made[0].identity)
                self.stage.start(join_and_die, steps=self._random.randrange(1, 60))
                self.stage.sleep(self._random.uniform(5, 30))
            self._release(made[0])

        return act

    def _change_of_mind(self, machine: Machine) -> Callable[[], None]:
        """A drain that is killed after a while; then the node joins."""
        begun: list[bool] = []

        def act() -> None:
            if not begun:
                begun.append(True)
                steps = self._random.randrange(1, 30)
                run = Run(f"run {next(self._runs)}")
                self.stage.start(
                    lambda: self._ignore(lambda: drain(_node(machine), run, self._world())),
                    steps=steps,
                )
                self.stage.sleep(self._random.uniform(0, 20))
            self.cluster.wanted.add(machine.number)
            self._bring(machine)

        return act

    @staticmethod
    def _ignore(act: Callable[[], object]) -> None:
        try:
            act()
        except _REFUSALS:
            return

    # How it goes.

    def _update(self, jobs: list[_Job]) -> None:
        """The same command, until it's done; the fault is healed in between."""
        for attempt in range(_TRIES):
            todo = [job for job in jobs if not job.done]
            if attempt:
                todo += self._repairs({job.number for job in todo})
            victim = self._random.randrange(len(todo)) if todo else 0
            for index, job in enumerate(todo):
                fault = self.scenario.fault
                dies = attempt == 0 and fault.kind is Kind.KILL and index == victim
                self.stage.start(partial(self._try, job), steps=fault.step if dies else None)
            self.stage.play()
            if all(job.done for job in jobs):
                return
            self._heal()
        raise Violation(Invariant.SAME_COMMAND, "; ".join(self.said[-4:]))

    def _repairs(self, others: Collection[int]) -> list[_Job]:
        """Wanted nodes that are out of service are brought back, by updates after the first."""
        return [
            _Job(machine.number, partial(self._bring, machine))
            for machine in self.cluster.machines.values()
            if machine.number in self.cluster.wanted - set(others) and not machine.up
        ]

    def _try(self, job: _Job) -> None:
        """Carry out a job, again when the connection to the base is back."""
        while True:
            try:
                self._connect()
                job.act()
            except Lost:
                self.said.append("the connection to the base is lost")
                continue
            except _REFUSALS as error:
                self.said.append(str(error))
            else:
                job.done = True
            return

    def _connect(self) -> None:
        """Wait until the operator reaches the base."""
        now = self.stage.now
        self.stage.sleep(self.network.healed_at(OPERATOR, BASE, now) - now)
        self._reach_the_base()

    def _reach_the_base(self) -> None:
        self.stage.sleep(self.network.takes(OPERATOR, BASE, self.stage.now))

    def _heal(self) -> None:
        """Wait until the fault is over; a machine that lost its power has it again."""
        fault = self.scenario.fault
        over_at = max(fault.at + fault.lasts, self.network.over_at)
        self.stage.start(lambda: self.stage.sleep(max(1, over_at - self.stage.now)))
        self.stage.play()
        for machine in self.cluster.machines.values():
            if machine.state is State.CRASHED:
                machine.state = State.STOPPED

    def _strike(self) -> None:
        """Faults that are events."""
        fault = self.scenario.fault
        self.stage.sleep(fault.at)
        if fault.kind is Kind.REBOOT:
            self.base.reboot()
        if fault.kind is Kind.CRASH and (machine := self._number(fault.node)):
            self.cluster.crash(machine)
        if fault.kind is Kind.CLOCK:
            self.stage.stepped = fault.step_of_clock(Kind.CLOCK, self.stage.now)
            self.stage.sleep(fault.lasts)
            self.stage.stepped = fault.step_of_clock(Kind.CLOCK, self.stage.now)

    def _new_calls(self) -> None:
        """Users: their calls go to the serving nodes."""
        while self.stage.now < _NEW_CALLS_UNTIL:
            if serving := self.cluster.serving:
                self.cluster.call(self._random.choice(serving), self._random.uniform(1, 15))
            self.stage.sleep(_NEW_CALLS_SECONDS)

    def _number(self, number: int) -> Machine | None:
        found = self.cluster.machines.values()
        return next((machine for machine in found if machine.number == number), None)

    def _world(self) -> Context:
        policy = Policy(limit=_DRAIN_TIMEOUT, max_unavailable=self.scenario.max_unavailable)
        return Context(
            self.cluster,  # type: ignore[arg-type]
            self.base,
            self.registry,
            policy,
            self.said.append,
            self.stage.clock,
        )

    def _require_exact_list(self) -> None:
        """What holds when all is done, and still holds when the base reboots now."""
        self.base.reboot()
        self.stage.start(lambda: self.stage.sleep(_SETTLED_SECONDS))
        self.stage.play()
        listed = set(self.base.node_ips)
        lost = {self.scenario.fault.node} if self.scenario.fault.kind is Kind.CRASH else set()
        wanted = {f"10.5.0.{5 + number}" for number in self.cluster.wanted - lost}
        spare = {f"10.5.0.{5 + number}" for number in lost}
        for name, ips in (("the file", listed), ("nginx", self.cluster.served)):
            if ips - spare != wanted - spare:
                what = f"{name} has {sorted(ips)}, wanted are {sorted(wanted)}"
                raise Violation(Invariant.EXACT_LIST, what)


def _node(machine: Machine) -> Node:
    return Node(f"node-{machine.number}", machine.ip, machine.identity)
