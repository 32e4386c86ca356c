"""What runs in a lab's root namespace for the simulated OpenVidu."""

from __future__ import annotations

import sys
from pathlib import Path

from lab.cloud.facts import ACME_ADDRESS, DNS_ADDRESS, MIRROR_ADDRESS, TURN_ADDRESS

_MIRROR_PORT = 443
_ACME_PORT = 80
_DNS_PORT = 53
_TURN_PORT = 443


def ROOT_SERVICES(directory: Path) -> list[list[str]]:  # noqa: N802 - the lab's contract
    """The services to start in the root namespace, and to start again when they end.

    Args:
        directory: the lab's directory, with its certificate authority.
    """
    services = (
        ("lab.openvidu.mirror", MIRROR_ADDRESS, _MIRROR_PORT),
        ("lab.openvidu.acme", ACME_ADDRESS, _ACME_PORT),
        ("lab.cloud.dns", DNS_ADDRESS, _DNS_PORT),
        ("lab.openvidu.turn", TURN_ADDRESS, _TURN_PORT),
    )
    return [
        [sys.executable, "-P", "-m", module, str(directory), address, str(port)]
        for module, address, port in services
    ]
