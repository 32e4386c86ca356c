"""Network and hosts for tests."""

from __future__ import annotations

import ctypes
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TypeVar

from lab.cloud import authority
from lab.cloud.facts import (
    ACME_ADDRESS,
    MIRROR_ADDRESS,
    MIRROR_NAMES,
    TURN_ADDRESS,
)
from lab.cloud.host_facts import HostFacts
from lab.cloud.host_like import USUAL, HostLike
from lab.cloud.machine import shared_folders
from lab.openvidu import faults, image
from lab.openvidu.docker.images import PROJECT
from lab.openvidu.services import ROOT_SERVICES

GATEWAY = "10.5.0.1"
_TRUST = Path("/etc/ssl/certs/ca-certificates.crt")
_NAMESPACES = ("unshare", "--fork", "--kill-child", "--net")
_UP_SECONDS = 60.0
_CLONE_NEWNET = 0x40000000
Result = TypeVar("Result")
AnyHost = TypeVar("AnyHost", bound="Host")
_SEARCH_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

_HOST_INIT = """
set -e
mount -t tmpfs -o size=512m,mode=755 disk "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay host -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$1/root"
mount --rbind /dev "$1/root/dev"
mount -t tmpfs run "$1/root/run"
mount -t tmpfs tmp "$1/root/tmp"
mount -t proc proc "$1/root/proc"
for shared in "${@:2}"; do
  mkdir -p "$1/root$shared"
  mount --bind "$shared" "$1/root$shared"
  mount -o remount,bind,ro "$1/root$shared"
done
ip link set lo up
touch "$1/ready"
exec sleep infinity
"""


class Host:
    """A machine with a private address."""

    def __init__(self, world: World, name: str, ip: str, like: HostLike = USUAL) -> None:
        self.ip = ip
        self._world = world
        self._folder = world.folder / name
        self._folder.mkdir()
        shared = map(str, shared_folders())
        init = ["/bin/bash", "-c", _HOST_INIT, "init", str(self._folder), *shared]
        self._init = subprocess.Popen([*_NAMESPACES, "--mount", "--pid", "--uts", *init])
        wait((self.folder / "ready").exists, "the host's root")
        self._pid = _child(self._init.pid)
        world.connect(name, self._pid, ip)
        facts = HostFacts(Path(sys.executable), PROJECT, MIRROR_ADDRESS, ip, None, 8, 16384, like)
        image.prepare(self.root, facts)
        (self.root / "etc/hosts").write_text(world.names)
        trusted = self.root / _TRUST.relative_to("/")
        trusted.write_text(_TRUST.read_text() + world.trusted.read_text())

    @property
    def folder(self) -> Path:
        """Its disk, as seen from here."""
        return Path(f"/proc/{_child(self._init.pid)}/root") / self._folder.relative_to("/")

    @property
    def root(self) -> Path:
        """Its root, as seen from here."""
        return self.folder / "root"

    @property
    def faults(self) -> Path:
        """Its folder of faults, as seen from here."""
        return self.root / faults.FOLDER.relative_to("/")

    def run(
        self,
        script: str,
        *,
        environment: Mapping[str, str] | None = None,
        stdin: str = "",
        check: bool = True,
    ) -> subprocess.CompletedProcess[str]:
        """Run a shell script on it as root.

        Raises:
            AssertionError: it ended with another status than 0, unless `check` is false.
        """
        done = subprocess.run(
            [
                *_enter(self._pid, "-m", "-u", "-p"),
                "chroot",
                self.inner_root,
                "/bin/bash",
                "-c",
                script,
            ],
            env={"PATH": _SEARCH_PATH, "HOME": "/root"} | dict(environment or {}),
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
        )
        if check and done.returncode != 0:
            raise AssertionError(f"{script!r}: {done.returncode}\n{done.stdout}\n{done.stderr}")
        return done

    def run_beside(self, script: str) -> None:
        """Run a shell script that sees this machine's own files, and its root at `inner_root`."""
        _run(self._pid, script, "-m", "-p")

    def spawn(self, argv: list[str]) -> subprocess.Popen[str]:
        """Start a program on it, with pipes."""
        return subprocess.Popen(
            [*_enter(self._pid, "-m", "-u", "-p"), "chroot", self.inner_root, *argv],
            env={"PATH": _SEARCH_PATH, "HOME": "/root"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def listens(self, port: int) -> bool:
        """Whether something listens on a TCP port of it."""
        return self.run(f"ss -tln | grep -q ':{port} '", check=False).returncode == 0

    @property
    def inner_root(self) -> str:
        """Its root, as its own processes find it before they change to it."""
        return str(self._folder / "root")

    def reboot(self, *, orderly: bool = False) -> None:
        """End all its processes, at once or with a moment to end by themselves, and boot."""
        # Process 1 is spared, so that the namespaces live on.
        self.run("kill -TERM -1; sleep 1; kill -KILL -1" if orderly else "kill -KILL -1")
        # What this machine shares may be mounted there: it's not the host's to remove.
        self.run("find /run /tmp -xdev -mindepth 1 -delete 2>/dev/null || true")
        self.boot()

    def boot(self) -> None:
        """Run what it runs at each boot but the first."""
        for argv in image.BOOT:
            self.run(" ".join(argv))

    def crash(self) -> None:
        """Lose it: processes, disk and network, at once."""
        self._init.kill()
        self._init.wait()


class World:
    """A network with hosts, a mirror and a certificate authority."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.faults = folder / "faults"
        self.trusted = authority.create(folder)
        self.names = f"127.0.0.1 localhost\n{MIRROR_ADDRESS} {' '.join(MIRROR_NAMES)}\n"
        self._stack = ExitStack()
        self._hosts = folder / "hosts"
        self._hosts.write_text(self.names)
        bind = 'mount --bind "$1" /etc/hosts && exec sleep infinity'
        anchor = self._keep([*_NAMESPACES, "--mount", "sh", "-c", bind, "sh", str(self._hosts)])
        self._pid = _child(anchor.pid)
        _run(self._pid, "ip link set lo up && ip link add lan type bridge && ip link set lan up")
        for address in (f"{GATEWAY}/24", MIRROR_ADDRESS, ACME_ADDRESS, TURN_ADDRESS):
            _run(self._pid, f"ip address add {address} dev lan")
        self._network = ThreadPoolExecutor(8, initializer=_join_network, initargs=(self._pid,))
        self._stack.callback(self._network.shutdown, wait=False)
        for argv in ROOT_SERVICES(folder):
            self._keep([*_enter(self._pid, "-m"), *argv])
        for address, port in ((MIRROR_ADDRESS, 443), (ACME_ADDRESS, 80), (TURN_ADDRESS, 443)):
            wait(partial(self.do, _listens, address, port), f"{address}:{port}")

    def host(self, name: str, ip: str, like: HostLike = USUAL) -> Host:
        """A new machine."""
        return self.add(Host(self, name, ip, like))

    def add(self, host: AnyHost) -> AnyHost:
        """Have a machine end with this world."""
        self._stack.callback(host.crash)
        return host

    def set_dns(self, name: str, ip: str) -> None:
        """Have the certificate authority find a name."""
        with self._hosts.open("a") as file:
            file.write(f"{ip} {name}\n")

    def do(self, act: Callable[..., Result], *arguments: object) -> Result:
        """Call a function on the world's network: sockets that it makes are there."""
        return self._network.submit(act, *arguments).result()

    def connect(self, name: str, pid: int, ip: str) -> None:
        """Put a machine on the network."""
        _run(self._pid, f"ip link add {name} type veth peer name eth0 netns {pid}")
        _run(self._pid, f"ip link set {name} master lan up")
        _run(pid, f"ip address add {ip}/24 dev eth0 && ip link set eth0 up")
        _run(pid, f"ip route add default via {GATEWAY}")

    def close(self) -> None:
        """End everything."""
        self._stack.close()

    def _keep(self, argv: list[str]) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            argv, stdout=subprocess.DEVNULL, env={**os.environ, "PYTHONPATH": str(PROJECT)}
        )

        def end() -> None:
            process.kill()
            process.wait()

        self._stack.callback(end)
        return process


def _join_network(pid: int) -> None:
    """Have the sockets that this thread will make be in another process's network."""
    libc = ctypes.CDLL(None, use_errno=True)
    with Path(f"/proc/{pid}/ns/net").open() as namespace:
        if libc.setns(namespace.fileno(), _CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "setns")


def _listens(address: str, port: int) -> bool:
    try:
        socket.create_connection((address, port), timeout=1).close()
    except OSError:
        return False
    return True


def _child(pid: int) -> int:
    """The process that `unshare --fork` started."""
    children = Path(f"/proc/{pid}/task/{pid}/children")
    wait(lambda: bool(children.read_text().split()), "a namespace")
    return int(children.read_text().split()[0])


def _enter(pid: int, *more: str) -> list[str]:
    return ["nsenter", "-t", str(pid), "-n", *more, "--"]


def _run(pid: int, script: str, *more: str) -> None:
    subprocess.run([*_enter(pid, *more), "/bin/sh", "-c", script], check=True)


def wait(condition: Callable[[], bool], what: str) -> None:
    """Wait until something is so.

    Raises:
        TimeoutError: it isn't, after ten seconds.
    """
    limit = time.monotonic() + _UP_SECONDS
    while not condition():
        if time.monotonic() > limit:
            raise TimeoutError(f"{what} did not come up within {_UP_SECONDS:g} s")
        time.sleep(0.02)
