"""A cluster whose nodes live, drain, die and come back in virtual time."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum, auto
from random import Random
from typing import Any

from membership import answers
from membership.answers import (
    Answers,
    Call,
    Health,
    MediaNode,
    Refused,
    Silent,
    Unknown,
    Unreachable,
)
from membership.witnesses import Statement, Testimony, Witness, Word
from openvidu.api import RUNNING, WAITING_IDLE_TO_TERMINATE
from tests.membership.simulation import network
from tests.membership.simulation.faults import Fault, Kind
from tests.membership.simulation.garbage import garbled
from tests.membership.simulation.invariants import Invariant, Violation
from tests.membership.simulation.network import AWS, BASE, OPERATOR, Network
from tests.membership.simulation.stage import Stage

LISTED_AFTER_CRASH_SECONDS = 8.0
REQUEST_SECONDS = 10.0
"""The limit of a request."""
CONNECT_SECONDS = 5.0
"""The limit of its connection."""
ASK_SECONDS = 12.0
"""The limit of what the operator's machine asks others."""
_TOO_LATE = Unknown(f"no whole answer within {REQUEST_SECONDS:g} s")
LEAVING_SECONDS = 1.0
STARTING_SECONDS = 4.0


class State(Enum):
    """Of OpenVidu on a machine."""

    STOPPED = auto()
    STARTING = auto()
    RUNNING = auto()
    DRAINING = auto()
    LEFT = auto()
    CRASHED = auto()
    """The machine has lost its power."""


@dataclass
class Machine:
    """A node's machine.

    Attributes:
        number: the node's.
        identity: no other machine has it.
        calls: seconds at which they end, by id.
        since: seconds when it came into its state.
        joined: whether it was put into the load balancer; a rebooted one may have it before.
    """

    number: int
    identity: str
    state: State = State.STOPPED
    calls: dict[str, float] = field(default_factory=dict)
    since: float = 0.0
    joined: bool = False

    @property
    def ip(self) -> str:
        return f"10.5.0.{5 + self.number}"

    @property
    def up(self) -> bool:
        return self.state in (State.RUNNING, State.DRAINING)

    def live(self, now: float) -> list[str]:
        """Calls that haven't ended."""
        return [call for call, ends in self.calls.items() if ends > now]


class SimulatedCluster:
    """What `membership.cluster_view.Cluster` shows, and what it does to nodes."""

    def __init__(self, stage: Stage, fault: Fault, network: Network, random: Random) -> None:
        self.machines: dict[str, Machine] = {}
        self.wanted: set[int] = set()
        """Numbers that the configuration names."""
        self.served: set[str] = set()
        """Addresses that nginx has."""
        self.leaving: set[str] = set()
        """Identities of the machines that may drain."""
        self.max_unavailable = 1
        self._replaced: set[int] = set()
        self._stage = stage
        self._fault = fault
        self._network = network
        self._random = random
        self._ids = itertools.count(1)
        self._api_takes = 0.0

    # What happens by itself.

    def add(self, number: int) -> Machine:
        """A new machine, on which nothing runs."""
        machine = Machine(number, f"i-{next(self._ids)}", since=self._stage.now)
        self.machines[machine.ip] = machine
        return machine

    def start(self, machine: Machine) -> None:
        """Start OpenVidu; that ends what runs."""
        self._require_no_calls(machine, "OpenVidu is started")
        self._move(machine, State.STARTING)

    def call(self, machine: Machine, seconds: float) -> None:
        """A call begins."""
        machine.calls[f"call-{next(self._ids)}"] = self._stage.now + seconds

    def crash(self, machine: Machine) -> None:
        """Its power fails."""
        machine.calls.clear()
        self._move(machine, State.CRASHED)

    def release(self, machine: Machine) -> None:
        """Remove a machine; no harm must come of it."""
        self._tick()
        self._require_no_calls(machine, "its machine is removed")
        if machine.up and machine.joined:
            what = f"{machine.identity} is {machine.state.name}"
            raise Violation(Invariant.GONE_BEFORE_REMOVED, what)
        if machine.ip in self.served and self.machines.get(machine.ip) is machine:
            raise Violation(Invariant.OUT_BEFORE_REMOVED, f"nginx has {machine.ip}")
        if self.machines.get(machine.ip) is machine:
            del self.machines[machine.ip]

    def serve(self, ips: Iterable[str]) -> None:
        """nginx takes another list."""
        self._tick()
        for ip in self.served - set(ips):
            machine = self.machines.get(ip)
            if machine and machine.up and machine.joined:
                raise Violation(Invariant.OUT_AFTER_LEFT, f"{ip} is {machine.state.name}")
        self.served = set(ips)
        for ip in self.served & self.machines.keys():
            self.machines[ip].joined = True

    @property
    def serving(self) -> list[Machine]:
        """Nodes that take new calls."""
        self._tick()
        return [
            machine
            for machine in self.machines.values()
            if machine.state is State.RUNNING and machine.ip in self.served
        ]

    # What membership asks and does.

    def media_nodes(self) -> list[MediaNode] | Unknown | Refused:
        if (no := self._no_answer()) is not None:
            return no
        found = self._listed()
        return self._late() or found

    def _listed(self) -> list[MediaNode] | Unknown:
        hidden, now = self._fault.hides(self._stage.now), self._stage.now
        entries = [
            {
                "id": machine.identity,
                "ip": machine.ip,
                "status": WAITING_IDLE_TO_TERMINATE if machine.state is State.DRAINING else RUNNING,
                "sessions": [] if machine.number == hidden else machine.live(now),
            }
            for machine in self.machines.values()
            if self._is_listed(machine)
        ]
        return answers.media_nodes(self._told(entries))

    def calls(self) -> list[Call] | Unknown:
        if (no := self._no_answer()) is not None:
            return no if isinstance(no, Unknown) else Unknown(no.reason)
        now, stepped = self._stage.now, self._fault.step_of_clock(Kind.NODES_CLOCK, self._stage.now)
        entries = [
            {
                "id": call,
                "mediaNodeId": machine.identity,
                "connections": {"numberOfElements": 2},
                "createdAt": 1000 * (1_000_000 + stepped),
            }
            for machine in self.machines.values()
            for call in machine.live(now)
        ]
        found = answers.calls(self._told(entries))
        return self._late() or found

    def _late(self) -> Unknown | None:
        """Have what was answered come over; what is answered instead where that's too late."""
        is_late = self._api_takes >= REQUEST_SECONDS
        self._stage.sleep(min(self._api_takes, REQUEST_SECONDS) - self._api_takes / 2)
        return _TOO_LATE if is_late else None

    def _told(self, entries: list[dict[str, Any]]) -> Any:
        """The JSON of a list."""
        answer = {"numberOfElements": len(entries), "content": entries}
        spoilt = self._fault.strikes(Kind.GARBAGE, self._stage.now)
        return garbled(answer, self._random) if spoilt else answer

    def health(self, ip: str) -> Health:
        self._stage.step()
        self._tick()
        if self._fault.strikes(Kind.HEALTH, self._stage.now):
            return Unknown("read time-out")
        machine = self.machines.get(ip)
        if machine is None or machine.state is State.CRASHED:
            return Unreachable("no route")
        if not self._network.reaches(BASE, network.node(machine.number), self._stage.now):
            return Unreachable("no answer")
        if self._fault.hangs(machine.number, self._stage.now):
            return Unknown("no answer in time")
        return self._over_the_link(machine)

    def _over_the_link(self, machine: Machine) -> Health:
        """What a machine answers, once that has come over."""
        itself = network.node(machine.number)
        connecting = self._network.there_and_back(BASE, itself, self._stage.now)
        if connecting >= CONNECT_SECONDS:
            self._stage.sleep(CONNECT_SECONDS)
            return Unreachable("the connection isn't taken in time")
        self._stage.sleep(connecting)
        self._tick()
        if self.machines.get(machine.ip) is not machine or not machine.up:
            return Silent()
        self._stage.sleep(self._network.there_and_back(BASE, itself, self._stage.now))
        return Answers(200)

    def testimony(self, machine: Machine) -> Testimony:
        """What others than the base say of a machine."""
        self._stage.step()
        self._tick()
        nothing = Statement(Word.UNKNOWN, "no answer")
        is_there = self.machines.get(machine.ip) is machine
        off = machine.state is State.CRASHED or not is_there
        dark = off or self._fault.hangs(machine.number, self._stage.now)
        word = Word.RUNS if machine.up else Word.STOPPED
        itself, now = network.node(machine.number), self._stage.now
        asked = not dark and self._says_in_time((OPERATOR, itself))
        peer_asked = not dark and any(
            self._says_in_time((OPERATOR, peer), (peer, itself)) for peer in self._peers(machine)
        )
        aws = Statement(Word.STOPPED if off else Word.RUNS, "AWS says so")
        aws_asked = self._says_in_time((OPERATOR, AWS))
        # All are asked at once, and what they say is on its way then.
        links = [
            (OPERATOR, itself),
            (OPERATOR, AWS),
            *((OPERATOR, one) for one in self._peers(machine)),
        ]
        late = max(self._network.there_and_back(*link, now) for link in links)
        self._stage.sleep(min(late, ASK_SECONDS))
        return {
            Witness.MACHINE: Statement(word, "SSH says so") if asked else nothing,
            Witness.PEERS: Statement(word, "a peer says so") if peer_asked else nothing,
            Witness.AWS: aws if aws_asked else nothing,
        }

    def _says_in_time(self, *links: tuple[str, str]) -> bool:
        """Whether an answer comes over links, one behind the other, before nobody waits for it."""
        now = self._stage.now
        takes = sum(self._network.there_and_back(*link, now) for link in links)
        return all(self._network.reaches(*link, now) for link in links) and takes < ASK_SECONDS

    def _peers(self, machine: Machine) -> list[str]:
        """The other nodes whose machines run."""
        return [
            network.node(one.number)
            for one in self.machines.values()
            if one.number != machine.number and one.state is not State.CRASHED
        ]

    def lists(self, ip: str) -> bool | Unknown | Refused:
        self._stage.step()
        self._tick()
        return ip in self.machines and self.machines[ip].up

    def stop_new_sessions(self, node: MediaNode) -> Unknown | Refused | None:
        if (no := self._no_answer()) is not None:
            return no
        machine = self.machines.get(node.ip)
        if machine is None or machine.identity != node.id or not machine.up:
            return Unknown("the cluster no longer lists the node")
        self._drain(machine)
        if self._fault.strikes(Kind.LOST_ANSWER, self._stage.now):
            return Unknown("read time-out")
        return self._late()

    def _drain(self, machine: Machine) -> None:
        if machine.state is State.DRAINING:
            return
        if machine.identity not in self.leaving:
            raise Violation(Invariant.OWN_MACHINE, f"{machine.identity} drains, which is wanted")
        others = [one for one in self.serving if one is not machine]
        just_died = any(
            one.state is State.CRASHED and self._stage.now - one.since < LISTED_AFTER_CRASH_SECONDS
            for one in self.machines.values()
        )
        if self.wanted and not others and not just_died:
            raise Violation(Invariant.ONE_SERVES, f"{machine.identity} drains, the last one")
        self._move(machine, State.DRAINING)
        self._replaced -= {one.number for one in self.serving}
        if machine.number in self.wanted:
            self._replaced.add(machine.number)
        if len(self._replaced) > self.max_unavailable:
            raise Violation(Invariant.FEW_AT_A_TIME, f"nodes {self._replaced}")

    def _no_answer(self) -> Unknown | Refused | None:
        """What is answered instead, as each request goes through the load balancer."""
        self._stage.step()
        self._tick()
        if self._fault.strikes(Kind.API, self._stage.now):
            return Unknown("answered 500")
        if self._fault.strikes(Kind.DRIP, self._stage.now):
            self._stage.sleep(REQUEST_SECONDS)
            self._tick()
            return _TOO_LATE
        if not (answering := [one for one in self.machines.values() if self._answers_api(one)]):
            return Unknown("answered 502")
        # Whoever answers asks Redis on the base in between.
        itself = network.node(self._random.choice(answering).number)
        self._api_takes = 2 * self._network.there_and_back(BASE, itself, self._stage.now)
        self._stage.sleep(min(self._api_takes / 2, REQUEST_SECONDS))
        self._tick()
        return None if self._api_takes / 2 < REQUEST_SECONDS else _TOO_LATE

    def _answers_api(self, machine: Machine) -> bool:
        """Whether the load balancer gets answers of a node, which asks Redis on the base."""
        itself, now = network.node(machine.number), self._stage.now
        return (
            machine.up
            and machine.ip in self.served
            and not self._fault.hangs(machine.number, now)
            and self._network.reaches(BASE, itself, now)
            and self._network.reaches(itself, BASE, now)
        )

    def _is_listed(self, machine: Machine) -> bool:
        now = self._stage.now
        cut = self._network.cut_since(network.node(machine.number), BASE, now)
        hung = self._fault.at if self._fault.hangs(machine.number, now) else None
        if machine.up and (silent := [since for since in (cut, hung) if since is not None]):
            return now - max(min(silent), machine.since) < LISTED_AFTER_CRASH_SECONDS
        late = LISTED_AFTER_CRASH_SECONDS
        if self._network.nothing_came(network.node(machine.number), BASE, now, late):
            return False
        if machine.state is State.CRASHED:
            return self._stage.now - machine.since < LISTED_AFTER_CRASH_SECONDS
        return machine.up

    def _require_no_calls(self, machine: Machine, why: str) -> None:
        if machine.state is not State.CRASHED and (live := machine.live(self._stage.now)):
            raise Violation(Invariant.NO_CALL_IS_CUT, f"{', '.join(live)}, as {why}")

    def _move(self, machine: Machine, state: State) -> None:
        machine.state = state
        machine.since = self._stage.now

    def _tick(self) -> None:
        now = self._stage.now
        for machine in self.machines.values():
            if machine.state is State.STARTING and now >= machine.since + STARTING_SECONDS:
                self._move(machine, State.RUNNING)
            elif machine.state is State.DRAINING:
                last = max([machine.since, *machine.calls.values()])
                if now >= last + LEAVING_SECONDS:
                    self._move(machine, State.LEFT)
