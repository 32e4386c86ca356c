"""What was read on a machine of a cluster that somebody made by hand. Pure."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass, field

from components.ssh_way import STRAIGHT, SshWay
from openvidu import environment, release


@dataclass(frozen=True)
class Place:
    """A machine that is to be looked at.

    Attributes:
        name: `base`, or `node-1` and so on, by the order in which they were named.
        address: where its SSH answers.
        host_key: its public SSH host key, which was compared.
        way: how SSH gets there.
    """

    name: str
    address: str
    host_key: str
    way: SshWay = STRAIGHT


@dataclass(frozen=True)
class FoundMachine:
    """What is there.

    Attributes:
        place: the machine.
        folders: OpenVidu's install folders.
        version: of OpenVidu; empty where none is installed.
        images: that its Compose file names.
        env_text: its `.env`.
        addresses: its own.
        running: how many containers of OpenVidu run.
        certificate, key: the owner's pair, PEM; empty where there's none.
        owner: the stack that has noted it as its own, if another one has.
    """

    place: Place
    folders: Sequence[str]
    version: str
    images: Sequence[str]
    env_text: str = field(repr=False)
    addresses: Sequence[str]
    running: int
    certificate: str = field(default="", repr=False)
    key: str = field(default="", repr=False)
    owner: str = ""

    @property
    def env(self) -> dict[str, str]:
        """Keys and values of its `.env`; of a key that is there twice the last, as Compose does."""
        return environment.parse(self.env_text)

    @property
    def private_ip(self) -> str:
        """The address that a node's `.env` names; of a base its first one."""
        own = self.env.get(environment.NODE_PRIVATE_IP, "")
        return own or next(iter(self.addresses), "")

    @property
    def edition(self) -> str:
        """What is installed: `base`, `node`, or in words what else it is; empty for nothing."""
        named = " ".join(self.images)
        if release.BASE.folder in self.folders:
            return "base"
        if "replication-manager" in named:
            return "node"
        if "openvidu-server-pro" in named:
            return "OpenVidu Pro or a single master"
        if "openvidu-server" in named:
            return "OpenVidu CE"
        return "another program" if self.folders else ""


def parse(text: str, place: Place) -> FoundMachine | str:
    """Read what `machine/read-install.sh` prints; returns why not, where it's no such text."""
    found = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
    try:
        return FoundMachine(
            place,
            found["folders"].split(),
            found["version"],
            found["images"].split(),
            decoded(found["env"]),
            found["addresses"].split(),
            int(found["running"] or 0),
            decoded(found["certificate"]),
            decoded(found["key"]),
            found["owner"],
        )
    except (KeyError, ValueError) as error:
        return f"it tells what can't be read ({error})"


def decoded(text: str) -> str:
    """A file's text that came as base64.

    Raises:
        ValueError: it isn't one.
    """
    try:
        return base64.b64decode(text, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise ValueError("a file that is no text") from None
