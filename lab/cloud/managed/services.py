"""Brings the appliances to what the fake AWS holds."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

from lab.cloud import authority
from lab.cloud.facts import ELASTIC_ADDRESSES
from lab.cloud.firewall import Rule
from lab.cloud.managed import holdings
from lab.cloud.managed.appliance import Appliance
from lab.cloud.managed.holdings import Certificate, Service
from lab.cloud.network import Interface, Network, Subnet

SETTINGS, HEALTH = "settings.json", "health.json"

SubnetOf = Callable[[str], Subnet | None]
RulesOf = Callable[[Sequence[str]], tuple[Rule, ...]]


class Services:
    """The appliances of one lab. Hold the view's lock."""

    def __init__(
        self,
        directory: Path,
        network: Network,
        *,
        subnet: SubnetOf,
        rules: RulesOf,
        taken: Callable[[], Collection[str]],
    ) -> None:
        """Begin without appliances.

        Args:
            directory: the lab's directory.
            network: the lab's networks.
            subnet: a subnet of the fake AWS by its id.
            rules: the rules of security groups by their ids.
            taken: every private address that the fake AWS has given away.
        """
        self._directory = directory
        self._network = network
        self._subnet = subnet
        self._rules = rules
        self._taken = taken
        self._running: dict[str, Appliance] = {}
        self._groups: dict[str, Sequence[str]] = {}

    def interfaces(self, wanted: Sequence[Service]) -> list[Interface]:
        """Make and remove appliances; returns the interfaces of those that there are.

        Args:
            wanted: what the fake AWS holds.
        """
        keys = {service.key for service in wanted}
        for key in self._running.keys() - keys:
            self._running.pop(key).remove()
        for service in wanted:
            self._tell(service)
            if service.key not in self._running and (made := self._make(service)):
                self._running[service.key] = made
        self._groups = {service.key: service.groups for service in wanted}
        rules = {service.key: self._rules(service.groups) for service in wanted}
        return [one.with_rules(rules[key]) for key, one in self._running.items()]

    def members(self, group_id: str) -> list[str]:
        """The addresses of appliances in a security group."""
        return [
            one.interface.private_ip
            for key, one in self._running.items()
            if group_id in self._groups.get(key, ())
        ]

    def names(self, wanted: Sequence[Service]) -> Mapping[str, str]:
        """The addresses of appliances by DNS name, as everybody in the lab sees them."""
        return {
            name: interface.public_ip or interface.private_ip
            for service in wanted
            if (one := self._running.get(service.key))
            for interface in (one.interface,)
            for name in service.names
        }

    def health(self, group: str) -> Mapping[str, Any]:
        """What load balancers say of the targets of a group: `{"state", "reason"}` by address."""
        for key in self._running:
            file = self._folder(key) / HEALTH
            if file.exists() and group in (found := json.loads(file.read_text())):
                states: Mapping[str, Any] = found[group]
                return states
        return {}

    def _make(self, service: Service) -> Appliance | None:
        subnet = self._subnet(service.subnets[0]) if service.subnets else None
        if subnet is None:
            return None
        private = self._free(subnet.cidr)
        interface = Interface(
            service.key,
            "02:" + ":".join(f"{byte:02x}" for byte in (1, *map(int, private.split(".")))),
            private,
            self._public() if service.is_public else None,
            subnet,
            self._rules(service.groups),
        )
        folder = self._folder(service.key)
        return Appliance(interface, self._network, service.module, folder)

    def _free(self, cidr: IPv4Network) -> str:
        """An address from the subnet's end: the fake AWS itself gives away the first ones."""
        used = {*self._taken(), *(one.interface.private_ip for one in self._running.values())}
        last = int(cidr.broadcast_address)
        candidates = (str(cidr.broadcast_address - n) for n in range(1, last))
        return next(address for address in candidates if address not in used)

    def _public(self) -> str:
        used = {one.interface.public_ip for one in self._running.values()}
        last = ELASTIC_ADDRESSES.broadcast_address
        candidates = (str(last - n) for n in itertools.count(1))
        return next(address for address in candidates if address not in used)

    def _tell(self, service: Service) -> None:
        """Write what the appliance reads, when that has changed."""
        folder = self._folder(service.key)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        settings = json.loads(json.dumps(service.settings, default=asdict))
        for listener in settings.get("listeners", ()):
            if arn := listener["certificate"]:
                found = holdings.certificate(arn)
                listener["certificate"] = self._certificate(folder, arn, found)
        if service.module.endswith("search"):
            own = Certificate(service.names)
            settings["certificate"] = self._certificate(folder, "own", own)
        _write(folder / SETTINGS, json.dumps(settings))

    def _certificate(self, folder: Path, name: str, held: Certificate) -> str:
        """Path of certificate and key in one file; what ACM issues is signed by the lab."""
        file = folder / f"{name.rpartition('/')[2]}.pem"
        if held.chain and held.key:
            _write(file, f"{held.chain}\n{held.key}")
        elif not file.exists():
            _write(file, "\n".join(authority.issue(list(held.names), directory=self._directory)))
        return str(file)

    def _folder(self, key: str) -> Path:
        return self._directory / "managed" / key


def _write(file: Path, text: str) -> None:
    if file.exists() and file.read_text() == text:
        return
    new = file.with_suffix(".new")
    new.touch(mode=0o600)
    new.write_text(text)
    new.replace(file)
