"""What `docker compose` does: the effects, without the command line."""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace

from lab.openvidu import faults
from lab.openvidu.docker import images, logs, volumes
from lab.openvidu.docker.containers import Container, every, users_of
from lab.openvidu.docker.errors import DockerError
from lab.openvidu.docker.project import Project, Service
from openvidu.release import ordered

VERSION = "2.29.7"
_ENDLESS_FROM, _ENDLESS_BEFORE = (2, 39), (5, 6)
"""Between them `up --exit-code-from` doesn't end with a service that a restart policy brings back.
Measured: 2.26.1 and 5.6.0 end, 2.40.3 and 5.5.1 don't."""


def containers_of(
    project: str, services: Iterable[str] = (), *, one_off: bool = False
) -> list[Container]:
    """A project's containers, of all services or of those named; with `one_off` also of `run`."""
    wanted = set(services)
    return [
        container
        for container in every()
        if container.spec.project == project
        and (not wanted or container.spec.service in wanted)
        and (one_off or not container.spec.one_off)
    ]


def up(
    project: Project,
    names: Sequence[str],
    *,
    recreate: bool | None = None,
    needs: bool = True,
    left_out: Sequence[str] = (),
) -> list[Container]:
    """Make and start what isn't there, and make anew what was configured differently.

    Args:
        project: whose services.
        names: of services; all where there is none.
        recreate: whether all are made anew, or none.
        needs: whether to bring up what these services need, too.
        left_out: services that are to have no container.

    Raises:
        ComposeFileError: a service doesn't exist.
        DockerError: a container can't be made, and none is started; or one can't be started, and
            the others are.
        PullError: an image isn't here and can't be had.
    """
    services = [project.service(name) for name in names] or list(project.services)
    if names and needs:
        services = _with_needs(project, names)
    for name in left_out:
        for container in containers_of(project.name, [project.service(name).name]):
            container.remove()
    services = [service for service in services if service.name not in left_out]
    for service in services:
        if service.image not in images.pulled():
            images.pull(service.image)
    containers = [_created(project, service, recreate=recreate) for service in services]
    failure: DockerError | None = None
    failed = set[str]()
    for container, service in zip(containers, services, strict=True):
        if failed.intersection(service.needs):
            continue
        running = container.state.active
        try:
            container.start()
        except DockerError as error:
            failure = failure or error
            failed.add(service.name)
        else:
            say(f" Container {container.spec.name}  {'Running' if running else 'Started'}")
    if failure:
        raise failure
    return containers


def _with_needs(project: Project, names: Sequence[str]) -> list[Service]:
    wanted = set(names)
    for service in reversed(project.services):
        if service.name in wanted:
            wanted |= set(service.needs)
    for name in names:
        project.service(name)
    return [service for service in project.services if service.name in wanted]


def _created(project: Project, service: Service, *, recreate: bool | None) -> Container:
    old = containers_of(project.name, [service.name])
    if recreate is None:
        recreate = bool(old) and old[0].spec.digest != service.digest
    if old and not recreate:
        return old[0]
    for container in old:
        container.remove()
    return Container.create(project.spec(service))


def attach(project: Project, names: Sequence[str], awaited: str) -> int:
    """Bring services up and print what they print until `awaited` ends; its exit status."""
    containers = up(project, names)
    container = next(c for c in containers if c.spec.service == awaited)
    tail = logs.Tail(containers, prefixed=True, out=sys.stdout)
    with _stopped_when_interrupted(containers):
        status = tail.until_exit_of(container)
        sys.stdout.write(f"{logs.label(container)} exited with code {status}\n")
        stop(containers)
        if _ENDLESS_FROM <= version() < _ENDLESS_BEFORE and container.spec.restart == "always":
            tail.follow()
    return status


def follow(containers: Sequence[Container]) -> None:
    """Print what containers print, for as long as there are any; an interrupt stops them."""
    with _stopped_when_interrupted(containers):
        logs.show(containers, follow=True, lines=None, prefixed=True)


@contextmanager
def _stopped_when_interrupted(containers: Sequence[Container]) -> Iterator[None]:
    """Stop containers at an interrupt, as Compose does before it ends."""
    try:
        yield
    except KeyboardInterrupt:
        say("Gracefully stopping... (press Ctrl+C again to force)")
        stop(containers)
        raise


def run(project: Project, name: str, argv: Sequence[str], *, remove: bool) -> int:
    """Run a service once, in a container of its own; its exit status.

    Args:
        project: the service's.
        name: the service's.
        argv: what to run in place of its command.
        remove: whether to remove the container; else it's left behind.
    """
    service = project.service(name)
    spec = project.spec(service)
    only = f"{project.name}-{name}-run-{secrets.token_hex(6)}"
    once = replace(
        spec,
        name=only,
        command=argv or spec.command,
        restart="no",
        ports=(),
        one_off=True,
        digest="",
    )
    if service.needs:
        up(project, service.needs)
    container = Container.create(once)
    container.start()
    status = logs.Tail([container], prefixed=False, out=sys.stdout).until_exit_of(container)
    if remove:
        container.remove()
    return status


def version() -> tuple[int, ...]:
    """The version of Compose; the fault `compose` has it be another one."""
    return ordered(shown_version())


def shown_version() -> str:
    """The same, as text."""
    fault = faults.look("compose")
    return fault.option("version", VERSION) if fault else VERSION


def down(
    project: Project,
    *,
    seconds: float | None = None,
    orphans: bool = False,
    with_volumes: bool = False,
) -> None:
    """Stop and remove a project's containers.

    Args:
        project: the project.
        seconds: how long each gets to end by itself; else as long as it's to get.
        orphans: whether those of `run` go, too.
        with_volumes: whether its named volumes go, too.
    """
    containers = containers_of(project.name, one_off=orphans)
    _each(containers, lambda container: container.remove(seconds=seconds))
    for container in containers:
        say(f" Container {container.spec.name}  Removed")
    for name in project.volumes if with_volumes else ():
        if name in volumes.every():
            volumes.remove(name, users_of(name))
            say(f" Volume {name}  Removed")


def stop(containers: Sequence[Container], seconds: float | None = None) -> None:
    """Stop containers, all at the same time."""
    _each(containers, lambda container: container.stop(seconds))
    for container in containers:
        say(f" Container {container.spec.name}  Stopped")


def restart(containers: Sequence[Container], seconds: float | None = None) -> None:
    """Stop containers, and start them as they were created."""
    _each(containers, lambda container: container.stop(seconds))
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
