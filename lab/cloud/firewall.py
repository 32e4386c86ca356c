"""Security groups as nftables rules: what an interface lets in and out.

Pure: text from data. `network` puts the text in place, in the host's own network namespace.
Source: VPC guide, "Security group rules": default deny, stateful, rules only allow, and the
groups of an interface add up.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_network

_ALL_PORTS = (0, 65535)
_ANY_TYPE = -1
_TABLE = "inet security_groups"
_NUMBERS = {"6": "tcp", "17": "udp", "1": "icmp", "58": "icmpv6"}


@dataclass(frozen=True)
class Rule:
    """One rule of a security group.

    Attributes:
        inbound: whether it's about connections to the host; else from the host.
        protocol: `tcp`, `udp`, `icmp`, `icmpv6`, a protocol's number, or `-1` for all.
        first: first port; for ICMP its type, -1 for any. None where there are no ports.
        last: last port; for ICMP its code, -1 for any. None where there are no ports.
        networks: the other side, as CIDRs of either IP version.
    """

    inbound: bool
    protocol: str
    first: int | None
    last: int | None
    networks: tuple[str, ...]


def render(rules: Iterable[Rule]) -> str:
    """The nftables rule set for one interface, which takes the place of the one before.

    Args:
        rules: those of all of the interface's groups.

    Raises:
        ValueError: a network is no CIDR.
    """
    wanted = list(rules)
    inbound = _lines(rule for rule in wanted if rule.inbound)
    outbound = _lines(rule for rule in wanted if not rule.inbound)
    # Made, deleted and made again in one transaction: there is no moment without rules.
    return "\n".join(
        [
            f"table {_TABLE} {{}}",
            f"delete table {_TABLE}",
            f"table {_TABLE} {{",
            *_chain("input", "iif", inbound),
            *_chain("output", "oif", outbound),
            "}",
            "",
        ]
    )


def _chain(hook: str, loopback: str, lines: list[str]) -> list[str]:
    return [
        f"  chain {hook} {{",
        f"    type filter hook {hook} priority filter; policy drop;",
        f"    {loopback} lo accept",
        "    ct state established,related accept",
        # IPv6 doesn't work without it; security groups don't filter it.
        "    icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-advert } accept",
        *(f"    {line}" for line in lines),
        "  }",
    ]


def _lines(rules: Iterable[Rule]) -> list[str]:
    """One line a rule and network, sorted, each once."""
    return sorted(
        {
            " ".join(filter(None, [_network(rule, cidr), _match(rule), "accept"]))
            for rule in rules
            for cidr in rule.networks
        }
    )


def _network(rule: Rule, cidr: str) -> str:
    network = ip_network(cidr, strict=False)
    if network.prefixlen == 0:
        return f"meta nfproto ipv{network.version}"
    family = "ip" if network.version == 4 else "ip6"
    return f"{family} {'saddr' if rule.inbound else 'daddr'} {network}"


def _match(rule: Rule) -> str:
    protocol = _NUMBERS.get(rule.protocol, rule.protocol)
    match protocol:
        case "-1":
            return ""
        case "tcp" | "udp":
            return _ports(protocol, rule)
        case "icmp" | "icmpv6":
            return _icmp(protocol, rule)
        case _:
            return f"meta l4proto {protocol}"


def _ports(protocol: str, rule: Rule) -> str:
    first, last = rule.first, rule.last
    if first is None or last is None or (first, last) == _ALL_PORTS:
        return f"meta l4proto {protocol}"
    return f"{protocol} dport {first if first == last else f'{first}-{last}'}"


def _icmp(protocol: str, rule: Rule) -> str:
    if rule.first in (None, _ANY_TYPE):
        return f"meta l4proto {'ipv6-icmp' if protocol == 'icmpv6' else 'icmp'}"
    if rule.last in (None, _ANY_TYPE):
        return f"{protocol} type {rule.first}"
    return f"{protocol} type {rule.first} {protocol} code {rule.last}"
