"""What a stack knows of its nodes, for who judges their calls. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from openvidu.roles import BASE
from scripts.checks.finding import Finding


@dataclass(frozen=True)
class Node:
    """A node of the stack.

    Attributes:
        name: such as `node-2`.
        public_ip: where users reach it.
    """

    name: str
    public_ip: str


@dataclass(frozen=True)
class Stack:
    """What the stack knows.

    Attributes:
        url: the public one.
        nodes: by private address.
        main: the machine that the deployment begins with: `base`, `master` or `bastion`. A master's
            media nodes aren't the stack's.
        selfsigned: whether its certificate is.
        own_turn: whether `turnServer` is configured.
        names: what was found of the domain's name in DNS; looked at where nobody gets in.
        groups: what was found of AWS's security groups; empty where machines are of your own.
    """

    url: str
    nodes: Mapping[str, Node] = field(default_factory=dict)
    main: str = BASE.name
    selfsigned: bool = False
    own_turn: bool = False
    names: Sequence[Finding] = ()
    groups: Sequence[Finding] = ()

    def name(self, ip: str) -> str:
        """What a node is called."""
        return self.nodes[ip].name if ip in self.nodes else f"media node {ip}"

    def logs(self, ip: str, service: str) -> str:
        """The command that shows the logs of a service of a node."""
        machine = self.nodes[ip].name if ip in self.nodes else self.main
        return f"uv run openvidu-enterprise logs {machine} --service {service} --tail 50"

    def public_ip(self, ip: str) -> str:
        """Where users reach a node; empty where that isn't known."""
        return self.nodes[ip].public_ip if ip in self.nodes else ""

    @property
    def place(self) -> str:
        """Where users come in."""
        return urlsplit(self.url).netloc
