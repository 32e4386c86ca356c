"""What `docker compose` does: the effects, without the command line."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

from lab.openvidu.docker import images, logs
from lab.openvidu.docker.containers import Container, every
from lab.openvidu.docker.project import Project, Service


def containers_of(project: str, services: Iterable[str] = ()) -> list[Container]:
    """A project's containers, of all services or of those named."""
    wanted = set(services)
    return [
        container
        for container in every()
        if container.spec.project == project and (not wanted or container.spec.service in wanted)
    ]


def up(project: Project, names: Sequence[str], *, recreate: bool = False) -> list[Container]:
    """Make and start what isn't there, and make anew what was configured differently.

    Raises:
        ComposeFileError: a service doesn't exist.
        PullError: an image isn't here and can't be had.
    """
    services = _with_needs(project, names) if names else list(project.services)
    for service in services:
        if service.image not in images.pulled():
            images.pull(service.image)
    return [_bring_up(project, service, recreate=recreate) for service in services]


def _with_needs(project: Project, names: Sequence[str]) -> list[Service]:
    wanted = set(names)
    for service in reversed(project.services):
        if service.name in wanted:
            wanted |= set(service.needs)
    for name in names:
        project.service(name)
    return [service for service in project.services if service.name in wanted]


def _bring_up(project: Project, service: Service, *, recreate: bool) -> Container:
    old = containers_of(project.name, [service.name])
    if old and old[0].spec.digest == service.digest and not recreate:
        container, done = old[0], "Running" if old[0].state.active else "Started"
    else:
        for container in old:
            container.remove()
        container, done = Container.create(project.spec(service)), "Started"
    container.start()
    say(f" Container {container.spec.name}  {done}")
    return container


def attach(project: Project, names: Sequence[str], awaited: str) -> int:
    """Bring services up and print what they print until `awaited` ends; its exit status."""
    containers = up(project, names)
    container = next(c for c in containers if c.spec.service == awaited)
    tail = logs.Tail(containers, prefixed=True, out=sys.stdout)
    status = tail.until_exit_of(container)
    say(f"{container.spec.name} exited with code {status}")
    stop(containers)
    return status


def down(project: str) -> None:
    """Stop and remove a project's containers."""
    containers = containers_of(project)
    _each(containers, Container.remove)
    for container in containers:
        say(f" Container {container.spec.name}  Removed")


def stop(containers: Sequence[Container]) -> None:
    """Stop containers, all at the same time."""
    _each(containers, Container.stop)
    for container in containers:
        say(f" Container {container.spec.name}  Stopped")


def restart(containers: Sequence[Container]) -> None:
    """Stop containers, and start them as they were created."""
    _each(containers, Container.stop)
    for container in containers:
        container.start()
        say(f" Container {container.spec.name}  Started")


def say(text: str) -> None:
    """Print progress where Compose prints it."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def _each(containers: Sequence[Container], act: Callable[[Container], None]) -> None:
    if containers:
        with ThreadPoolExecutor(max_workers=len(containers)) as pool:
            list(pool.map(act, containers))


def shell() -> dict[str, str]:
    """The caller's environment."""
    return dict(os.environ)
