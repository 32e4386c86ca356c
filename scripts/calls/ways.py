"""How media go between users and the node that carries their call. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

_SERVER = re.compile(r"(turns?):(\[[0-9a-fA-F:]+\]|[^:?\[\]]+)(?::(\d+))?(?:\?.*)?")
_PORTS = {"turn": 3478, "turns": 5349}
"""Where an address names none. Source: RFC 7065, 3.1."""


class Way(StrEnum):
    """How media go."""

    STRAIGHT = "straight"
    TURN_UDP = "turn-udp"
    """By the node's TURN server, which is reached by UDP."""
    TURN_TCP = "turn-tcp"
    """By TCP: for who is behind a firewall."""
    TURN_SERVER = "turn-server"
    """By `turnServer`: the operator's own, outside the cluster."""

    @property
    def transport(self) -> str:
        """What is between a user and the node: `udp` or `tcp`."""
        return "tcp" if self is Way.TURN_TCP else "udp"

    def url(self, server: str) -> str:
        """Address of a TURN server on this way.

        Args:
            server: its address, with a transport or without one.
        """
        return f"{server.partition('?')[0]}?transport={self.transport}"


WAYS = (Way.STRAIGHT, Way.TURN_UDP, Way.TURN_TCP)
"""Those of users, who are told of one TURN server: the node's, or the operator's own."""


@dataclass(frozen=True)
class TurnServer:
    """Where a TURN server is.

    Attributes:
        host: name or address.
        port: where it listens.
        tls: whether it's spoken to over TLS.
    """

    host: str
    port: int
    tls: bool

    @classmethod
    def of(cls, url: str) -> Self:
        """Read an address such as `turn:203.0.113.12:443`. Source: RFC 7065.

        Raises:
            ValueError: it's none.
        """
        found = _SERVER.fullmatch(url)
        if found is None:
            raise ValueError(f"{url!r} is no address of a TURN server")
        scheme, host, port = found.groups()
        return cls(host.strip("[]"), int(port or _PORTS[scheme]), scheme == "turns")
