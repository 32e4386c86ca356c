"""What a host sees of file systems: its disk as root, its own /proc, /sys, /dev, /run and /tmp.

Runs in the host's new mount namespace, before its first program.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from lab.cloud import namespaces
from lab.cloud.namespaces import Mount

_DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
_LINKS = {
    "fd": "/proc/self/fd",
    "stdin": "/proc/self/fd/0",
    "stdout": "/proc/self/fd/1",
    "stderr": "/proc/self/fd/2",
    "ptmx": "pts/ptmx",
}
_SAFE = Mount.NO_SUID | Mount.NO_DEVICES


@dataclass(frozen=True)
class Plan:
    """What is mounted in a host; paths are those of the lab's root namespace.

    Attributes:
        root: the host's root directory.
        homes: folders by the place that they take in the host, such as `/home`.
        hidden: folders that a host sees empty: they belong to this machine or to other labs.
        shared: folders that a host reads where they are: the project and its Python.
        hosts_file: what the host sees as `/etc/hosts`; empty where that is its own.
        volumes: folder with the attached volumes, each a folder in the place of a device.
    """

    root: str
    hosts_file: str
    volumes: str
    homes: dict[str, str] = field(default_factory=dict)
    hidden: list[str] = field(default_factory=list)
    shared: list[str] = field(default_factory=list)


def make(plan: Plan) -> None:
    """Mount everything and make the host's root this process's root.

    Raises:
        OSError: names what could not be mounted.
    """
    namespaces.make_private()
    root = Path(plan.root)
    for target, folder in plan.homes.items():
        place = _inside(root, target)
        place.mkdir(exist_ok=True)
        namespaces.bind(folder, place)
    _temporary(root / "tmp", "mode=1777,size=256m")
    _temporary(root / "run", "mode=0755,size=64m")
    for name, mode in (("sshd", 0o755), ("lock", 0o1777)):
        (root / "run" / name).mkdir()
        (root / "run" / name).chmod(mode)
    for hidden in plan.hidden:
        if _inside(root, hidden).is_dir():
            _temporary(_inside(root, hidden), "mode=0755,size=1m")
    for shared in plan.shared:
        place = _inside(root, shared)
        place.mkdir(parents=True, exist_ok=True)
        namespaces.bind(shared, place, read_only=True)
    if plan.hosts_file:
        namespaces.bind(plan.hosts_file, _inside(root, "/etc/hosts"), read_only=True)
    namespaces.mount("proc", root / "proc", "proc", _SAFE | Mount.NO_PROGRAMS)
    _sys(root / "sys")
    _dev(root / "dev")
    by_id = root / "dev/disk/by-id"
    by_id.mkdir(parents=True)
    namespaces.bind(plan.volumes, by_id)
    namespaces.pivot_root(root)


def _inside(root: Path, path: str) -> Path:
    return root / Path(path).relative_to("/")


def _temporary(place: Path, options: str) -> None:
    namespaces.mount("tmpfs", place, "tmpfs", _SAFE, options)


def _sys(place: Path) -> None:
    """The host's own /sys, read only; in a container that hides parts of it, the container's."""
    try:
        namespaces.mount("sysfs", place, "sysfs", _SAFE | Mount.NO_PROGRAMS | Mount.READ_ONLY)
    except PermissionError:
        namespaces.bind("/sys", place, read_only=True)


def _dev(place: Path) -> None:
    _temporary(place, "mode=0755,size=1m")
    for name in _DEVICES:
        (place / name).touch()
        namespaces.bind(f"/dev/{name}", place / name)
    for name, target in _LINKS.items():
        (place / name).symlink_to(target)
    for name in ("pts", "shm"):
        (place / name).mkdir()
    options = "newinstance,ptmxmode=0666,mode=0620"
    try:
        namespaces.mount("devpts", place / "pts", "devpts", Mount.NO_SUID, f"{options},gid=5")
    except OSError:
        # A user namespace may have no group 5.
        namespaces.mount("devpts", place / "pts", "devpts", Mount.NO_SUID, options)
    _temporary(place / "shm", "mode=1777,size=64m")
