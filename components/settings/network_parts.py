"""How the network of `ha-managed` is divided: for nodes and for AWS's services, by zone. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Network

LONGEST_PREFIX = 27
"""Source: Elastic Load Balancing, "Application Load Balancers", subnets: /27 and 8 addresses."""
LEAST_ZONES, MOST_ZONES = 2, 3


def of_zones(whole: IPv4Network, zones: int) -> Sequence[IPv4Network]:
    """The parts, all of one size: first those of nodes, then those of services, and spare ones.

    Args:
        whole: the network.
        zones: for how many zones it's divided.

    Raises:
        ValueError: it's too small.
    """
    return list(whole.subnets(prefixlen_diff=_halvings(zones)))


def fits(whole: IPv4Network, zones: int) -> bool:
    """Whether a network is large enough for so many zones."""
    return whole.prefixlen + _halvings(zones) <= LONGEST_PREFIX


def most_zones(whole: IPv4Network) -> int:
    """For how many zones a network is divided at first: whoever begins with two may add one."""
    return MOST_ZONES if fits(whole, MOST_ZONES) else LEAST_ZONES


def zones_of(whole: str, part: str) -> int:
    """For how many zones a network was divided, by one of its parts.

    Args:
        whole: the network's CIDR.
        part: the part's.
    """
    halvings = IPv4Network(part).prefixlen - IPv4Network(whole).prefixlen
    return next((zones for zones in (LEAST_ZONES, MOST_ZONES) if _halvings(zones) == halvings), 0)


def _halvings(zones: int) -> int:
    return (2 * zones - 1).bit_length()
