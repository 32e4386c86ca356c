"""A cluster that carries a day of calls, with a number of nodes that is fixed, or decided.

Decisions are those of `scripts.autoscaling.decision`, unchanged. A session goes to the node with
the fewest, as OpenVidu's automatic distribution has it (documentation, "Scalability", "How
OpenVidu Pro sessions are distributed"); where no serving node has room, it's refused.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass, field

from components.numbering import Wanted
from lab.bench.autoscaling.day import MINUTES, Call
from scripts.autoscaling.cluster_load import Observation
from scripts.autoscaling.decision import Past, decide
from scripts.autoscaling.memory import with_look
from scripts.autoscaling.scaling_policy import Measure, Policy


@dataclass(frozen=True)
class Hardware:
    """What the simulated nodes are like.

    Attributes:
        most_calls: calls that a node has room for.
        boot: minutes from the decision to the node's first call: boot, install, images, join.
    """

    most_calls: int = 20
    boot: int = 8


@dataclass(frozen=True)
class Minute:
    """The cluster at the end of a minute.

    Attributes:
        calls: that live.
        serving: nodes that take calls.
        paid: machines that there are: those that boot and drain too.
        refused: calls that were refused in this minute.
    """

    calls: int
    serving: int
    paid: int
    refused: int


@dataclass(frozen=True)
class Day:
    """What a day came to."""

    minutes: Sequence[Minute]

    @property
    def node_hours(self) -> float:
        """Hours of machines that were paid, booting and draining included."""
        return sum(minute.paid for minute in self.minutes) / 60

    @property
    def refused(self) -> int:
        """Calls that found no room."""
        return sum(minute.refused for minute in self.minutes)


@dataclass
class _Node:
    """A node: from when it serves, and its calls by their end."""

    serves_from: float
    leaving: bool = False
    ends: list[float] = field(default_factory=list)

    def takes(self, at: float, most: int) -> bool:
        return not self.leaving and self.serves_from <= at and len(self.ends) < most

    def pass_to(self, at: float) -> None:
        """Let calls end."""
        while self.ends and self.ends[0] <= at:
            heapq.heappop(self.ends)


class _Cluster:
    def __init__(self, hardware: Hardware, count: int) -> None:
        self._hardware = hardware
        self.wanted = Wanted(count)
        self.nodes = {number: _Node(0) for number in self.wanted.numbers}

    def place(self, call: Call) -> bool:
        """Give a call to a node; False when none has room."""
        for node in self.nodes.values():
            node.pass_to(call.begins)
        free = [n for n in self.nodes.values() if n.takes(call.begins, self._hardware.most_calls)]
        if not free:
            return False
        heapq.heappush(min(free, key=lambda one: len(one.ends)).ends, call.begins + call.length)
        return True

    def settle(self, at: float) -> None:
        """Let calls end, and nodes go that have drained."""
        for number, node in list(self.nodes.items()):
            node.pass_to(at)
            if node.leaving and not node.ends:
                del self.nodes[number]

    def want(self, wanted: Wanted, at: float) -> None:
        """Begin to make and to drain nodes."""
        for number in wanted.numbers:
            self.nodes.setdefault(number, _Node(at + self._hardware.boot))
        for number, node in self.nodes.items():
            node.leaving = number not in wanted.numbers
        self.wanted = wanted

    def observe(self, at: float) -> Observation:
        """What `scripts.autoscale` would see."""
        leaving = frozenset(number for number, node in self.nodes.items() if node.leaving)
        serving = frozenset(
            number
            for number, node in self.nodes.items()
            if not node.leaving and node.serves_from <= at
        )
        updating = bool(leaving) or len(serving) < self.wanted.count
        return Observation(self.wanted, serving, leaving, {Measure.CALLS: self.calls}, updating)

    @property
    def calls(self) -> int:
        """Calls that live."""
        return sum(len(node.ends) for node in self.nodes.values())


def fixed(calls: Sequence[Call], count: int, hardware: Hardware) -> Day:
    """A day with so many nodes."""
    return _run(calls, _Cluster(hardware, count), None)


def autoscaled(calls: Sequence[Call], policy: Policy, hardware: Hardware) -> Day:
    """A day on which a policy is asked each minute: the first one of Unix time, in UTC."""
    return _run(calls, _Cluster(hardware, policy.at(0.0).minimum), policy)


def _run(calls: Sequence[Call], cluster: _Cluster, policy: Policy | None) -> Day:
    minutes, past, coming = [], Past(), list(reversed(calls))
    for minute in range(1, MINUTES + 1):
        refused = 0
        while coming and coming[-1].begins < minute:
            refused += not cluster.place(coming.pop())
        cluster.settle(minute)
        if policy:
            past = _decide(policy, cluster, past, minute)
        seen = cluster.observe(minute)
        minutes.append(Minute(cluster.calls, len(seen.serving), len(cluster.nodes), refused))
    return Day(minutes)


def _decide(policy: Policy, cluster: _Cluster, past: Past, minute: int) -> Past:
    now, seen = minute * 60.0, cluster.observe(minute)
    decision = decide(policy, now, seen, past)
    past = with_look(past, now, seen.demand, policy)
    if decision.wanted is None:
        return past
    cluster.want(decision.wanted, minute)
    return Past(past.samples, now)
