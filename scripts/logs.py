"""Shows what OpenVidu's services on a machine have logged, without the stack's secrets.

python -m scripts.logs node-1
python -m scripts.logs node-1 --service openvidu-server --follow
python -m scripts.logs base --service loadbalancer --tail 50
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Mapping
from typing import Annotated

import typer

from components.over_ssh import SHELL, command
from scripts.errors import expected_errors
from scripts.machines import Machine, complete, machines, named
from scripts.masking import mask, secrets_of
from scripts.pulumi_cli import PulumiCli, PulumiError

_SERVICE = re.compile(r"[a-z0-9][a-z0-9_.-]*")


def main(
    machine: Annotated[
        str, typer.Argument(help="base, master, node-1, …", autocompletion=complete)
    ],
    service: Annotated[
        str | None, typer.Option(help="Such as openvidu-server; all of them without it.")
    ] = None,
    *,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until Ctrl-C.")] = False,
    tail: Annotated[int, typer.Option(min=1, help="How many lines to begin with.")] = 200,
    stack: Annotated[str | None, typer.Option(help="Stack; the selected one by default.")] = None,
) -> None:
    """Show what the services of a machine have logged.

    Examples:
      python -m scripts.logs node-1 --service replication-manager
      python -m scripts.logs node-2 --follow
    """
    with expected_errors():
        if service and not _SERVICE.fullmatch(service):
            raise PulumiError(f"--service {service}: expected a name such as openvidu-server")
        pulumi = PulumiCli(stack)
        exported = pulumi.export_state(show_secrets=True)
        chosen = named(machines(exported), machine)
        if not chosen.role.product.folder:
            raise PulumiError(f"{machine} runs no service of OpenVidu: nodes do")
        options = [
            f"--tail {tail}",
            *(["--follow"] if follow else []),
            *([service] if service else []),
        ]
        secrets = secrets_of(exported, pulumi.secret_values())
        sys.exit(_stream(chosen, {"OPTIONS": " ".join(options)}, secrets))


def _stream(machine: Machine, more: Mapping[str, str], secrets: list[str]) -> int:
    """Pass on what the machine prints, line by line; returns the exit status."""
    with subprocess.Popen(
        [*SHELL, command("logs")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=machine.shell_environment(more),
        text=True,
        errors="replace",
    ) as running:
        if running.stdin and running.stdout:
            running.stdin.write(machine.private_key)
            running.stdin.close()
            for line in running.stdout:
                sys.stdout.write(mask(line, secrets))
                sys.stdout.flush()
    return running.returncode


if __name__ == "__main__":
    typer.run(main)
