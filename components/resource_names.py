"""Logical names of resources: of which machine each one is, and what of it. Pure.

What belongs to a machine is called `MACHINE` or `MACHINE-PART`: `node-3`, `node-3-membership`,
`base-quiet`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from openvidu.roles import MAINS

_MAINS = tuple(role.name for role in MAINS)
_NAME = re.compile(rf"({'|'.join(_MAINS)}|node-[1-9][0-9]*)(?:-([a-z0-9-]+))?")


@dataclass(frozen=True)
class ResourceName:
    """The name of something that belongs to a machine.

    Attributes:
        machine: such as `base` or `node-3`.
        part: what it is, such as `membership`; empty for the machine itself.
    """

    machine: str
    part: str

    @property
    def node(self) -> int | None:
        """The number of the node that it belongs to; None where that's no node."""
        return node_number(self.machine)


def parse(name: str) -> ResourceName | None:
    """Read a logical name; None where it's of no machine."""
    match = _NAME.fullmatch(name)
    return match and ResourceName(match[1], match[2] or "")


def logical_name(urn: str) -> str:
    """The last part of a resource's URN."""
    return urn.rpartition("::")[2]


def of_urn(urn: str) -> ResourceName | None:
    """Read the logical name in a resource's URN; None where it's of no machine."""
    return parse(logical_name(urn))


def node_number(machine: str) -> int | None:
    """The number of a node: 3 of `node-3`; None of another machine."""
    return int(machine.removeprefix("node-")) if machine.startswith("node-") else None
