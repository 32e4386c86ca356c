"""Containers: made, started, stopped and removed, with their state in files.

`/var/lib/docker-standin/containers/ID/` has `spec.json` (frozen at creation, mode 0600 because
of the environment), `fs/` (what the container writes inside), and what `shim.sh` writes.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from lab.openvidu.docker import network, volumes
from lab.openvidu.docker.errors import InvalidMountError, NameTakenError, PortTakenError
from lab.openvidu.docker.images import PROJECT, STATE, entrypoint, identity
from lab.openvidu.docker.processes import Process, kill_session

FOLDER = STATE / "containers"
_UNFINISHED = STATE / "unfinished"
_SHIM = Path(__file__).with_name("shim.sh")
_OF_ENGINE = tuple(
    map(Path, ("/var/run/docker.sock", "/var/lib/docker", "/sys/fs/cgroup", "/proc"))
)
"""What a machine with the real engine has."""
_SEARCH_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True)
class Spec:
    """A container as it was created.

    Attributes:
        name: unique on the host.
        image: with its tag.
        environment: what was asked for; the image's own is added when it starts.
        folder: working directory: the Compose project's folder.
        command: what it runs, where its image was imported; the lab's own images know.
        restart: `no`, `always`, `on-failure` or `unless-stopped`.
        stop_seconds: how long its process gets to end by itself.
        project: the Compose project, empty for `docker run`.
        service: the Compose service, empty for `docker run`.
        network_mode: `host`, or else it finds its project's containers by their names.
        ports: published ones, such as `443/tcp`.
        volumes: `SOURCE:TARGET`: a folder, absolute or relative to `folder`, or a volume's name.
        one_off: whether it's of `docker compose run`.
        digest: of the service's configuration, to notice a change.
        created: ISO 8601.
        image_id: what the image's name led to.
    """

    name: str
    image: str
    environment: Mapping[str, str]
    folder: str
    command: Sequence[str] = ()
    restart: str = "no"
    stop_seconds: float = 10.0
    project: str = ""
    service: str = ""
    network_mode: str = "host"
    ports: Sequence[str] = ()
    volumes: Sequence[str] = ()
    one_off: bool = False
    digest: str = ""
    created: str = field(default_factory=lambda: datetime.now(UTC).isoformat())
    image_id: str = ""


@dataclass(frozen=True)
class State:
    """What a container does.

    Attributes:
        status: `created`, `running`, `restarting` or `exited`.
        exit_code: of the last run, 0 before the first has ended.
        pid: of its process where it runs.
    """

    status: str
    exit_code: int = 0
    pid: int = 0

    @property
    def active(self) -> bool:
        """Whether it runs, or is about to run again."""
        return self.status in ("running", "restarting")


class Container:
    """One container of this host."""

    def __init__(self, identity: str, spec: Spec) -> None:
        self.id = identity
        self.spec = spec
        self.folder = FOLDER / identity

    @classmethod
    def create(cls, spec: Spec) -> Container:
        """Make a container, without starting it; the folders that it mounts, too.

        Raises:
            InvalidMountError: a volume is named by a variable without a value.
            NameTakenError: another has its name.
            UnknownImageError: the lab has nothing to run in place of the image.
        """
        entrypoint(spec.image)
        for volume in spec.volumes:
            if volume.startswith(":"):
                raise InvalidMountError(volume)
        for other in every():
            if other.spec.name == spec.name:
                raise NameTakenError(spec.name, other.id)
        for volume in spec.volumes:
            source = Path(spec.folder, volume.partition(":")[0])
            if volumes.is_named(volume):
                volumes.make(volume)
            elif source not in _OF_ENGINE and not source.exists():
                source.mkdir(parents=True)
        spec = replace(spec, image_id=identity(spec.image))
        container = cls(secrets.token_hex(32), spec)
        # Whole or not at all: who makes it may be killed.
        made = _UNFINISHED / container.id
        (made / "fs").mkdir(parents=True)
        made.chmod(0o700)
        (made / "log").touch()
        _write(made / "spec.json", json.dumps(asdict(spec), indent=1))
        FOLDER.mkdir(parents=True, exist_ok=True)
        made.rename(container.folder)
        return container

    @property
    def environment(self) -> dict[str, str]:
        """The whole environment of its processes."""
        image = {
            "PATH": _SEARCH_PATH,
            "HOSTNAME": self.id[:12],
            "PYTHONPATH": str(PROJECT),
            "CONTAINER_FILES": str(self.folder / "fs"),
        }
        return image | dict(self.spec.environment)

    @property
    def shown_image(self) -> str:
        """Its image as `docker ps` shows it: an id, once the name leads elsewhere or nowhere."""
        made_from = self.spec.image_id
        is_named = not made_from or identity(self.spec.image) == made_from
        return self.spec.image if is_named else made_from[:12]

    @property
    def log(self) -> Path:
        """The file of what it printed."""
        return self.folder / "log"

    @property
    def error(self) -> str:
        """Why it couldn't be started; empty where it could."""
        return self._read("error")

    @property
    def started(self) -> str:
        """When its process was started last, as Docker writes it; year 1 where it never was."""
        file = self.folder / "pid"
        seconds = file.stat().st_mtime if file.exists() else None
        found = datetime.min if seconds is None else datetime.fromtimestamp(seconds, UTC)
        return found.replace(tzinfo=None).isoformat() + "Z"

    @property
    def restarts(self) -> int:
        """How often its restart policy has run it again since it was started by hand or at boot.

        Source: moby, container/container.go, `ResetRestartManager`, and daemon/monitor.go.
        """
        return int(self._read("restarts") or 0)

    @property
    def state(self) -> State:
        """What it does right now."""
        shim, main = self._shim(), self._main()
        exit_code = int(self._read("status") or 0)
        if shim and shim.alive:
            if main:
                return State("running", exit_code, main.pid)
            return State("restarting", exit_code)
        return State("exited" if shim else "created", exit_code)

    def start(self) -> None:
        """Start it, unless it runs.

        Raises:
            PortTakenError: somebody has a port that it publishes.
        """
        if self.state.active:
            return
        try:
            network.require_free(self.spec.name, self.id, self.spec.ports, self._neighbours())
        except PortTakenError as error:
            self._write("error", str(error).removeprefix("Error response from daemon: "))
            raise
        for name in ("stopped", "pid", "status", "restarts", "error"):
            (self.folder / name).unlink(missing_ok=True)
        shim = subprocess.Popen(
            ["/bin/sh", _SHIM, self.folder, self.spec.restart, *self._command()],
            cwd=self.spec.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        found = Process.find(shim.pid)
        self._write("shim", found.render() if found else f"{shim.pid} 0\n")
        self._tell_network()

    def _neighbours(self) -> list[tuple[str, Sequence[str]]]:
        """What other containers that run publish."""
        return [
            (other.spec.name, other.spec.ports)
            for other in every()
            if other.id != self.id and other.spec.ports and other.state.active
        ]

    def _command(self) -> list[str]:
        own = entrypoint(self.spec.image) or [*self.spec.command]
        command = volumes.mounted(self.spec.volumes, own)
        if self.spec.network_mode == "host":
            return command
        self.look_up_names()
        return network.with_names(self._hosts, command)

    @property
    def _hosts(self) -> Path:
        return self.folder / "hosts"

    def look_up_names(self) -> None:
        """Have it find the containers of its network that run by now, and no others."""
        if self.spec.network_mode == "host":
            return
        others = [other for other in every() if other.is_found_by(self)]
        with contextlib.suppress(FileNotFoundError):  # it's being removed
            network.write_names(self._hosts, [(o.spec.service, o.spec.name) for o in others])

    def _tell_network(self) -> None:
        """Have the others of its network see that it has started, or stopped."""
        if self.spec.project and self.spec.network_mode != "host":
            for other in every():
                if other.spec.project == self.spec.project and other.id != self.id:
                    other.look_up_names()

    def is_found_by(self, other: Container) -> bool:
        """Whether another container finds it by its names: it's in the same network, and runs."""
        same = self.spec.project and self.spec.project == other.spec.project
        if not same or self.spec.network_mode == "host":
            return False
        shim, main = self._shim(), self._main()
        began = shim is not None and shim.alive and not self._read("status")
        return main is not None or began

    def stop(self, seconds: float | None = None) -> None:
        """Ask its process to end, and kill what is left after `seconds`, or its own limit."""
        self._was_stopped.touch()
        main = self._main()
        if main:
            main.signal(signal.SIGTERM)
            main.wait(self.spec.stop_seconds if seconds is None else seconds)
        self._kill(main)
        self._tell_network()

    def kill(self) -> None:
        """End its process at once, which is a stop by hand."""
        self._was_stopped.touch()
        main = self._main()
        if main:
            main.signal(signal.SIGKILL)
        self._kill(main)
        self._tell_network()

    def stop_for_now(self) -> None:
        """Stop it as the engine does when it ends itself: nobody did it by hand."""
        by_hand = self._was_stopped.exists()
        self.stop()
        if not by_hand:
            self._was_stopped.unlink()

    def remove(self, *, seconds: float | None = None) -> None:
        """Stop it, and delete all that it wrote inside."""
        self.stop(seconds)
        # Others of its network write names into its folder for as long as they find it.
        left = _UNFINISHED / self.id
        left.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileNotFoundError):
            self.folder.rename(left)
        shutil.rmtree(left, ignore_errors=True)

    @property
    def first_exit(self) -> int | None:
        """The exit status once its process has ended, be it started again since or not."""
        text = self._read("status")
        return int(text) if text else None

    def comes_back(self) -> bool:
        """Whether it is started when the host boots."""
        by_hand = self._was_stopped.exists()
        match self.spec.restart:
            case "always":
                return True
            case "unless-stopped":
                return not by_hand
            case "on-failure":
                # By hand or not: a process that was killed didn't end well.
                return self._shim() is not None and self._read("status") != "0"
            case _:
                return False

    @property
    def _was_stopped(self) -> Path:
        """There when somebody has stopped it by hand."""
        return self.folder / "stopped"

    def _kill(self, main: Process | None) -> None:
        """End all that its process has begun, and what may begin it anew."""
        shim = self._shim()
        # Its shim may have started it anew a moment ago.
        for one in filter(None, (main, self._main())):
            kill_session(one.pid)
        if shim and not shim.wait(0.2):
            kill_session(shim.pid)

    def _shim(self) -> Process | None:
        text = self._read("shim")
        return Process.parse(text) if text else None

    def _main(self) -> Process | None:
        """Its process, where it runs: a child of the shim, in a session of its own."""
        text = self._read("pid")
        found = Process.parse(text) if text else None
        return found if found and found.alive else None

    def _read(self, name: str) -> str:
        try:
            return (self.folder / name).read_text().strip()
        except FileNotFoundError:
            return ""

    def _write(self, name: str, text: str) -> None:
        _write(self.folder / name, text)


def every() -> list[Container]:
    """All containers, the oldest first."""
    found: list[Container] = []
    for path in FOLDER.glob("*/spec.json"):
        try:
            spec = Spec(**json.loads(path.read_text()))
        except FileNotFoundError:
            continue  # it was removed a moment ago
        found.append(Container(path.parent.name, spec))
    return sorted(found, key=lambda container: (container.spec.created, container.spec.name))


def users_of(volume: str) -> list[str]:
    """The ids of the containers that mount a volume."""
    return [
        container.id
        for container in every()
        if any(mount.partition(":")[0] == volume for mount in container.spec.volumes)
    ]


def find(reference: str) -> Container | None:
    """The container of that name, or whose id begins so."""
    for container in every():
        if container.spec.name == reference or container.id.startswith(reference):
            return container
    return None


def shut_down() -> None:
    """Stop all that runs, as dockerd does when it's asked to end."""
    running = [container for container in every() if container.state.active]
    with ThreadPoolExecutor(len(running) or 1) as pool:
        list(pool.map(Container.stop_for_now, running))


def boot() -> list[Container]:
    """Start what dockerd starts when it begins; what it started.

    `always` comes back even where it was stopped by hand, `unless-stopped` doesn't, and
    `on-failure` where its last run wasn't a success, a stop by hand included. Each as it was
    created.
    """
    coming = [container for container in every() if container.comes_back()]
    for container in coming:
        container.start()
    return coming


def _write(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
