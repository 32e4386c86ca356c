"""Sets nodeCount and retiredNodes to the nodes that are deployed, for what autoscaling has changed.

uv run openvidu-enterprise keep-nodes && pulumi up

Autoscaling writes the number of nodes where it runs. Elsewhere, as in a fresh checkout, it's that
of another day: an update would remove what autoscaling has added, or add what it has removed. All
other keys stay as they are.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from typing import Annotated, Any

import typer

from components.numbering import Wanted
from components.resource_names import node_number
from scripts import wanted_nodes
from scripts.expected_errors import expected_errors
from scripts.memberships import from_state
from scripts.pulumi_cli import PulumiCli
from scripts.stack_machines import outputs_of


def main(
    *,
    stack: Annotated[str | None, typer.Option(help="Stack; the selected one by default.")] = None,
) -> None:
    """Set nodeCount and retiredNodes to the nodes that are deployed; change no other key.

    Before an update from where autoscaling doesn't run.

    Example:
      uv run openvidu-enterprise keep-nodes && pulumi up
    """
    with expected_errors():
        pulumi = PulumiCli(stack)
        sys.stdout.write(f"{keep(pulumi)}\n")


def keep(pulumi: PulumiCli) -> str:
    """Store how many nodes are deployed, and which; says what was changed.

    Raises:
        PulumiError: state or configuration can't be read, or not be written.
    """
    after = deployed(pulumi.export_state())
    before = wanted_nodes.read(pulumi)
    if after is None:
        return f"No nodes are deployed: nodeCount stays {before.count}."
    changed = wanted_nodes.change(pulumi, before, after)
    return "\n".join(f"{key}: set to {value}" for key, value in changed.items()) or (
        f"nodeCount is {before.count}, as deployed."
    )


def deployed(exported: Mapping[str, Any]) -> Wanted | None:
    """The nodes that are there; None before the first update, and where there are none.

    Outputs are of the last update that ended well. One that has joined since, in an update that
    failed then, is a node as well; and so is one that was to leave, and hasn't: in doubt it stays.

    Args:
        exported: the stack's state.
    """
    outputs = outputs_of(exported)
    numbers = _numbers(outputs.get("nodes")) | from_state(exported).keys()
    if not numbers:
        return None
    # A number between a node's and a standby's is retired, too, or another standby would have it.
    used = numbers | _numbers(outputs.get("standbyNodes"))
    return Wanted(len(numbers), frozenset(range(1, max(used))) - used)


def _numbers(machines: Iterable[Mapping[str, Any]] | None) -> set[int]:
    found = (node_number(str(one["name"])) for one in machines or ())
    return {number for number in found if number}


if __name__ == "__main__":
    typer.run(main)
