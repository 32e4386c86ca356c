"""The command line of `docker compose`."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from lab.openvidu.docker import compose, images, logs
from lab.openvidu.docker.containers import Container
from lab.openvidu.docker.errors import ServiceNotRunningError
from lab.openvidu.docker.execution import execute
from lab.openvidu.docker.inspection import describe_state, table
from lab.openvidu.docker.project import Project, load, project_name

_STATES = ("created", "running", "restarting", "exited")


def main(arguments: Sequence[str]) -> int:
    """Run `docker compose ARGUMENTS`; the exit status."""
    options = _parser().parse_args(_without_clusters(arguments))
    folder = Path(options.project_directory or os.getcwd()).absolute()  # noqa: PTH109 - $PWD
    run = _COMMANDS[options.command]
    return run(folder, options)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="docker compose", add_help=False)
    parser.add_argument("--project-directory")
    commands = parser.add_subparsers(dest="command", required=True)

    def command(name: str, *, services: str | None = "*") -> argparse.ArgumentParser:
        added = commands.add_parser(name, add_help=False)
        if services:
            added.add_argument("services", nargs=services)
        return added

    up = command("up")
    up.add_argument("-d", "--detach", action="store_true")
    up.add_argument("--force-recreate", action="store_true")
    up.add_argument("--no-deps", action="store_true")
    up.add_argument("--no-recreate", action="store_true")
    up.add_argument("--exit-code-from")
    up.add_argument("--scale", action="append", default=[], type=_left_out)
    down = command("down")
    down.add_argument("-v", "--volumes", action="store_true")
    down.add_argument("--remove-orphans", action="store_true")
    ps = command("ps")
    ps.add_argument("-a", "--all", action="store_true")
    ps.add_argument("-q", "--quiet", action="store_true")
    ps.add_argument("--status", action="append", default=[], choices=_STATES)
    ps.add_argument("--services", dest="only_services", action="store_true")
    ps.add_argument("--format", choices=("table", "json"), default="table")
    shown = command("logs")
    shown.add_argument("-f", "--follow", action="store_true")
    shown.add_argument("--no-log-prefix", action="store_true")
    shown.add_argument("--no-color", action="store_true")
    shown.add_argument("-n", "--tail", default="all")
    shown.add_argument("-t", "--timestamps", action="store_true")
    shown.add_argument("--since", type=_length)
    once = command("run", services=None)
    once.add_argument("--rm", dest="remove", action="store_true")
    once.add_argument("service")
    once.add_argument("argv", nargs=argparse.REMAINDER)
    for name in ("pull", "start"):
        command(name)
    for limited in (down, command("stop"), command("restart")):
        limited.add_argument("-t", "--timeout", type=float)
    configured = command("config")
    configured.add_argument("--services", dest="only_services", action="store_true")
    configured.add_argument("--hash")
    command("version", services=None).add_argument("--short", action="store_true")
    running = command("exec", services=None)
    running.add_argument("-e", "--env", action="append", default=[])
    running.add_argument("-i", "--interactive", action="store_true")
    running.add_argument("-t", "--tty", action="store_true")
    running.add_argument("-T", "--no-TTY", dest="no_tty", action="store_true")
    running.add_argument("service")
    running.add_argument("argv", nargs=argparse.REMAINDER)
    return parser


def _left_out(text: str) -> str:
    """Of `NAME=0` the name: of no other scale has OpenVidu a use."""
    name, _, scale = text.partition("=")
    if scale != "0":
        raise argparse.ArgumentTypeError("the lab takes a scale of 0 only")
    return name


def _length(text: str) -> timedelta:
    """A length of time such as `90s`: what of Go's forms is needed."""
    if not text.endswith("s"):
        raise argparse.ArgumentTypeError("the lab takes seconds, such as 600s")
    return timedelta(seconds=float(text.removesuffix("s")))


def _without_clusters(arguments: Sequence[str]) -> list[str]:
    """`-it` as `-i -t`: argparse takes such clusters apart only where no value may follow."""
    return [part for word in arguments for part in (("-i", "-t") if word == "-it" else (word,))]


def _project(folder: Path) -> Project:
    project = load(folder, compose.shell())
    for name in project.unset:
        compose.say(
            f'time="" level=warning msg="The \\"{name}\\" variable is not set. '
            'Defaulting to a blank string."'
        )
    return project


def _up(folder: Path, options: argparse.Namespace) -> int:
    project = _project(folder)
    if options.exit_code_from:
        return compose.attach(project, options.services, options.exit_code_from)
    recreate = options.force_recreate or (False if options.no_recreate else None)
    containers = compose.up(
        project,
        options.services,
        recreate=recreate,
        needs=not options.no_deps,
        left_out=options.scale,
    )
    if not options.detach:
        compose.follow(containers)
    return 0


def _run(folder: Path, options: argparse.Namespace) -> int:
    return compose.run(_project(folder), options.service, options.argv, remove=options.remove)


def _down(folder: Path, options: argparse.Namespace) -> int:
    compose.down(
        _project(folder),
        seconds=options.timeout,
        orphans=options.remove_orphans,
        with_volumes=options.volumes,
    )
    return 0


def _ps(folder: Path, options: argparse.Namespace) -> int:
    chosen = _chosen(folder, options, one_off=options.all)
    found = [container for container in chosen if _is_asked_for(container, options)]
    if options.only_services:
        lines = [container.spec.service for container in found]
    elif options.quiet:
        lines = [container.id for container in found]
    elif options.format == "json":
        lines = [json.dumps(_as_json(container)) for container in found]
    else:
        rows = [("NAME", "IMAGE", "SERVICE", "STATUS")]
        rows += [(c.spec.name, c.spec.image, c.spec.service, describe_state(c)) for c in found]
        lines = table(rows)
    sys.stdout.writelines(f"{line}\n" for line in lines)
    return 0


def _is_asked_for(container: Container, options: argparse.Namespace) -> bool:
    state = container.state
    if options.status:
        return state.status in options.status
    return options.all or state.active


def _logs(folder: Path, options: argparse.Namespace) -> int:
    lines = None if options.tail == "all" else int(options.tail)
    logs.show(
        _chosen(folder, options),
        follow=options.follow,
        lines=lines,
        prefixed=not options.no_log_prefix,
        timestamps=options.timestamps,
        since=options.since,
    )
    return 0


def _pull(folder: Path, options: argparse.Namespace) -> int:
    project = _project(folder)
    for service in project.services:
        if not options.services or service.name in options.services:
            images.pull(service.image)
            compose.say(f" {service.name} Pulled")
    return 0


def _stop(folder: Path, options: argparse.Namespace) -> int:
    compose.stop(_chosen(folder, options), options.timeout)
    return 0


def _start(folder: Path, options: argparse.Namespace) -> int:
    for container in _chosen(folder, options):
        container.start()
        compose.say(f" Container {container.spec.name}  Started")
    return 0


def _restart(folder: Path, options: argparse.Namespace) -> int:
    compose.restart(_chosen(folder, options), options.timeout)
    return 0


def _config(folder: Path, options: argparse.Namespace) -> int:
    if options.hash:
        chosen = _project(folder).services
        sys.stdout.writelines(f"{one.name} {one.digest}\n" for one in chosen)
        return 0
    services = {service.name: {"image": service.image} for service in _project(folder).services}
    if options.only_services:
        sys.stdout.writelines(f"{name}\n" for name in services)
        return 0
    sys.stdout.write(json.dumps({"services": services}, indent=2) + "\n")
    return 0


def _version(_: Path, options: argparse.Namespace) -> int:
    shown = compose.shown_version()
    sys.stdout.write(f"{shown}\n" if options.short else f"Docker Compose version v{shown}\n")
    return 0


def _exec(folder: Path, options: argparse.Namespace) -> int:
    _project(folder).service(options.service)
    containers = compose.containers_of(project_name(folder), [options.service])
    if not containers or containers[0].state.status != "running":
        raise ServiceNotRunningError(options.service)
    given = dict(item.partition("=")[::2] for item in options.env)
    tty = options.tty and not options.no_tty
    return execute(containers[0], options.argv, given, tty=tty)


def _chosen(folder: Path, options: argparse.Namespace, *, one_off: bool = False) -> list[Container]:
    project = _project(folder)
    for name in options.services:
        project.service(name)
    return compose.containers_of(project_name(folder), options.services, one_off=one_off)


def _as_json(container: Container) -> dict[str, object]:
    state = container.state
    return {
        "ID": container.id[:12],
        "Name": container.spec.name,
        "Image": container.spec.image,
        "Project": container.spec.project,
        "Service": container.spec.service,
        "State": state.status,
        "ExitCode": state.exit_code,
        "CreatedAt": container.spec.created,
    }


_COMMANDS = {
    "up": _up,
    "run": _run,
    "down": _down,
    "ps": _ps,
    "logs": _logs,
    "pull": _pull,
    "stop": _stop,
    "start": _start,
    "restart": _restart,
    "config": _config,
    "version": _version,
    "exec": _exec,
}
