"""Aborts a drain: the node stays, and serves again once the calls that it carries have ended.

uv run openvidu-enterprise abort-drain node-3
uv run openvidu-enterprise abort-drain node-3 --stack production

A node that drains takes no new sessions until it's restarted, and a restart would cut its calls:
so its calls are waited for, and then OpenVidu is started again there.
Source: page, "Scale Down", "Abort".
"""

from __future__ import annotations

import sys
from typing import Annotated

import typer
from rich.console import Console

from scripts import wanted_nodes
from scripts.expected_errors import expected_errors
from scripts.memberships import memberships
from scripts.node_names import parse_node
from scripts.pulumi_cli import PulumiCli
from scripts.stack_machines import complete_nodes

_RECONNECT_SECONDS = "120"
"""How long base and node may not answer: somebody waits at a terminal."""


def main(
    node: Annotated[str, typer.Argument(help="Such as node-3.", autocompletion=complete_nodes)],
    stack: Annotated[str | None, typer.Option(help="Stack; the selected one by default.")] = None,
) -> None:
    """Abort the drain of a node, wait until its calls have ended, and bring it back.

    A `pulumi up` that waits for the drain ends, with an error that says so. The configuration is
    changed so that the node is wanted. It may be stopped and run again at any time.

    Example:
      uv run openvidu-enterprise abort-drain node-3
    """
    console = Console(highlight=False, soft_wrap=True)
    with expected_errors():
        pulumi = PulumiCli(stack)
        found = memberships(pulumi)
        number = parse_node(node, found)
        _require(found[number].run("abort", RECONNECT_SECONDS=_RECONNECT_SECONDS))
        _want(number, pulumi, console)
        _require(found[number].run("join", RECONNECT_SECONDS=_RECONNECT_SECONDS))
    console.print(f"node-{number} serves again. Next: pulumi preview")


def _want(number: int, pulumi: PulumiCli, console: Console) -> None:
    """Have the configuration want the node."""
    before = wanted_nodes.read(pulumi)
    for key, value in wanted_nodes.change(pulumi, before, before.including(number)).items():
        console.print(f"{key}: set to {value}, so that node-{number} is wanted")


def _require(status: int) -> None:
    """End as the membership's script did; it has said why."""
    if status:
        sys.exit(status)


if __name__ == "__main__":
    typer.run(main)
