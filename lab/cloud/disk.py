"""A host's disk: this machine's files below, and what the host writes on a file system of its own.

The upper layer is in memory and limited in size, so that a full disk can be rehearsed. It
outlives a reboot of the host, and nothing of it outlives the lab. Where a host keeps what it is, it
sees nothing of this machine, whatever others do there meanwhile.
"""

from __future__ import annotations

import os
import stat
import subprocess
from contextlib import suppress
from pathlib import Path

from lab.cloud import namespaces
from lab.cloud.namespaces import Mount

SIZE_MIB = 512
"""Room for what a host writes; what it only reads costs nothing."""

APART = ("opt", "srv")
"""Folders that are empty on a host to begin with, whatever this machine has in them."""
ABSENT = ("var/lib/openvidu-membership", "var/lib/docker-standin")
"""Folders that a host doesn't have to begin with, whatever this machine has."""
_ETC = "etc"
"""A host begins with a copy of it."""
_HOST_KEYS = "ssh/ssh_host_*"
_OPAQUE, _OPAQUE_AS_USER = "trusted.overlay.opaque", ".wh..wh..opq"
"""What hides a folder of the lower layer. Source: kernel documentation, "Overlay Filesystem";
fuse-overlayfs, which has a file in place of the attribute that it can't set."""

HOMES = ("home", "root")
"""Folders of people, which a host has of its own instead of this machine's."""

_PARTS = ("upper", *HOMES)
"""What a disk has of its own."""


class Disk:
    """The disk of one host.

    Attributes:
        root: the host's root directory once it's mounted, as the lab's root namespace sees it.
        upper: what the host has of its own; can be filled before `mount`.
    """

    def __init__(self, folder: Path, size_mib: int = SIZE_MIB, *, lower: Path = Path("/")) -> None:
        """Choose where the disk is; nothing is made.

        Args:
            folder: where to mount, in the lab's own mount namespace.
            size_mib: limit of what can be written.
            lower: what is below.
        """
        self._lower = lower
        self._store = folder / "disk"
        self._size_mib = size_mib
        self.root = folder / "root"
        self.upper = self._store / "upper"

    def create(self, image: Path | None = None) -> None:
        """Make room for what the host writes.

        Args:
            image: what `copy_to` has made of another disk, to begin with; None for a new one.

        Raises:
            OSError: the kernel refuses.
        """
        self._store.mkdir(parents=True)
        self.root.mkdir()
        namespaces.mount(
            "disk", self._store, "tmpfs", options=f"size={self._size_mib}m,mode=0755,nr_inodes=1m"
        )
        for name in _PARTS:
            (self._store / name).mkdir()
        (self._store / "work").mkdir()
        if image:
            _copy(image, self._store)
            return
        for name in (*APART, _ETC):
            self._keep_apart(self.upper / name)
        for name in ABSENT:
            self._hide(self.upper / name)
        # What can't be read here, as an ordinary user, is written anew for each host.
        copy = ["cp", "--archive", f"{self._lower / _ETC}/.", str(self.upper / _ETC)]
        subprocess.run(copy, stderr=subprocess.DEVNULL, check=False)
        for own in (*(self.upper / _ETC).glob(_HOST_KEYS), self.upper / _ETC / "machine-id"):
            own.unlink(missing_ok=True)

    def copy_to(self, image: Path) -> None:
        """Keep what the disk has of its own, for disks that begin with it; no host may run.

        Raises:
            OSError: it can't be copied whole.
        """
        image.mkdir(parents=True)
        for name in _PARTS:
            _copy(self._store / name, image / name)

    @staticmethod
    def _keep_apart(folder: Path) -> None:
        """Have a folder of the upper layer hide the one below."""
        folder.mkdir(parents=True)
        if _is_first_user_namespace():
            os.setxattr(folder, _OPAQUE, b"y")
        else:
            (folder / _OPAQUE_AS_USER).touch()

    @staticmethod
    def _hide(folder: Path) -> None:
        """Have a host not see what is below, now or later.

        Source: kernel documentation, "Overlay Filesystem", whiteouts; fuse-overlayfs, likewise.
        """
        folder.parent.mkdir(parents=True, exist_ok=True)
        if _is_first_user_namespace():
            os.mknod(folder, stat.S_IFCHR, os.makedev(0, 0))
        else:
            (folder.parent / f".wh.{folder.name}").touch()

    def mount(self) -> None:
        """Lay what the host has of its own over this machine's files.

        Raises:
            OSError: there is no overlay file system, or we may not use it.
        """
        options = f"lowerdir={self._lower},upperdir={self._store}/upper,workdir={self._store}/work"
        if _is_first_user_namespace():
            namespaces.mount("root", self.root, "overlay", Mount.NONE, options)
        else:
            _mount_as_user(self.root, options)

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


def _copy(source: Path, target: Path) -> None:
    """Copy a folder's content, with all that an overlay has noted of it: attributes, whiteouts."""
    target.mkdir(exist_ok=True)
    copy = ["cp", "--archive", f"{source}/.", str(target)]
    done = subprocess.run(copy, capture_output=True, text=True, check=False)
    if done.returncode:
        raise OSError(f"{source} can't be copied: {done.stderr.strip()}")


def _mount_as_user(root: Path, options: str) -> None:
    """Mount an overlay in a user namespace.

    The kernel's own would show this machine's files as nobody's there, and could not change them.
    This one shows them as root's.
    """
    done = subprocess.run(
        ["fuse-overlayfs", "-o", f"{options},squash_to_root", str(root)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise OSError(f"fuse-overlayfs on {root}: {done.stderr.strip()}")


def _is_first_user_namespace() -> bool:
    """Whether user ids are the machine's own: the map covers all of them."""
    return Path("/proc/self/uid_map").read_text().split() == ["0", "0", "4294967295"]
