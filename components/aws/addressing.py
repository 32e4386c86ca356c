"""Which subnet and which private address each machine gets. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network

from components.previous_state import PreviousState
from components.settings.table import BASE_OFFSET, Settings


@dataclass(frozen=True)
class Addressing:
    """Where machines are.

    Attributes:
        zones: availability zones of the subnets, in their order.
        subnets: each machine's subnet by its index there, by the machine's name.
        private_ips: each machine's address, likewise: those that are there keep theirs.
    """

    zones: Sequence[str] = ()
    subnets: Mapping[str, int] = field(default_factory=dict)
    private_ips: Mapping[str, str] = field(default_factory=dict)


class Spread:
    """Spreads machines over subnets: those that are there stay, and nodes that come alternate.

    Where a zone was added, or a number was retired, the next node comes where the fewest are.

    Attributes:
        subnets: each machine's subnet by its index, by the machine's name.
    """

    subnets: dict[str, int]

    def __init__(
        self, settings: Settings, previous: PreviousState, networks: Sequence[IPv4Network | None]
    ) -> None:
        """Begin with the machines that are there.

        Args:
            settings: what is wanted.
            previous: what is deployed.
            networks: those of the subnets, in their order.
        """
        self.subnets = {
            name: index
            for name, ip in previous.private_ips.items()
            for index, network in enumerate(networks)
            if network and IPv4Address(ip) in network
        }
        self.subnets.setdefault(settings.main_role.name, 0)
        self._count = len(networks)
        wanted = (f"node-{number}" for number in settings.node_machines)
        self._nodes = Counter(self.subnets[name] for name in wanted if name in self.subnets)

    def preferred(self, number: int) -> Sequence[int]:
        """The subnets for a node of this number, the best one first."""
        indexes = [(number - 1 + step) % self._count for step in range(self._count)]
        return sorted(indexes, key=self._nodes.__getitem__)

    def assign(self, number: int, index: int) -> None:
        """Note which subnet a node gets."""
        self.subnets[f"node-{number}"] = index
        self._nodes[index] += 1


def in_own_network(settings: Settings, previous: PreviousState) -> Addressing:
    """Where machines are in a network of the stack's own, without its zones.

    An address follows from a node's number, unless a node that came before has it.

    Args:
        settings: what is wanted, of which the network has room for each number.
        previous: what is deployed.
    """
    networks = settings.node_networks
    spread = Spread(settings, previous, networks)
    known = previous.private_ips
    chosen = {name: known[name] for name in spread.subnets if name in known}
    chosen.setdefault(settings.main_role.name, settings.main_private_ip)
    for number in settings.node_machines:
        name = f"node-{number}"
        if name in chosen:
            continue
        taken = {*chosen.values()}
        for index in spread.preferred(number):
            if address := _free(networks[index], (number - 1) // len(networks), taken):
                spread.assign(number, index)
                chosen[name] = address
                break
    return Addressing(subnets=spread.subnets, private_ips=chosen)


def _free(network: IPv4Network, row: int, taken: Collection[str]) -> str | None:
    """A node's address, or else the lowest that nobody has; AWS keeps the network's last one."""
    most = network.num_addresses - BASE_OFFSET - 2
    rows = [*range(row, min(row + 1, most)), *range(min(most, len(taken) + 1))]
    addresses = (str(network.network_address + BASE_OFFSET + 1 + one) for one in rows)
    return next((one for one in addresses if one not in taken), None)
