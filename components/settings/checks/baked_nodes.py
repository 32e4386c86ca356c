"""What nodes that start from images of their own take. Pure."""

from __future__ import annotations

from components.settings.choices import BAKED, EXISTING, SINGLE_MASTER
from components.settings.mistakes import Mistake, of_no_use, set_command
from components.settings.table import Settings
from openvidu.release import LATEST, VERSIONS


def find_mistakes(settings: Settings) -> list[Mistake]:
    """Why nodes can't start from an image, where they are to."""
    if settings.node_image != BAKED:
        return []
    of_keys = {"nodeImage": settings.node_image}
    if settings.machines == EXISTING:
        problem = "is for machines on AWS, which start from images; machines is existing"
        return of_no_use(of_keys, problem)
    if settings.shape == SINGLE_MASTER:
        return of_no_use(of_keys, "is for nodes; a single master has none")
    if settings.openvidu_version == LATEST:
        problem = "must be a version where nodeImage is baked: an image has one, not the latest"
        command = set_command("openviduVersion", VERSIONS[-1])
        return [Mistake("openviduVersion", problem, command)]
    return []
