"""What passes between the one who starts a lab and its supervisor."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

READY = "ready"
"""What a supervisor writes on the descriptor `ready` once the lab can be used; else the reason."""
RECORD = "supervisor.json"
"""File in the lab's directory that says which process the supervisor is."""
IMAGE = "lab.openvidu.image"
SERVICES = "lab.openvidu.services"


@dataclass(frozen=True)
class Options:
    """What a supervisor is told.

    Attributes:
        directory: the lab's directory.
        boot_seconds: how long an instance is pending.
        image: module with what hosts get, as `lab.openvidu.image`.
        services: module with what runs beside the fake AWS, as `lab.openvidu.services`.
        ready: descriptor on which to say that the lab can be used.
    """

    directory: Path
    boot_seconds: float
    image: str
    services: str
    ready: int
