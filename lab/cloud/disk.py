"""A host's disk: this machine's files below, and what the host writes on a file system of its own.

The upper layer is in memory and limited in size, so that a full disk can be rehearsed. It
outlives a reboot of the host, and nothing of it outlives the lab.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from lab.cloud import namespaces
from lab.cloud.namespaces import Mount

SIZE_MIB = 512
"""Room for what a host writes; what it only reads costs nothing."""

HOMES = ("home", "root")
"""Folders of people, which a host has of its own instead of this machine's."""


class Disk:
    """The disk of one host.

    Attributes:
        root: the host's root directory, as the lab's root namespace sees it.
    """

    def __init__(self, folder: Path, size_mib: int = SIZE_MIB) -> None:
        """Choose where the disk is; nothing is made.

        Args:
            folder: where to mount, in the lab's own mount namespace.
            size_mib: limit of what can be written.
        """
        self._store = folder / "disk"
        self._size_mib = size_mib
        self.root = folder / "root"

    def create(self) -> None:
        """Make the disk.

        Raises:
            OSError: the kernel has no overlay file system, or doesn't let us use it.
        """
        self._store.mkdir(parents=True)
        self.root.mkdir()
        namespaces.mount(
            "disk", self._store, "tmpfs", options=f"size={self._size_mib}m,mode=0755,nr_inodes=1m"
        )
        for name in ("upper", "work", *HOMES):
            (self._store / name).mkdir()
        options = f"lowerdir=/,upperdir={self._store}/upper,workdir={self._store}/work"
        if not _is_first_user_namespace():
            options += ",userxattr"
        namespaces.mount("root", self.root, "overlay", Mount.NONE, options)

    def home(self, name: str) -> Path:
        """The folder that takes the place of `/home` or `/root`."""
        return self._store / name

    def destroy(self) -> None:
        """Discard the disk and all that is on it; not being there is no error."""
        for mounted in (self.root, self._store):
            with suppress(OSError):
                namespaces.unmount(mounted)
            with suppress(OSError):
                mounted.rmdir()


def _is_first_user_namespace() -> bool:
    """Whether user ids are the machine's own: the map covers all of them."""
    return Path("/proc/self/uid_map").read_text().split() == ["0", "0", "4294967295"]
