"""The lab's networks: a bridge a subnet, a cable a host, and the rules of edge and hosts.

The root namespace is every subnet's gateway. Hosts of one subnet talk over its bridge.
"""

from __future__ import annotations

import fcntl
import socket
import struct
import subprocess
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

from lab.cloud import edge, firewall
from lab.cloud.facts import (
    ACME_ADDRESS,
    API_ADDRESS,
    AWS_ADDRESS,
    ELASTIC_ADDRESSES,
    METADATA_ADDRESS,
    MIRROR_ADDRESS,
    OPERATOR_ADDRESS,
    TURN_ADDRESS,
)

_STUB = "internet"
"""A bridge without ports: packets to addresses that nobody has are lost there."""
_HOST_INTERFACE = "eth0"
_GET_FLAGS, _IS_RUNNING = 0x8913, 0x40
"""Source: Linux, include/uapi/linux/sockios.h, `SIOCGIFFLAGS`; if.h, `IFF_RUNNING`."""
_SETTINGS = {
    "net/ipv4/ip_forward": "1",
    "net/ipv4/conf/all/rp_filter": "0",
    "net/ipv4/conf/default/rp_filter": "0",
    "net/ipv6/conf/all/disable_ipv6": "1",
    "net/bridge/bridge-nf-call-iptables": "0",
}


class NetworkError(Exception):
    """A network command failed; the text has the command's own words."""


@dataclass(frozen=True)
class Subnet:
    """A subnet.

    Attributes:
        subnet_id: its id.
        vpc_id: the VPC that it's in.
        cidr: its network.
    """

    subnet_id: str
    vpc_id: str
    cidr: IPv4Network

    @property
    def gateway(self) -> str:
        """The router's address. Source: VPC guide, "Subnet sizing": the first one."""
        return str(self.cidr.network_address + 1)

    @property
    def gateway_mac(self) -> str:
        """The router's hardware address.

        Without one of its own, a bridge takes a port's, and changes it when that port goes: hosts
        would lose the router.
        """
        return "0a:58:" + IPv4Address(self.gateway).packed.hex(":")

    @property
    def bridge(self) -> str:
        """Name of the subnet's bridge; Linux allows 15 characters."""
        return f"s-{self.subnet_id[-10:]}"


@dataclass(frozen=True)
class Interface:
    """A host's network interface.

    Attributes:
        instance_id: the host.
        mac: hardware address; stays with the interface when it moves to another host.
        private_ip: address in the subnet.
        public_ip: address on the internet, where the host has one and a route to there.
        subnet: the subnet.
        rules: the rules of all its security groups.
    """

    instance_id: str
    mac: str
    private_ip: str
    public_ip: str | None
    subnet: Subnet
    rules: tuple[firewall.Rule, ...]

    @property
    def cable(self) -> str:
        """Name of the cable's end in the root namespace."""
        return f"v-{self.instance_id[-10:]}"


@dataclass
class _Plugged:
    interface: Interface
    pid: int
    applied: str


class Network:
    """The networks of one lab; every method can be called from any thread."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._plugged: dict[str, _Plugged] = {}
        self._edge = ""

    def set_up(self) -> None:
        """Give the root namespace its addresses and its edge."""
        for name, value in _SETTINGS.items():
            setting = Path("/proc/sys", name)
            if setting.exists():
                setting.write_text(value)
        addresses = (
            *(API_ADDRESS, AWS_ADDRESS, METADATA_ADDRESS),
            *(MIRROR_ADDRESS, ACME_ADDRESS, TURN_ADDRESS, OPERATOR_ADDRESS),
        )
        _ip(
            [
                "link set lo up",
                *(f"addr add {address}/32 dev lo" for address in addresses),
                f"link add {_STUB} type bridge",
                f"link set {_STUB} up",
                f"route add {ELASTIC_ADDRESSES} dev {_STUB} src {OPERATOR_ADDRESS}",
            ]
        )
        self.sync([])

    def plug(self, interface: Interface, pid: int) -> None:
        """Connect a host that is about to boot.

        Args:
            interface: the host's interface.
            pid: a process in the host's network namespace.

        Raises:
            NetworkError: the subnet's network overlaps another one in use.
        """
        with self._lock:
            self._bridge(interface.subnet)
            subnet, cable = interface.subnet, interface.cable
            rules = firewall.render(interface.rules)
            _nft(rules, pid)
            _ip(
                [
                    f"link add {cable} type veth peer name {_HOST_INTERFACE} "
                    f"address {interface.mac} netns {pid}",
                    f"link set {cable} master {subnet.bridge} up",
                ]
            )
            _ip(
                [
                    "link set lo up",
                    f"addr add {interface.private_ip}/{subnet.cidr.prefixlen} "
                    f"broadcast + dev {_HOST_INTERFACE}",
                    f"link set {_HOST_INTERFACE} up",
                    f"route add default via {subnet.gateway}",
                ],
                pid,
            )
            self._forget(interface)
            self._plugged[interface.instance_id] = _Plugged(interface, pid, rules)

    def unplug(self, instance_id: str) -> None:
        """Cut a host's cable; nothing that the host sends arrives any more."""
        with self._lock:
            plugged = self._plugged.pop(instance_id, None)
            if plugged is None:
                return
            subnet = plugged.interface.subnet
            last = all(
                other.interface.subnet.subnet_id != subnet.subnet_id
                for other in self._plugged.values()
            )
            # The host may be gone already, and its cable with it.
            _ip([f"link del {plugged.interface.cable}"], force=True)
            if last:
                _ip([f"link del {subnet.bridge}"], force=True)

    def answers(self, instance_id: str) -> bool:
        """Whether a host's interface is up, so that it answers to who asks for its address.

        Args:
            instance_id: the host's instance.
        """
        with self._lock:
            plugged = self._plugged.get(instance_id)
        if plugged is None:
            return False
        # Of a cable's two ends each tells whether the other one is up. Source: netdevice(7).
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
            name = plugged.interface.cable.encode()
            try:
                told = fcntl.ioctl(asking, _GET_FLAGS, struct.pack("16s24x", name))
            except OSError:
                return False
        return bool(struct.unpack("16xH22x", told)[0] & _IS_RUNNING)

    def sync(self, interfaces: Sequence[Interface]) -> None:
        """Bring edge and security groups to what the fake AWS holds.

        Args:
            interfaces: those of all instances.
        """
        with self._lock:
            wanted = edge.render(_edge_of(interfaces))
            if wanted != self._edge:
                _nft(wanted)
                self._edge = wanted
            for interface in interfaces:
                plugged = self._plugged.get(interface.instance_id)
                if plugged is None:
                    continue
                rules = firewall.render(interface.rules)
                if rules != plugged.applied:
                    _nft(rules, plugged.pid)
                    plugged.applied = rules

    def overlap(self, subnet: Subnet) -> Subnet | None:
        """A subnet in use that shares addresses with `subnet`, if there is one."""
        with self._lock:
            for plugged in self._plugged.values():
                other = plugged.interface.subnet
                if other.subnet_id != subnet.subnet_id and other.cidr.overlaps(subnet.cidr):
                    return other
        return None

    def _forget(self, interface: Interface) -> None:
        """Have nobody know the address as another machine's, as they'd do for half a minute."""
        flush = f"neigh flush to {interface.private_ip} dev"
        _ip([f"{flush} {interface.subnet.bridge}"])
        for other in self._plugged.values():
            if other.interface.subnet.subnet_id == interface.subnet.subnet_id:
                # A host may be going just now.
                _ip([f"{flush} {_HOST_INTERFACE}"], other.pid, force=True)

    def _bridge(self, subnet: Subnet) -> None:
        """Make the subnet's bridge, unless it's there."""
        if any(p.interface.subnet.subnet_id == subnet.subnet_id for p in self._plugged.values()):
            return
        if other := self.overlap(subnet):
            raise NetworkError(
                f"{subnet.subnet_id} ({subnet.cidr}) overlaps {other.subnet_id} ({other.cidr}), "
                "which has running hosts; a lab routes each address once"
            )
        _ip(
            [
                f"link add {subnet.bridge} address {subnet.gateway_mac} type bridge",
                f"addr add {subnet.gateway}/{subnet.cidr.prefixlen} dev {subnet.bridge}",
                f"link set {subnet.bridge} up",
            ]
        )


def _edge_of(interfaces: Iterable[Interface]) -> edge.Edge:
    networks: dict[str, set[str]] = {}
    public: dict[str, str] = {}
    for interface in interfaces:
        networks.setdefault(interface.subnet.vpc_id, set()).add(str(interface.subnet.cidr))
        if interface.public_ip:
            public[interface.public_ip] = interface.private_ip
    ordered: Mapping[str, Sequence[str]] = {vpc: sorted(cidrs) for vpc, cidrs in networks.items()}
    return edge.Edge(public, ordered)


def _ip(commands: Sequence[str], pid: int | None = None, *, force: bool = False) -> None:
    """Run `ip` commands in one process, in the namespace of `pid` or in the root one."""
    options = ["-force"] if force else []
    _run([*_inside(pid), "ip", *options, "-batch", "-"], "\n".join(commands) + "\n", force)


def _nft(text: str, pid: int | None = None) -> None:
    _run([*_inside(pid), "nft", "--file", "-"], text)


def _inside(pid: int | None) -> list[str]:
    return ["nsenter", f"--net=/proc/{pid}/ns/net"] if pid else []


def _run(command: list[str], text: str, force: bool = False) -> None:
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    if done.returncode and not force:
        raise NetworkError(f"{' '.join(command)}: {done.stderr.strip()}\n{text}")
