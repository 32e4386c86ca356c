"""What the stand-ins on a host know about the host that they are on."""

from __future__ import annotations

import json
import socket
from dataclasses import asdict, dataclass
from pathlib import Path

FILE = Path("/etc/openvidu-lab/host.json")
SNAP = FILE.with_name("docker-from-snap")
"""There where Docker is from snap: then it reads nothing of /opt."""
_DAEMON = Path("/etc/docker/daemon.json")
DISK_GIB = 100
"""What is told to be free of a machine's disk, which is in memory, and small."""
IMAGE_GIB = 1
"""What each image takes of it: registries tell compressed sizes only."""
_HTTPS = 443
_SECONDS = 10.0
PROXY_SECONDS = 10.0
"""Source: repository of OpenVidu 2.30.0, image `openvidu-proxy`, entrypoint."""
PROXY_VARIABLE = "OPENVIDU_LAB_PROXY_SECONDS"
"""Has it be another time on hosts that are made from then on."""


@dataclass(frozen=True)
class HostFile:
    """The facts that `lab.openvidu.image.prepare` leaves on a host.

    Attributes:
        mirror: address of the lab's mirror: stands for package archive and image registry too.
        authority: address of the stand-in for Let's Encrypt.
        private_ip: the host's private address.
        public_ip: its public address, where it has one.
        proxy_seconds: how long the proxy sleeps before the nginx that serves begins.
        images_gib: room for images, where Docker keeps them.
        release: whose packages it has.
        own_source: whether it has those of Docker's own source, too.
        pull_seconds: how long the download of an image takes.
    """

    mirror: str
    authority: str
    private_ip: str
    public_ip: str | None
    proxy_seconds: float = PROXY_SECONDS
    images_gib: int = DISK_GIB
    release: str = "ubuntu"
    own_source: bool = False
    pull_seconds: float = 0.0

    def write(self, path: Path = FILE) -> None:
        """Leave the facts on a host."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asdict(self)) + "\n")

    @classmethod
    def read(cls, path: Path = FILE) -> HostFile | None:
        """The facts, or `None` outside of a lab's host."""
        return cls(**json.loads(path.read_text())) if path.exists() else None


def mirrors() -> list[str]:
    """The mirrors of Docker Hub that Docker asks. Source: dockerd, "Daemon configuration file"."""
    if not _DAEMON.exists():
        return []
    found: list[str] = json.loads(_DAEMON.read_text()).get("registry-mirrors", [])
    return found


def has_room(images: int) -> bool:
    """Whether so many images fit where Docker keeps them."""
    facts = HostFile.read()
    return facts is None or images * IMAGE_GIB <= facts.images_gib


def pull_seconds() -> float:
    """How long the download of an image takes on this host."""
    facts = HostFile.read()
    return facts.pull_seconds if facts else 0.0


def registry_is_reachable() -> bool:
    """Whether this host gets out to where packages and images come from.

    A machine without a public address, or whose security group lets nothing out, doesn't.
    """
    facts = HostFile.read()
    if facts is None:
        return True
    try:
        with socket.create_connection((facts.mirror, _HTTPS), timeout=_SECONDS):
            return True
    except OSError:
        return False
