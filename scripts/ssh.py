"""Logs in on a machine of the stack, or runs a command there.

uv run openvidu-enterprise ssh node-2
uv run openvidu-enterprise ssh base -- sudo docker ps

The stack's key goes into an SSH agent of its own, which ends with the login: it's never on disk.
The machine has to show the host key that the stack's state holds.
"""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from components.over_ssh import SHELL, command
from scripts import foreground
from scripts.expected_errors import expected_errors
from scripts.pulumi_cli import PulumiCli
from scripts.stack_machines import complete, machines, named


def main(
    machine: Annotated[
        str, typer.Argument(help="base, master, bastion, node-1, …", autocompletion=complete)
    ],
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="COMMAND", help="After --: the command to run; without it, a shell."
        ),
    ] = None,
    *,
    stack: Annotated[str | None, typer.Option(help="Stack; the selected one by default.")] = None,
) -> None:
    """Log in on a machine, or run a command there, with the stack's key and checked host key.

    Exit status: that of the shell or the command.

    Examples:
      uv run openvidu-enterprise ssh node-2
      uv run openvidu-enterprise ssh node-2 -- uptime
      uv run openvidu-enterprise ssh base -- sudo tar -cz /var/log > logs.tar.gz
    """
    with expected_errors():
        chosen = named(machines(PulumiCli(stack).export_state(show_secrets=True)), machine)
        terminal = os.dup(sys.stdin.fileno())
        done = foreground.run(
            [*SHELL, command("login")],
            input_text=chosen.private_key,
            env=chosen.shell_environment(
                {
                    "COMMAND": " ".join(words or ()),
                    "TERMINAL": str(terminal),
                    "TERM": os.environ.get("TERM", "dumb"),
                }
            ),
            pass_fds=(terminal,),
        )
        sys.exit(done.returncode)


if __name__ == "__main__":
    typer.run(main)
