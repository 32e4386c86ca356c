"""A Compose project: its files read, merged and filled in."""

from __future__ import annotations

import hashlib
import json
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import yaml

from lab.openvidu.docker import host
from lab.openvidu.docker.containers import Spec
from lab.openvidu.docker.errors import ComposeFileError
from lab.openvidu.docker.interpolation import interpolate, read_env_file
from lab.openvidu.docker.volumes import is_named

_FILES = ("docker-compose.yml", "docker-compose.override.yml")
_RESTARTS = ("no", "always", "on-failure", "unless-stopped")


@dataclass(frozen=True)
class Service:
    """One service, filled in.

    Attributes:
        name: its name in the file.
        container_name: the name that its container gets.
        image: with its tag.
        environment: from `env_file`, then from `environment`.
        command: what it's to run.
        restart: restart policy.
        stop_seconds: how long it gets to end by itself.
        network_mode: `host`, or the project's own network.
        ports: published TCP and UDP ports, such as `443/tcp`, of the machine.
        volumes: `SOURCE:TARGET`; a named volume has the project's name before its own.
        needs: services that start before it.
        digest: of its whole configuration.
    """

    name: str
    container_name: str
    image: str
    environment: Mapping[str, str]
    command: tuple[str, ...]
    restart: str
    stop_seconds: float
    network_mode: str
    ports: tuple[str, ...]
    volumes: tuple[str, ...]
    needs: tuple[str, ...]
    digest: str


@dataclass(frozen=True)
class Project:
    """The services of one folder.

    Attributes:
        name: the folder's name, as Compose makes it a project's name.
        folder: absolute.
        services: in the order in which to start them.
        unset: variables that the files use and nobody set.
        volumes: the named ones that the files declare.
    """

    name: str
    folder: Path
    services: tuple[Service, ...]
    unset: tuple[str, ...]
    volumes: tuple[str, ...]

    def service(self, name: str) -> Service:
        """The service of that name.

        Raises:
            ComposeFileError: there is none.
        """
        for service in self.services:
            if service.name == name:
                return service
        raise ComposeFileError(f"no such service: {name}", 1)

    def spec(self, service: Service) -> Spec:
        """The container that the service is to have."""
        return Spec(
            name=service.container_name,
            image=service.image,
            environment=service.environment,
            folder=str(self.folder),
            command=service.command,
            restart=service.restart,
            stop_seconds=service.stop_seconds,
            network_mode=service.network_mode,
            ports=service.ports,
            volumes=service.volumes,
            project=self.name,
            service=service.name,
            digest=service.digest,
        )


def project_name(folder: Path) -> str:
    """The name that Compose gives to the project in a folder."""
    return re.sub(r"[^a-z0-9_-]", "", folder.name.lower()).lstrip("_-")


def load(folder: Path, shell: Mapping[str, str]) -> Project:
    """Read the project in a folder.

    Args:
        folder: with `docker-compose.yml`, maybe an override, maybe `.env`.
        shell: the caller's environment: it wins over `.env`.

    Raises:
        ComposeFileError: no file, not YAML, or not what a Compose file is.
    """
    files = [folder / name for name in _FILES if (folder / name).exists()]
    if not files or (host.SNAP.exists() and folder.is_relative_to("/opt")):
        raise ComposeFileError("no configuration file provided: not found", 14)
    dotenv = folder / ".env"
    values = read_env_file(dotenv.read_text(), shell) if dotenv.exists() else {}
    values |= shell
    unset: set[str] = set()
    raw: dict[str, dict[str, object]] = {}
    volumes: dict[str, str] = {}
    project = project_name(folder)
    for path in files:
        content = _content(path)
        volumes |= {name: f"{project}_{name}" for name in content.get("volumes") or {}}
        for name, service in content["services"].items():
            merged = raw.setdefault(name, {})
            added = _filled_in(service, values, unset)
            environment = _pairs(merged.get("environment", {}), values)
            environment |= _pairs(added.get("environment", {}), values)
            merged |= added | {"environment": environment}
    for name, service in raw.items():
        service["volumes"] = _mounts(name, cast("list[str]", service.get("volumes", [])), volumes)
    services = tuple(_in_order([_service(folder, project, *item, values) for item in raw.items()]))
    return Project(project, folder, services, tuple(sorted(unset)), tuple(volumes.values()))


def _mounts(service: str, mounts: Sequence[str], volumes: Mapping[str, str]) -> list[str]:
    """Mounts with the names that the project's volumes have on the machine."""
    found = []
    for mount in mounts:
        name, colon, target = mount.partition(":")
        if is_named(mount):
            if name not in volumes:
                problem = f'service "{service}" refers to undefined volume {name}'
                raise ComposeFileError(f"{problem}: invalid compose project", 1)
            name = volumes[name]
        found.append(f"{name}{colon}{target}")
    return found


def _content(path: Path) -> dict[str, dict[str, dict[str, object]]]:
    try:
        content = yaml.safe_load(path.read_text())
    except yaml.YAMLError as error:
        raise ComposeFileError(f"yaml: {path.name}: {error}", 15) from error
    if not isinstance(content, dict) or not isinstance(content.get("services"), dict):
        raise ComposeFileError(f"{path.name}: top-level object must be a mapping with services", 15)
    return cast("dict[str, dict[str, dict[str, object]]]", content)


def _filled_in(
    service: Mapping[str, object], values: Mapping[str, str], unset: set[str]
) -> dict[str, object]:
    def fill(node: object) -> object:
        if isinstance(node, str):
            return interpolate(node, values, unset)
        if isinstance(node, list):
            return [fill(item) for item in node]
        if isinstance(node, dict):
            return {key: fill(item) for key, item in node.items()}
        return node

    return cast("dict[str, object]", fill(dict(service)))


def _service(
    folder: Path, project: str, name: str, raw: dict[str, object], values: Mapping[str, str]
) -> Service:
    image = raw.get("image")
    if not isinstance(image, str):
        raise ComposeFileError(f"service {name!r} has no image", 15)
    restart = str(raw.get("restart", "no"))
    if restart not in _RESTARTS:
        raise ComposeFileError(f"service {name!r}: restart: {restart!r} is not a policy", 15)
    environment = _env_files(folder, raw.get("env_file", []), values)
    environment |= _pairs(raw.get("environment", {}), values)
    text = json.dumps(raw | {"environment": environment}, sort_keys=True, default=str)
    return Service(
        name=name,
        container_name=str(raw.get("container_name", f"{project}-{name}-1")),
        image=image,
        environment=environment,
        command=_words(raw.get("command", [])),
        restart=restart,
        stop_seconds=float(str(raw.get("stop_grace_period", "10s")).removesuffix("s")),
        network_mode=str(raw.get("network_mode", "bridge")),
        ports=tuple(_published(str(port)) for port in cast("list[object]", raw.get("ports", []))),
        volumes=tuple(cast("list[str]", raw.get("volumes", []))),
        needs=tuple(cast("list[str]", raw.get("depends_on", []))),
        digest=hashlib.sha256(text.encode()).hexdigest(),
    )


def _words(command: object) -> tuple[str, ...]:
    """A command as words, be it a list or a line of a shell."""
    words = shlex.split(command) if isinstance(command, str) else cast("list[object]", command)
    return tuple(map(str, words))


def _published(text: str) -> str:
    """The machine's port in `443:443/tcp`."""
    mapping, _, protocol = text.partition("/")
    return f"{mapping.split(':')[-2]}/{protocol or 'tcp'}"


def _env_files(folder: Path, names: object, values: Mapping[str, str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name in [names] if isinstance(names, str) else cast("list[str]", names):
        path = folder / name
        if not path.exists():
            raise ComposeFileError(f"env file {path} not found", 14)
        found |= read_env_file(path.read_text(), values)
    return found


def _pairs(raw: object, values: Mapping[str, str]) -> dict[str, str]:
    if isinstance(raw, dict):
        return {str(name): "" if value is None else str(value) for name, value in raw.items()}
    found: dict[str, str] = {}
    for item in cast("list[str]", raw):
        name, equals, value = item.partition("=")
        if equals:
            found[name] = value
        elif name in values:
            found[name] = values[name]
    return found


def _in_order(services: list[Service]) -> list[Service]:
    ordered: list[Service] = []
    while len(ordered) < len(services):
        names = {service.name for service in ordered}
        ready = [s for s in services if s.name not in names and names.issuperset(s.needs)]
        if not ready:
            raise ComposeFileError("the services depend on each other in a circle", 15)
        ordered += ready
    return ordered
