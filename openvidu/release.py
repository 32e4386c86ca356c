"""Releases of OpenVidu Enterprise: where the install scripts are and what they create.

Source: page, "Installing Base Services" and "Installing OpenVidu Enterprise Nodes", steps 3-5.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

DOWNLOADS = "https://s3-eu-west-1.amazonaws.com/aws.openvidu.io"
INSTALL_PARENT = "/opt"

LATEST = "latest"
VERSION_PATTERN = re.compile(r"2\.(?:2[89]|[3-9][0-9])\.(?:0|[1-9][0-9]?)")
"""Fixed versions; the Enterprise HA scripts exist from 2.28.0 on."""


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

    def url(self, version: str) -> str:
        """Address of the install script of `version` (`2.30.0` or `latest`)."""
        return f"{DOWNLOADS}/{self.script}_{version}.sh"


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
"""What a version's images take, at least, where Docker keeps them. An estimate: OpenVidu documents
none, and a registry tells compressed sizes only. It is most of the 20 GiB that a machine has to
have free; OpenVidu's own AWS template for Enterprise HA has disks of 50 GB for media nodes."""
IMAGES_INODES = 200_000
"""How many files they have, at least. An estimate likewise: the images of Kibana and of the browser
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
    old files are kept for a rollback; install scripts, OPENVIDU_UPGRADABLE_VERSION.
    """
    old, new = (tuple(int(part) for part in version.split(".")) for version in (found, wanted))
    if old == new:
        return Step.NONE
    if old[0] != new[0] or abs(new[1] - old[1]) > 1:
        return Step.FORBIDDEN
    return Step.UPGRADE if new > old else Step.ROLLBACK
