"""The command line of `docker`, but for `docker compose` and `docker pull`."""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Callable, Sequence

from lab.openvidu.docker import host, images, inspection, logs, volumes
from lab.openvidu.docker.containers import Container, Spec, every, find, users_of
from lab.openvidu.docker.errors import DockerError, NoSuchContainerError
from lab.openvidu.docker.execution import execute
from lab.openvidu.docker.inspection import describe_state, table

VERSION = "27.5.1"


def main(arguments: Sequence[str]) -> int:
    """Run `docker ARGUMENTS`; the exit status."""
    if list(arguments[:1]) in (["--version"], ["-v"]):
        sys.stdout.write(f"Docker version {VERSION}, build lab\n")
        return 0
    words = [part for word in arguments for part in (("-i", "-t") if word == "-it" else (word,))]
    options = _parser().parse_args(words)
    return _COMMANDS[options.command](options)


_IMAGE_GB = 1.074
"""Each takes 1 GiB; Docker counts in thousands."""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="docker", add_help=False)
    commands = parser.add_subparsers(dest="command", required=True)

    def command(name: str, operand: str = "", count: str | None = None) -> argparse.ArgumentParser:
        added = commands.add_parser(name, add_help=False)
        if operand:
            added.add_argument(operand, nargs=count)
        return added

    ps = command("ps")
    ps.add_argument("-a", "--all", action="store_true")
    ps.add_argument("-q", "--quiet", action="store_true")
    ps.add_argument("--no-trunc", action="store_true")
    ps.add_argument("--format")
    listed = command("images")
    listed.add_argument("-q", "--quiet", action="store_true")
    listed.add_argument("--no-trunc", action="store_true")
    listed.add_argument("--format")
    imported = command("import")
    imported.add_argument("file", choices=["-"])
    imported.add_argument("image")
    command("rmi", "images", "+").add_argument("-f", "--force", action="store_true")
    _add_prune(command("image"))
    command("info").add_argument("-f", "--format")
    command("version").add_argument("-f", "--format")
    shown = command("logs", "container")
    shown.add_argument("-f", "--follow", action="store_true")
    shown.add_argument("-n", "--tail", default="all")
    stop = command("stop", "containers", "+")
    stop.add_argument("-t", "--time", type=float)
    command("start", "containers", "+")
    command("restart", "containers", "+")
    command("kill", "containers", "+")
    command("rm", "containers", "+").add_argument("-f", "--force", action="store_true")
    command("inspect", "containers", "+").add_argument("-f", "--format")
    of_volumes = command("volume").add_subparsers(dest="action", required=True)
    of_volumes.add_parser("ls").add_argument("-q", "--quiet", action="store_true", required=True)
    of_volumes.add_parser("rm").add_argument("volumes", nargs="+")
    running = command("exec")
    running.add_argument("-e", "--env", action="append", default=[])
    running.add_argument("-i", "--interactive", action="store_true")
    running.add_argument("-t", "--tty", action="store_true")
    running.add_argument("container")
    running.add_argument("argv", nargs=argparse.REMAINDER)
    run = command("run")
    run.add_argument("-d", "--detach", action="store_true", required=True)
    run.add_argument("-e", "--env", action="append", default=[])
    run.add_argument("--name", required=True)
    run.add_argument("--network")
    run.add_argument("--restart", default="no")
    run.add_argument("image")
    run.add_argument("argv", nargs=argparse.REMAINDER)
    return parser


def _add_prune(of_images: argparse.ArgumentParser) -> None:
    prune = of_images.add_subparsers(dest="action", required=True).add_parser("prune")
    prune.add_argument("-a", "--all", action="store_true", required=True)
    prune.add_argument("-f", "--force", action="store_true", required=True)


def _ps(options: argparse.Namespace) -> int:
    found = [container for container in every() if options.all or container.state.active]
    if options.quiet:
        lines = [c.id if options.no_trunc else c.id[:12] for c in found]
    elif options.format:
        lines = [inspection.fill_in_row(options.format, container) for container in found]
    else:
        rows = [("CONTAINER ID", "IMAGE", "CREATED", "STATUS", "NAMES")]
        rows += [
            (c.id[:12], c.shown_image, c.spec.created[:19], describe_state(c), c.spec.name)
            for c in found
        ]
        lines = table(rows)
    sys.stdout.writelines(f"{line}\n" for line in lines)
    return 0


def _images(options: argparse.Namespace) -> int:
    # An image's name is its id, too.
    shown = options.format or "{{.ID}}"
    for field in ("{{.ID}}", "{{.Repository}}:{{.Tag}}"):
        shown = shown.replace(field, "%(image)s")
    sys.stdout.writelines(shown % {"image": image} + "\n" for image in images.pulled())
    return 0


def _import(options: argparse.Namespace) -> int:
    sys.stdin.buffer.read()
    images.take_in(options.image)
    return 0


def _rmi(options: argparse.Namespace) -> int:
    for image in options.images:
        images.remove(image)
        sys.stdout.write(f"Untagged: {image}\n")
    return 0


def _image(options: argparse.Namespace) -> int:
    del options  # there's one action, `prune`, in one way
    gone = images.prune({container.spec.image for container in every()})
    if gone:
        sys.stdout.writelines(["Deleted Images:\n", *(f"untagged: {one}\n" for one in gone), "\n"])
    sys.stdout.write(f"Total reclaimed space: {len(gone) * _IMAGE_GB:.4g}GB\n")
    return 0


def _volume(options: argparse.Namespace) -> int:
    if options.action == "ls":
        sys.stdout.writelines(f"{name}\n" for name in volumes.every())
        return 0
    for name in options.volumes:
        volumes.remove(name, users_of(name))
        sys.stdout.write(f"{name}\n")
    return 0


def _info(options: argparse.Namespace) -> int:
    facts = {"ServerVersion": VERSION, "Containers": str(len(every()))}
    if options.format:
        # It has no proxy.
        mirrors = "".join(f"{one} " for one in host.mirrors())
        shown = re.sub(r"\{\{range.*?\{\{end\}\}", mirrors, options.format)
        shown = re.sub(r"\{\{\.(\w+)\}\}", lambda field: facts.get(field[1], ""), shown)
        sys.stdout.write(f"{shown}\n")
    else:
        sys.stdout.writelines(f" {name}: {value}\n" for name, value in facts.items())
    return 0


def _version(options: argparse.Namespace) -> int:
    template = options.format or "Client: {{.Client.Version}}\nServer: {{.Server.Version}}"
    for name in ("{{.Client.Version}}", "{{.Server.Version}}"):
        template = template.replace(name, VERSION)
    sys.stdout.write(f"{template}\n")
    return 0


def _logs(options: argparse.Namespace) -> int:
    lines = None if options.tail == "all" else int(options.tail)
    logs.show([_named(options.container)], follow=options.follow, lines=lines, prefixed=False)
    return 0


def _stop(options: argparse.Namespace) -> int:
    return _for_each(options, lambda container: container.stop(options.time))


def _start(options: argparse.Namespace) -> int:
    return _for_each(options, Container.start)


def _restart(options: argparse.Namespace) -> int:
    def restart(container: Container) -> None:
        container.stop()
        container.start()

    return _for_each(options, restart)


def _kill(options: argparse.Namespace) -> int:
    return _for_each(options, Container.kill)


def _rm(options: argparse.Namespace) -> int:
    for name in options.containers:
        container = _named(name)
        if container.state.active and not options.force:
            raise DockerError(
                f"Error response from daemon: cannot remove container {name!r}: "
                "container is running: stop the container before removing or force remove"
            )
        container.remove(seconds=0.0)
        sys.stdout.write(f"{name}\n")
    return 0


def _inspect(options: argparse.Namespace) -> int:
    found = [container for name in options.containers if (container := find(name))]
    missing = [name for name in options.containers if not find(name)]
    if options.format:
        for container in found:
            sys.stdout.write(inspection.fill_in(options.format, container) + "\n")
    else:
        facts = [inspection.describe(container) for container in found]
        sys.stdout.write(json.dumps(facts, indent=4) + "\n")
    sys.stderr.writelines(f"Error: No such object: {name}\n" for name in missing)
    return 1 if missing else 0


def _exec(options: argparse.Namespace) -> int:
    given = dict(item.partition("=")[::2] for item in options.env)
    container = _named(options.container)
    return execute(container, options.argv, given, tty=options.tty)


def _run(options: argparse.Namespace) -> int:
    given = dict(item.partition("=")[::2] for item in options.env)
    images.pull(options.image)
    container = Container.create(
        Spec(
            options.name,
            options.image,
            given,
            folder="/",
            command=options.argv,
            restart=options.restart,
        )
    )
    container.start()
    sys.stdout.write(f"{container.id}\n")
    return 0


def _named(reference: str) -> Container:
    container = find(reference)
    if container is None:
        raise NoSuchContainerError(reference)
    return container


def _for_each(options: argparse.Namespace, act: Callable[[Container], None]) -> int:
    for name in options.containers:
        act(_named(name))
        sys.stdout.write(f"{name}\n")
    return 0


_COMMANDS = {
    "ps": _ps,
    "images": _images,
    "import": _import,
    "rmi": _rmi,
    "image": _image,
    "volume": _volume,
    "info": _info,
    "version": _version,
    "logs": _logs,
    "stop": _stop,
    "start": _start,
    "restart": _restart,
    "kill": _kill,
    "rm": _rm,
    "inspect": _inspect,
    "exec": _exec,
    "run": _run,
}
