"""What a run works with: what it can look at, and what it may change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event
from typing import Protocol

from membership import notification
from membership.clock import Clock
from membership.cluster_view import Cluster
from membership.policy import Policy
from membership.registry import Registry

ABORT = "abort"
"""The action that aborts a drain: the id of its run begins with it."""


class LoadBalancer(Protocol):
    """What keeps the addresses that take calls: that of the base services, or a target group."""

    @property
    def node_ips(self) -> tuple[str, ...]:
        """The addresses."""

    def add(self, ip: str, *, purpose: str, may: Callable[[], bool]) -> bool:
        """Have an address take calls. Harmless when it does.

        `may` is asked once nobody else can edit the list: False leaves it as it is, and is the
        answer.
        """

    def remove(self, ip: str, *, purpose: str, may: Callable[[], bool]) -> bool:
        """Have an address take no calls. Harmless when it takes none; `may` is as for `add`."""


@dataclass(frozen=True)
class Context:
    """The view of everything from the base or the bastion, for one run.

    Attributes:
        cluster: what can be seen.
        load_balancer: the list of addresses.
        registry: what is known of each node.
        policy: how nodes may leave.
        say: takes progress lines.
        clock: time.
        tell: tells who is on call, and waits for nothing.
    """

    cluster: Cluster
    load_balancer: LoadBalancer
    registry: Registry
    policy: Policy
    say: Callable[[str], None]
    clock: Clock = field(default_factory=Clock)
    tell: Callable[[notification.Event], None] = lambda _: None


@dataclass(frozen=True)
class Run:
    """One run of a join or drain, for one node.

    Attributes:
        id: who runs it, from where and since when; shown to whoever is in its way.
        asks: whether it can ask others than the base, where that's in doubt about a node.
        ends: where several drains wait together: set once one of their nodes has to be asked
            about, or stopped. The others then end, too, and go on when that was done.
    """

    id: str
    asks: bool = False
    ends: Event | None = None
