"""What a host is told about itself."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lab.cloud.host_like import USUAL, HostLike


@dataclass(frozen=True)
class HostFacts:
    """What is known about a host before its first boot.

    Attributes:
        python: the interpreter that runs the project's modules, visible in the host.
        project: the project's checkout, visible in the host.
        mirror: address of the mirror.
        private_ip: the host's address in its subnet.
        public_ip: its public address, where it has one at this time.
        cpus: processors that it's said to have.
        memory_mib: memory likewise.
        like: how it differs from others.
        from_image: whether its disk began as a copy of another machine's.
    """

    python: Path
    project: Path
    mirror: str
    private_ip: str
    public_ip: str | None
    cpus: int
    memory_mib: int
    like: HostLike = USUAL
    from_image: bool = False
