"""AWS's edge as nftables rules: public addresses, and who reaches what.

Pure: text from data. `network` puts the text in place, in the lab's root namespace, which is the
internet, the edge of the VPCs, and the operator's desk.

- A packet to a public address goes to the private address behind it.
- A host with a public address is seen by others under that address.
- A host without one reaches only its VPC.
- From outside, private addresses can't be reached.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from lab.cloud.facts import (
    ACME_ADDRESS,
    AWS_ADDRESS,
    METADATA_ADDRESS,
    MIRROR_ADDRESS,
    OPERATOR_ADDRESS,
)

_TABLE = "ip edge"
_OPEN = (MIRROR_ADDRESS, ACME_ADDRESS, AWS_ADDRESS, METADATA_ADDRESS, OPERATOR_ADDRESS)


@dataclass(frozen=True)
class Edge:
    """What the edge knows.

    Attributes:
        public: private addresses by the public address that leads to them.
        networks: the subnets of each VPC, as CIDRs.
    """

    public: Mapping[str, str] = field(default_factory=dict)
    networks: Mapping[str, Sequence[str]] = field(default_factory=dict)


def render(edge: Edge) -> str:
    """The nftables rule set of the root namespace, which takes the place of the one before."""
    vpcs = [", ".join(sorted(subnets)) for _, subnets in sorted(edge.networks.items()) if subnets]
    inside = [
        f"    ip saddr {{ {subnets} }} ct original ip daddr {{ {subnets} }} accept"
        for subnets in vpcs
    ]
    shut = [
        f"    ip daddr {{ {subnets} }} ct state new ct status & dnat == 0 drop" for subnets in vpcs
    ]
    return "\n".join(
        [
            f"table {_TABLE} {{}}",
            f"delete table {_TABLE}",
            f"table {_TABLE} {{",
            *_map("to_private", edge.public),
            *_map("to_public", {private: public for public, private in edge.public.items()}),
            "  chain inward {",
            "    type nat hook prerouting priority dstnat;",
            "    dnat to ip daddr map @to_private",
            "  }",
            "  chain inward_from_here {",
            "    type nat hook output priority -100;",
            "    dnat to ip daddr map @to_private",
            "  }",
            "  chain outward {",
            "    type nat hook postrouting priority srcnat;",
            "    ct status dnat snat to ip saddr map @to_public",
            "  }",
            "  chain outward_to_here {",
            "    type nat hook input priority 100;",
            "    snat to ip saddr map @to_public",
            "  }",
            "  set outgoing {",
            "    type ipv4_addr",
            *_elements(sorted(edge.public.values())),
            "  }",
            "  chain through {",
            "    type filter hook forward priority filter; policy drop;",
            "    ct state established,related accept",
            *inside,
            "    ip saddr @outgoing ct status dnat accept",
            "  }",
            "  chain here {",
            "    type filter hook input priority filter; policy drop;",
            "    iif lo accept",
            "    ct state established,related accept",
            f"    ip saddr @outgoing ip daddr {{ {', '.join(_OPEN)} }} accept",
            "  }",
            "  chain from_here {",
            "    type filter hook output priority filter; policy accept;",
            *shut,
            "  }",
            "}",
            "",
        ]
    )


def _map(name: str, entries: Mapping[str, str]) -> list[str]:
    return [
        f"  map {name} {{",
        "    type ipv4_addr : ipv4_addr",
        *_elements([f"{key} : {value}" for key, value in sorted(entries.items())]),
        "  }",
    ]


def _elements(entries: Sequence[str]) -> list[str]:
    return [f"    elements = {{ {', '.join(entries)} }}"] if entries else []
