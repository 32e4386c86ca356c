"""One instance's machine: its disk, and its host while that runs."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from lab.cloud import host_like, image, likeness, mounts
from lab.cloud.disk import HOMES, Disk
from lab.cloud.facts import MIRROR_ADDRESS, PROJECT
from lab.cloud.host import Host
from lab.cloud.host_facts import HostFacts
from lab.cloud.init import USER_DATA, Plan
from lab.cloud.network import Interface, Network
from lab.cloud.volumes import Volumes

_OWN_FOLDERS = ("/tmp", "/run", "/dev", "/proc", "/sys", *(f"/{name}" for name in HOMES))  # noqa: S108
"""Folders that a host has of its own: what this machine has there isn't visible."""


class MachineError(Exception):
    """A machine can't do what was asked of it."""


@dataclass(frozen=True)
class Site:
    """What all machines of a lab share.

    Attributes:
        directory: the lab's directory.
        certificate: the lab's authority, as PEM.
        hosts_file: mounted as `/etc/hosts`.
        network: the lab's networks.
        volumes: the lab's volumes.
        hidden: folders that machines see empty.
        stand_ins: module with `prepare(root, facts)` and `BOOT`, as `lab.openvidu.image`.
    """

    directory: Path
    certificate: str
    hosts_file: Path
    network: Network
    volumes: Volumes
    hidden: Sequence[Path]
    stand_ins: ModuleType


@dataclass(frozen=True)
class Order:
    """How a machine was ordered.

    Attributes:
        hostname: its name.
        authorized_key: public key that may log in; None without a key pair.
        user_data: what it gets at its first boot; may be empty.
        interface: its network interface.
        image_id: what it starts from.
        cpus: its processors.
        memory_mib: its memory.
    """

    hostname: str
    authorized_key: str | None
    user_data: bytes
    interface: Interface
    image_id: str
    cpus: int
    memory_mib: int


class Machine:
    """A machine. One thread at a time works on it, except for `kill`."""

    def __init__(self, instance_id: str, site: Site, ended: Callable[[bool], None]) -> None:
        """A machine without a disk.

        Args:
            instance_id: its instance.
            site: what it shares with others.
            ended: called, in a thread, when its host went down though nobody here asked for it;
                with whether the host asked to be started again.
        """
        self._instance_id = instance_id
        self._site = site
        self._ended = ended
        self._folder = site.directory / "hosts" / instance_id
        self._disk = Disk(self._folder)
        self._host: Host | None = None

    @property
    def host(self) -> Host | None:
        """The host, while it runs."""
        host = self._host
        return host if host is not None and host.running else None

    @property
    def answers(self) -> bool:
        """Whether its network interface does, which AWS asks for its address."""
        return self._site.network.answers(self._instance_id)

    @property
    def console(self) -> Path:
        """File with what the machine has printed."""
        return self._folder / "console.log"

    def say(self, text: str) -> None:
        """Print a line on the machine's console."""
        with self.console.open("a") as stream:
            stream.write(f"{text}\n")

    def make(self, order: Order) -> None:
        """Make the disk, and on it all that the first boot needs."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self.console.touch(mode=0o600)
        begins_with = self._image(order.image_id)
        made_here = begins_with.exists()
        self._disk.create(begins_with if made_here else None)
        image.install(
            self._disk,
            image.Identity(order.hostname, order.authorized_key, self._site.certificate),
        )
        if order.user_data:
            file = self._disk.upper / USER_DATA.relative_to("/")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.touch(mode=0o600)
            file.write_bytes(order.user_data)
        self._disk.mount()
        like = host_like.of(self._site.directory, order.interface.private_ip)
        likeness.apply(like, self._disk.root, self._disk.home("home"))
        self._site.stand_ins.prepare(
            self._disk.root,
            HostFacts(
                Path(sys.executable),
                PROJECT,
                MIRROR_ADDRESS,
                order.interface.private_ip,
                order.interface.public_ip,
                order.cpus,
                order.memory_mib,
                like,
                made_here,
            ),
        )

    def copy_disk(self, image_id: str) -> None:
        """Make an image of the disk; the host must not run.

        Raises:
            OSError: it can't be copied.
        """
        self._disk.copy_to(self._image(image_id))

    def boot(self, hostname: str, interface: Interface) -> None:
        """Boot; returns when init has begun.

        Raises:
            HostError, NetworkError: the host didn't start.
        """
        plan = Plan(
            hostname,
            mounts.Plan(
                str(self._disk.root),
                "" if self._has_own_names() else str(self._site.hosts_file),
                str(self._site.volumes.of(self._instance_id)),
                {f"/{name}": str(self._disk.home(name)) for name in HOMES},
                [str(path) for path in self._site.hidden],
                [str(path) for path in shared_folders()],
            ),
            [likeness.BOOT, *self._site.stand_ins.BOOT],
        )
        self._host = Host(
            plan,
            self.console,
            lambda pid: self._site.network.plug(interface, pid),
            self._host_ended,
        )

    def shut_down(self) -> None:
        """Let the host go down in good order; without a host there is nothing to do."""
        host, self._host = self._host, None
        if host is not None:
            host.shut_down()
            self._site.network.unplug(self._instance_id)

    def kill(self) -> None:
        """Lose the host as in a power failure: others hear nothing more of it."""
        host, self._host = self._host, None
        self._site.network.unplug(self._instance_id)
        if host is not None:
            host.kill()

    def discard(self) -> None:
        """Throw the disk away; the console stays readable."""
        self._disk.destroy()

    def _image(self, image_id: str) -> Path:
        """Where an image is that was made of a machine's disk; Ubuntu's aren't there."""
        return self._site.directory / "images" / image_id

    def _has_own_names(self) -> bool:
        return (self._disk.root / likeness.OWN_NAMES.relative_to("/")).exists()

    def _host_ended(self, host: Host, again: bool) -> None:
        if self._host is host:
            self._host = None
            self._site.network.unplug(self._instance_id)
            self._ended(again)


def shared_folders() -> list[Path]:
    """What a host has to see of this machine where it is: the project, and its Python.

    The rest comes with the disk's lower layer. That shows neither folders that hosts have of
    their own, nor what is on another file system.
    """
    wanted = [PROJECT, *_python()]
    chosen: list[Path] = []
    for path in wanted:
        covered = any(path.is_relative_to(other) for other in chosen)
        if not covered and (path == PROJECT or _is_out_of_sight(path)):
            chosen.append(path)
    return chosen


def _python() -> list[Path]:
    """The folders that the interpreter needs, those on the way of symbolic links included."""
    found = [Path(sys.prefix), Path(sys.base_prefix)]
    link = Path(sys.executable)
    while link.is_symlink():
        link = Path(os.path.normpath(link.parent / link.readlink()))
        found.append(link.parent.parent)
    return found


def _is_out_of_sight(path: Path) -> bool:
    own = any(path.is_relative_to(folder) for folder in _OWN_FOLDERS)
    return own or path.stat().st_dev != Path("/").stat().st_dev
