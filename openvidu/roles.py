"""What a machine is for: which product runs there, and who may reach which of its ports."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from openvidu import ports, release
from openvidu.ports import PortRule
from openvidu.release import Product


@dataclass(frozen=True)
class Role:
    """What a machine is for, and what it takes. Source: page, "Prerequisites".

    Attributes:
        name: `base`, `master`, `bastion` or `node`.
        product: what is installed there.
        ports: its port table.
        proxy: the service of its compose file that users connect to.
        data: folders of its install folder that its services store data in.
        inside: further TCP ports that its services take, for themselves alone.
        least_cpus: fewest processors.
        least_memory_gib: least memory.
        advised_cpus: how many OpenVidu advises.
        advised_memory_gib: memory that OpenVidu advises.
    """

    name: str
    product: Product
    ports: Sequence[PortRule]
    proxy: str = ""
    data: Sequence[str] = ()
    inside: Sequence[int] = ()
    least_cpus: int = 4
    least_memory_gib: int = 8
    advised_cpus: int = 8
    advised_memory_gib: int = 16


BASE = Role(
    "base",
    release.BASE,
    ports.BASE_PORTS,
    proxy="loadbalancer",
    data=("minio-s3", "elasticsearch", "certificates"),
    inside=(5442, 9001),
)
"""Inside: OpenVidu Call, MinIO's console. Redis keeps nothing on disk: its service has no volume.
Source: repository, compose file of the base services."""
MASTER = Role(
    "master",
    release.MASTER,
    ports.MASTER_PORTS,
    proxy="nginx",
    data=("elasticsearch", "recordings", "certificates"),
    inside=(5442, ports.API, ports.REDIS),
    least_cpus=2,
    advised_cpus=2,
    advised_memory_gib=8,
)
"""Source: documentation, "Deploy OpenVidu Pro on premises", "Prerequisites"."""
NODE = Role("node", release.NODE, ports.NODE_PORTS)
BASTION = Role("bastion", release.NONE, ports.BASTION_PORTS, least_cpus=1, least_memory_gib=1)
"""Carries no calls: from there nodes join and drain where there is no base."""


MAINS = (BASE, MASTER, BASTION)
"""What a deployment begins with, one of them each; all others are nodes."""


def role_of(machine: str) -> Role:
    """The role of a machine by its name: `base`, `master`, `bastion`, `node-1` and so on."""
    return {role.name: role for role in MAINS}.get(machine, NODE)
