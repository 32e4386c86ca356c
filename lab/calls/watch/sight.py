"""What one look at the cluster shows, and what happened between two looks. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from openvidu.api import WAITING_IDLE_TO_TERMINATE


class Happened(StrEnum):
    """What can be seen to have happened."""

    MACHINE_STARTED = "machine-started"
    MACHINE_LOST = "machine-lost"
    """Its processes are gone, and nobody asked for that: it crashed."""
    MACHINE_BOOTED = "machine-booted"
    MACHINE_REMOVED = "machine-removed"
    NODE_JOINED = "node-joined"
    NODE_RESTARTED = "node-restarted"
    """OpenVidu on the node is another one: its media node has a new id."""
    NODE_LEFT = "node-left"
    DRAIN_STARTED = "drain-started"
    ADDRESS_ADDED = "address-added"
    ADDRESS_REMOVED = "address-removed"
    PROXY_RESTARTED = "proxy-restarted"
    """nginx's first process is another one: not a reload, which spares connections."""
    FAULT_SET = "fault-set"
    """Somebody has a machine misbehave, by `lab fault`: it's told, not seen."""


@dataclass(frozen=True)
class Machine:
    """An instance that is not on its way out."""

    name: str
    ip: str
    running: bool


@dataclass(frozen=True)
class Node:
    """A media node as the API lists it."""

    id: str
    status: str


@dataclass(frozen=True)
class Sight:
    """One look.

    Attributes:
        machines: by instance id.
        nodes: the cluster's nodes by address; None where nobody answered.
        addresses: the load balancer's list; None where it couldn't be read.
        proxy: process id of nginx on the base; 0 where there is none.
    """

    machines: Mapping[str, Machine] = field(default_factory=dict)
    nodes: Mapping[str, Node] | None = None
    addresses: tuple[str, ...] | None = None
    proxy: int = 0

    def since(self, before: Sight) -> Sight:
        """This look, with what it couldn't see as it was seen before.

        With a machine goes what was on it, whether anybody is left to say so or not.
        """
        ips = {machine.ip for machine in self.machines.values()}
        has_base = any(machine.name == "base" for machine in self.machines.values())
        nodes, addresses = self.nodes, self.addresses
        if nodes is None and before.nodes is not None:
            nodes = {ip: node for ip, node in before.nodes.items() if ip in ips}
        if addresses is None and before.addresses is not None:
            addresses = tuple(ip for ip in before.addresses if ip in ips)
        return Sight(self.machines, nodes, addresses, self.proxy or before.proxy * has_base)

    def as_json(self) -> dict[str, Any]:
        """The look for `parse`."""
        return asdict(self)

    @classmethod
    def parse(cls, raw: dict[str, Any]) -> Sight:
        """The look from `as_json`."""
        nodes, addresses = raw["nodes"], raw["addresses"]
        return cls(
            {key: Machine(**value) for key, value in raw["machines"].items()},
            None if nodes is None else {ip: Node(**value) for ip, value in nodes.items()},
            None if addresses is None else tuple(addresses),
            raw["proxy"],
        )


@dataclass(frozen=True)
class Change:
    """Something that happened.

    Attributes:
        what: its kind.
        name: the machine's short name, as `node-3`; empty where there is no machine of it.
        ip: its private address.
    """

    what: Happened
    name: str
    ip: str


def changes(before: Sight, after: Sight) -> list[Change]:
    """What happened between two looks; what either couldn't see is left out."""
    names = {m.ip: m.name for sight in (before, after) for m in sight.machines.values()}
    found = list(_of_machines(before.machines, after.machines))
    found += [
        Change(what, names.get(ip, ""), ip)
        for what, ip in (*_of_nodes(before, after), *_of_list(before, after))
    ]
    if before.proxy and after.proxy and before.proxy != after.proxy:
        base = next((m for m in after.machines.values() if m.name == "base"), None)
        found.append(Change(Happened.PROXY_RESTARTED, "base", base.ip if base else ""))
    return found


def _of_machines(before: Mapping[str, Machine], after: Mapping[str, Machine]) -> Iterator[Change]:
    for key, old in before.items():
        if key not in after:
            yield Change(Happened.MACHINE_REMOVED, old.name, old.ip)
    for key, new in after.items():
        known = before.get(key)
        if known is None:
            yield Change(Happened.MACHINE_STARTED, new.name, new.ip)
        elif known.running and not new.running:
            yield Change(Happened.MACHINE_LOST, new.name, new.ip)
        elif new.running and not known.running:
            yield Change(Happened.MACHINE_BOOTED, new.name, new.ip)


def _of_nodes(before: Sight, after: Sight) -> Iterator[tuple[Happened, str]]:
    if after.nodes is None:
        return
    old = before.nodes or {}
    for ip in old:
        if ip not in after.nodes:
            yield Happened.NODE_LEFT, ip
    for ip, node in after.nodes.items():
        known = old.get(ip)
        if known is None:
            yield Happened.NODE_JOINED, ip
        elif known.id != node.id:
            yield Happened.NODE_RESTARTED, ip
        draining = node.status == WAITING_IDLE_TO_TERMINATE
        if draining and (known is None or known.status != node.status):
            yield Happened.DRAIN_STARTED, ip


def _of_list(before: Sight, after: Sight) -> Iterator[tuple[Happened, str]]:
    if after.addresses is None:
        return
    old = before.addresses or ()
    for ip in old:
        if ip not in after.addresses:
            yield Happened.ADDRESS_REMOVED, ip
    for ip in after.addresses:
        if ip not in old:
            yield Happened.ADDRESS_ADDED, ip
