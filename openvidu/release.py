"""Releases of OpenVidu Enterprise: where the install scripts are and what they create.

Source: page, "Installing Base Services" and "Installing OpenVidu Enterprise Nodes", steps 3-5.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

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
NODE = Product(
    script="install_openvidu_enterprise_ha_node",
    folder=f"{INSTALL_PARENT}/openvidu",
    command="openvidu",
)
