"""Named volumes: folders that outlive the containers that they are mounted in.

Containers share their machine's root here: a volume is mounted over a folder of it, which only the
container's processes see. Source: Compose file reference, "volumes"; Docker Engine 26.1, messages.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path

from lab.openvidu.docker.errors import NoSuchVolumeError, VolumeInUseError
from lab.openvidu.docker.images import STATE

_FOLDER = STATE / "volumes"
_MOUNT = 'mkdir -p "$1" && /usr/bin/mount --bind "$0" "$1" && shift && exec "$@"'


def is_named(volume: str) -> bool:
    """Whether `SOURCE:TARGET` names a volume, not a folder of the machine."""
    return volume[:1] not in ("", ":", "/", ".", "~")


def make(volume: str) -> None:
    """Make the volume that `SOURCE:TARGET` names, unless it's there."""
    _place(volume.partition(":")[0]).mkdir(parents=True, exist_ok=True)


def mounted(volumes: Iterable[str], command: Sequence[str]) -> list[str]:
    """A command that finds the named ones among `SOURCE:TARGET` where they are to be."""
    found = [*command]
    for volume in filter(is_named, volumes):
        source, target = volume.split(":")[:2]
        own = ["unshare", "--mount", "--propagation", "unchanged"]
        found = [*own, "/bin/sh", "-c", _MOUNT, str(_place(source)), target, *found]
    return found


def every() -> list[str]:
    """The names of all volumes."""
    return sorted(path.name for path in _FOLDER.glob("*"))


def remove(name: str, users: Sequence[str]) -> None:
    """Delete a volume and what is in it.

    Args:
        name: the volume's.
        users: ids of the containers that mount it, running or not.

    Raises:
        NoSuchVolumeError: there is none of that name.
        VolumeInUseError: a container mounts it.
    """
    if name not in every():
        raise NoSuchVolumeError(name)
    if users:
        raise VolumeInUseError(name, users)
    shutil.rmtree(_FOLDER / name)


def _place(name: str) -> Path:
    return _FOLDER / name / "_data"
