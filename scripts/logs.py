"""Shows what OpenVidu's services on a machine have logged, without the stack's secrets.

uv run openvidu-enterprise logs node-1
uv run openvidu-enterprise logs node-1 --service openvidu-server --follow
uv run openvidu-enterprise logs --all --since 10m
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated

import typer

from components.over_ssh import SHELL, command
from components.settings.values import duration
from scripts.display import waiting
from scripts.expected_errors import expected_errors, print_error
from scripts.masking import mask, secrets_of
from scripts.pulumi_cli import PulumiCli, PulumiError
from scripts.stack_machines import Machine, complete, machines, named

_SERVICE = re.compile(r"[a-z0-9][a-z0-9_.-]*")
_STAMP = re.compile(r"\| (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[.\d]*Z) ")
"""RFC 3339 in UTC, with nine digits of a second: they sort as texts.

Source: Docker, "docker container logs", `--timestamps`.
"""
_NO_SERVICE = "no such service"
"""Source: Docker Compose, pkg/api/errors.go and cmd/compose."""
_TAIL = 200
_LIMIT_SECONDS = 120.0
_WORKERS = 16

_NEITHER = (
    "name a machine, or say --all.\n  Next: uv run openvidu-enterprise logs node-1\n"
    "    or: uv run openvidu-enterprise logs --all --since 10m"
)


def main(
    machine: Annotated[
        str | None, typer.Argument(help="base, master, node-1, …", autocompletion=complete)
    ] = None,
    service: Annotated[
        str | None, typer.Option(help="Such as openvidu-server; default: all of them.")
    ] = None,
    *,
    all_machines: Annotated[
        bool, typer.Option("--all", help="Show the logs of all machines, merged by time.")
    ] = False,
    since: Annotated[
        str | None,
        typer.Option(
            metavar="TIME", help="Show what was logged in this time, such as 10m or 1h30m."
        ),
    ] = None,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Keep printing until Ctrl-C.")
    ] = False,
    tail: Annotated[
        int | None,
        typer.Option(
            min=1,
            help=f"How many lines of each service to start with; default: {_TAIL}, or all with "
            "--since.",
        ),
    ] = None,
    stack: Annotated[str | None, typer.Option(help="Stack; the selected one by default.")] = None,
) -> None:
    """Show what the services of a machine have logged, or of all machines by time.

    With --all each line begins with the machine's name. With --follow they come as they are logged.

    Exit status: 0 when every machine has answered, 1 otherwise.

    Examples:
      uv run openvidu-enterprise logs node-1 --service replication-manager
      uv run openvidu-enterprise logs node-2 --follow
      uv run openvidu-enterprise logs --all --since 10m
    """
    with expected_errors():
        if bool(machine) == all_machines:
            raise PulumiError(_NEITHER)
        options = _options(service, since, tail, follow=follow, timestamps=all_machines)
        pulumi = PulumiCli(stack)
        exported = pulumi.export_state(show_secrets=True)
        there = machines(exported)
        chosen = [named(there, machine)] if machine else [*there.values()]
        asked = [one for one in chosen if one.role.product.folder]
        if not asked:
            raise PulumiError(f"{machine} runs no service of OpenVidu: nodes do")
        secrets = secrets_of(exported, pulumi.secret_values())
        if not all_machines:
            sys.exit(_stream(asked[0], options, secrets))
        sys.exit(
            follow_all(asked, options, secrets) if follow else show_merged(asked, options, secrets)
        )


def _options(
    service: str | None, since: str | None, tail: int | None, *, follow: bool, timestamps: bool
) -> str:
    """What `docker compose logs` is given.

    Raises:
        PulumiError: a service that can't be one, or no length of time.
    """
    if service and not _SERVICE.fullmatch(service):
        raise PulumiError(f"--service must be a name such as openvidu-server, got {service}")
    try:
        seconds = duration(since).total_seconds() if since else None
    except ValueError as error:
        raise PulumiError(f"--since must be {error}, such as 10m, got {since}") from None
    lines = tail or (None if since else _TAIL)
    options = [
        f"--tail {lines}" if lines else "",
        f"--since {seconds:.0f}s" if seconds else "",
        "--follow" if follow else "",
        "--timestamps" if timestamps else "",
        service or "",
    ]
    return " ".join(filter(None, options))


def merged(texts: Mapping[str, str]) -> list[str]:
    """The lines of several machines by time, each behind its machine's name.

    A line without a time stays with the one before it.

    Args:
        texts: by machine, as `docker compose logs --timestamps` prints them.
    """
    found = []
    for name, text in texts.items():
        at = ""
        for line in text.splitlines():
            stamp = _STAMP.search(line)
            at = stamp[1] if stamp else at
            found.append((at, f"{_behind(name, texts)}{line}\n"))
    return [line for _, line in sorted(found, key=lambda one: one[0])]


def _behind(name: str, names: Iterable[str]) -> str:
    """What goes before a machine's lines: as wide for all."""
    return f"{name:<{max(map(len, names))}}  "


def show_merged(chosen: Sequence[Machine], options: str, secrets: Sequence[str]) -> int:
    """Print what all have logged until now, by time; returns the exit status."""

    def ask(machine: Machine) -> str | PulumiError:
        try:
            return machine.ask("logs", _LIMIT_SECONDS, OPTIONS=options)
        except PulumiError as error:
            return error

    names = [one.name for one in chosen]
    with ThreadPoolExecutor(_WORKERS) as pool, waiting(f"asking {', '.join(names)}"):
        told = dict(zip(names, pool.map(ask, chosen), strict=True))
    texts = {name: text if isinstance(text, str) else "" for name, text in told.items()}
    sys.stdout.writelines(mask(line, secrets) for line in merged(texts))
    failed = [error for error in told.values() if isinstance(error, PulumiError)]
    # A node has other services than the base.
    strangers = [error for error in failed if _NO_SERVICE in str(error)]
    if len(strangers) < len(chosen):
        failed = [error for error in failed if error not in strangers]
    for error in failed:
        print_error(error)
    return 1 if failed else 0


def follow_all(chosen: Sequence[Machine], options: str, secrets: Sequence[str]) -> int:
    """Print what all log, as it comes; returns the exit status."""
    names = [one.name for one in chosen]
    with ThreadPoolExecutor(len(chosen)) as pool:
        followed = [
            pool.submit(_stream, one, options, secrets, _behind(one.name, names)) for one in chosen
        ]
        return max(one.result() for one in followed)


def _stream(machine: Machine, options: str, secrets: Sequence[str], before: str = "") -> int:
    """Pass on what the machine prints, line by line; returns the exit status.

    Args:
        machine: which.
        options: of `docker compose logs`.
        secrets: are masked.
        before: goes before each line.
    """
    with subprocess.Popen(
        [*SHELL, command("logs")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=machine.shell_environment({"OPTIONS": options}),
        text=True,
        errors="replace",
    ) as running:
        if running.stdin and running.stdout:
            running.stdin.write(machine.private_key)
            running.stdin.close()
            for line in running.stdout:
                sys.stdout.write(before + mask(line, secrets))
                sys.stdout.flush()
    return running.returncode


if __name__ == "__main__":
    typer.run(main)
