"""The system calls behind namespaces, which Python's library has only in part.

Source: namespaces(7), mount(2), pivot_root(2), prctl(2).
"""

from __future__ import annotations

import ctypes
import os
import platform
import signal
from enum import IntFlag
from pathlib import Path

_libc = ctypes.CDLL(None, use_errno=True)

_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
"""Number of the system call, which the C library has no function for."""
_SET_PARENT_DEATH_SIGNAL = 1
_DETACH = 2


class Namespace(IntFlag):
    """Kinds of namespaces, as unshare(2) and setns(2) take them."""

    MOUNT = 0x00020000
    HOSTNAME = 0x04000000
    IPC = 0x08000000
    USER = 0x10000000
    PROCESSES = 0x20000000
    NETWORK = 0x40000000


FILES = {
    Namespace.USER: "user",
    Namespace.MOUNT: "mnt",
    Namespace.NETWORK: "net",
    Namespace.HOSTNAME: "uts",
    Namespace.IPC: "ipc",
    Namespace.PROCESSES: "pid",
}
"""The file in /proc/PID/ns for each kind. A user namespace has to be entered first."""


class Mount(IntFlag):
    """Flags of mount(2)."""

    NONE = 0
    READ_ONLY = 1
    NO_SUID = 2
    NO_DEVICES = 4
    NO_PROGRAMS = 8
    REMOUNT = 32
    NO_ATIME = 1024
    NO_DIRECTORY_ATIME = 2048
    BIND = 4096
    RECURSIVE = 16384
    PRIVATE = 1 << 18
    RELATIVE_ATIME = 1 << 21


_LOCKED = {
    os.ST_NOSUID: Mount.NO_SUID,
    os.ST_NODEV: Mount.NO_DEVICES,
    os.ST_NOEXEC: Mount.NO_PROGRAMS,
    os.ST_NOATIME: Mount.NO_ATIME,
    os.ST_NODIRATIME: Mount.NO_DIRECTORY_ATIME,
    os.ST_RELATIME: Mount.RELATIVE_ATIME,
}
"""Flags that a user namespace can't take off: a remount has to name them again."""


def _check(result: int, what: str) -> None:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def unshare(kinds: Namespace) -> None:
    """Move this process (for PROCESSES: its next children) into new namespaces."""
    _check(_libc.unshare(int(kinds)), f"unshare {kinds!r}")


def enter(descriptor: int, kind: Namespace) -> None:
    """Move this process into the namespace behind an open file."""
    _check(_libc.setns(descriptor, int(kind)), f"setns {kind!r}")


def mount(
    source: str | Path,
    target: str | Path,
    kind: str = "",
    flags: Mount = Mount.NONE,
    options: str = "",
) -> None:
    """Mount a file system.

    Raises:
        OSError: names source, target and kind.
    """
    result = _libc.mount(
        os.fsencode(source),
        os.fsencode(target),
        kind.encode() or None,
        ctypes.c_ulong(int(flags)),
        options.encode() or None,
    )
    _check(result, f"mount {kind} {source} on {target}")


def bind(source: str | Path, target: str | Path, *, read_only: bool = False) -> None:
    """Make a file or a directory, with what is mounted below it, visible at a second place."""
    mount(source, target, flags=Mount.BIND | Mount.RECURSIVE)
    if read_only:
        held = os.statvfs(target).f_flag
        kept = Mount.NONE
        for bit, flag in _LOCKED.items():
            kept |= flag if held & bit else Mount.NONE
        mount("none", target, flags=Mount.BIND | Mount.REMOUNT | Mount.READ_ONLY | kept)


def make_private() -> None:
    """Keep this namespace's mounts from spreading, and others' from coming in."""
    mount("none", "/", flags=Mount.PRIVATE | Mount.RECURSIVE)


def unmount(target: str | Path) -> None:
    """Unmount now for those who look, and for good when nobody uses it any more."""
    _check(_libc.umount2(os.fsencode(target), _DETACH), f"umount {target}")


def pivot_root(new_root: Path) -> None:
    """Make the mount at `new_root` this namespace's root, and let go of the old one.

    Raises:
        OSError: the processor is neither x86-64 nor arm64, or the kernel refuses.
    """
    number = _PIVOT_ROOT.get(platform.machine())
    if number is None:
        known = ", ".join(_PIVOT_ROOT)
        raise OSError(f"processor {platform.machine()}: a lab runs on {known}")
    os.chdir(new_root)
    # The new root over the old one, then the old one, now on top, away: pivot_root(2), NOTES.
    _check(_libc.syscall(number, b".", b"."), f"pivot_root {new_root}")
    unmount(".")
    os.chdir("/")


def die_with_parent() -> None:
    """Have the kernel kill this process when its parent ends."""
    _check(_libc.prctl(_SET_PARENT_DEATH_SIGNAL, int(signal.SIGKILL), 0, 0, 0), "prctl")
