"""Machines that exist are in one network. Pure.

Source: page, "Prerequisites".
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection

from components.settings.choices import EXISTING
from components.settings.mistakes import Mistake, set_command
from components.settings.table import BASE_OFFSET, Settings
from components.settings.values import private_network


def find_mistakes(settings: Settings) -> list[Mistake]:
    """Hosts outside subnetCidr where it was set, or else outside one private network.

    The default of subnetCidr was set by nobody: hosts that have nothing of it are elsewhere.
    """
    if settings.machines != EXISTING or not settings.hosts:
        return []
    network: ipaddress.IPv4Network | None = settings.subnet_cidr
    addresses = [ipaddress.IPv4Address(one.private_ip) for one in settings.hosts]
    usual = Settings.subnet_cidr
    if network == usual and addresses[0] not in network:
        network = private_network(addresses[0])
    if network is None:
        problem = f"hosts[0].privateIp {addresses[0]} isn't a private address"
        command = _set_private_ip(0, usual, _free(0, usual, addresses))
        return [Mistake("hosts", problem, command)]
    mistakes = []
    taken: set[ipaddress.IPv4Address | None] = {*addresses}
    for place, address in enumerate(addresses):
        if address in network:
            continue
        problem = (
            f"hosts[{place}].privateIp {address} is outside {network}, the hosts' network; "
            "subnetCidr sets a larger one"
        )
        free = _free(place, network, taken)
        taken.add(free)
        mistakes.append(Mistake("hosts", problem, _set_private_ip(place, network, free)))
    return mistakes


def _free(
    place: int,
    network: ipaddress.IPv4Network,
    taken: Collection[ipaddress.IPv4Address | None],
) -> ipaddress.IPv4Address | None:
    """An address for the host at this place that no other has; None where there's none left."""
    usual = BASE_OFFSET + place
    # From the one that AWS would give it on, and only then from the first one.
    places = [*range(usual, usual + len(taken) + 1), *range(1, len(taken) + 2)]
    last = network.num_addresses - 2
    free = (network.network_address + one for one in places if one <= last)
    return next((address for address in free if address not in taken), None)


def _set_private_ip(
    place: int, network: ipaddress.IPv4Network, free: ipaddress.IPv4Address | None
) -> str:
    """The command that gives a host a free address, or hosts a larger network."""
    if free is None:
        return set_command("subnetCidr", str(private_network(network.network_address)))
    return f"pulumi config set --path 'hosts[{place}].privateIp' {free}"
