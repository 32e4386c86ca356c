"""Releases of OpenVidu Enterprise: where the install scripts are and what they create.

Source: page, "Installing Base Services" and "Installing OpenVidu Enterprise Nodes", steps 3-5.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

DOWNLOADS = "https://s3-eu-west-1.amazonaws.com/aws.openvidu.io"
INSTALL_PARENT = "/opt"

LATEST = "latest"
VERSION_PATTERN = re.compile(r"2\.(?:2[89]|[3-9][0-9])\.(?:0|[1-9][0-9]?)")
"""Fixed versions; the Enterprise HA scripts exist from 2.28.0 on."""
UPGRADES_FROM: Mapping[str, str] = {
    "2.28.0": "2.27",
    "2.29.0": "2.28",
    "2.30.0": "2.29",
    "2.31.0": "2.30",
    "2.32.0": "2.31",
    "2.32.1": "2.32",
    "2.32.2": "2.32",
}
"""The minor version that each install script upgrades. Source: its OPENVIDU_UPGRADABLE_VERSION."""
VERSIONS = tuple(UPGRADES_FROM)
"""The versions that are known, the newest one last."""


@dataclass(frozen=True)
class Product:
    """What one install script puts on a machine.

    Attributes:
        script: prefix of the install script's name; `_<version>.sh` follows.
        folder: where it installs to.
        command: the program in `folder` that starts and stops it.
    """

    script: str
    folder: str
    command: str

    def url(self, version: str, mirror: str | None = None) -> str:
        """Address of the install script of `version` (`2.30.0` or `latest`), in a folder of it."""
        return f"{mirror or DOWNLOADS}/{self.script}_{version}.sh"


BASE = Product(
    script="install_ov_enterprise_ha_base",
    folder=f"{INSTALL_PARENT}/ov-enterprise-base-services",
    command="base-services",
)
MASTER = Product(
    script="install_openvidu_pro",
    folder=f"{INSTALL_PARENT}/openvidu",
    command="openvidu",
)
"""Source: page, "Single master deployment", which is deployed as OpenVidu Pro on premises."""
NODE = Product(
    script="install_openvidu_enterprise_ha_node",
    folder=f"{INSTALL_PARENT}/openvidu",
    command="openvidu",
)
NONE = Product(script="", folder="", command="")
"""On a machine that carries nothing of OpenVidu's."""


IMAGES_GIB = 15
"""What a version's images take where Docker keeps them. An estimate, which nobody has measured:
OpenVidu documents none, and a registry tells compressed sizes only. It is a GiB or more for each:
nodes pull ten, a master eight, a base seven. OpenVidu's own AWS template for Enterprise HA has
disks of 50 GB for media nodes."""
IMAGES_INODES = 200_000
"""How many files they have. An estimate likewise: the images of Kibana and of the browser
that records have some tens of thousands each."""
COMPOSE_URL = (
    "https://github.com/docker/compose/releases/download/v2.26.1/docker-compose-linux-x86_64"
)
COMPOSE_SHA256 = "2f61856d1b8c9de29ffdaedaa1c6d0a5fc5c79da45068f1f4310feed8d3a3f61"
"""A release of Compose that works with every version of OpenVidu, for machines whose packages
have none. Source of the digest: github.com/docker-library/docker, versions.json."""


class Step(Enum):
    """What moves a machine from one version to another."""

    NONE = "none"
    """It has that version."""
    UPGRADE = "upgrade"
    """The install script of the new version, called with `upgrade`."""
    ROLLBACK = "rollback"
    """Back to the files that the upgrade has put aside."""
    FORBIDDEN = "forbidden"
    """OpenVidu doesn't allow it."""


def step(found: str, wanted: str) -> Step:
    """How to come from one fixed version to another.

    Source: documentation, "Upgrading OpenVidu Enterprise": never across several versions, and the
    old files are kept for a rollback.
    """
    if found == wanted:
        return Step.NONE
    if ordered(wanted) < ordered(found):
        return Step.ROLLBACK if _upgrades(wanted, found) else Step.FORBIDDEN
    return Step.UPGRADE if _upgrades(found, wanted) else Step.FORBIDDEN


def way(found: str, wanted: str) -> list[str]:
    """The versions to go to one after the other, from the one that is found to the wanted one.

    Empty where no way is known.
    """
    if ordered(wanted) < ordered(found):
        return [*way(wanted, found)[-2::-1], wanted]
    minors = range(ordered(found)[1], ordered(wanted)[1] + 1)
    known = sorted({*VERSIONS, *(f"2.{minor}.0" for minor in minors), wanted}, key=ordered)
    steps, at = list[str](), found
    while at != wanted:
        near = [one for one in known if ordered(at) < ordered(one) <= ordered(wanted)]
        near = [one for one in near if _upgrades(at, one)]
        if not near:
            return []
        at = near[-1]
        steps.append(at)
    return steps


def ordered(version: str) -> tuple[int, ...]:
    """A fixed version, as it compares with others."""
    return tuple(int(part) for part in version.split("."))


def upgrades_from(version: str) -> str:
    """The minor version that an install script upgrades; a version not known yet goes by the rule.

    The first of a minor version upgrades the one before, a later one its own.
    """
    major, minor, patch = ordered(version)
    return UPGRADES_FROM.get(version, f"{major}.{minor if patch else minor - 1}")


def _upgrades(old: str, new: str) -> bool:
    return old.startswith(f"{upgrades_from(new)}.")
