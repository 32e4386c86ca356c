"""Chooses nodes that are to go, and sets nodeCount and retiredNodes so that they do.

uv run openvidu-enterprise retire node-1
uv run openvidu-enterprise retire --count 2
uv run openvidu-enterprise retire --replace node-2

Nothing leaves before the next `pulumi up`, which waits until their calls have ended.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Annotated

import typer
from rich.console import Console

from components.cluster_observation import NodeObservation, Unseen
from components.numbering import Wanted
from components.settings.mistakes import set_list_command
from scripts import wanted_nodes
from scripts.display import print_json, waiting
from scripts.expected_errors import expected_errors
from scripts.memberships import Membership, memberships
from scripts.node_names import parse_node
from scripts.pulumi_cli import PulumiCli, PulumiError
from scripts.stack_machines import complete_nodes


def main(
    nodes: Annotated[
        list[str] | None,
        typer.Argument(help="Such as node-1 node-4.", autocompletion=complete_nodes),
    ] = None,
    count: Annotated[
        int | None, typer.Option(min=1, help="How many; the least loaded are chosen.")
    ] = None,
    *,
    replace: Annotated[bool, typer.Option(help="Put other nodes in their place.")] = False,
    dead: Annotated[
        bool,
        typer.Option(
            "--dead", help="Say that they are dead: nothing waits for their calls, which are cut."
        ),
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="With --dead: don't ask.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False,
    stack: Annotated[str | None, typer.Option(help="Stack; the selected one by default.")] = None,
) -> None:
    """Have nodes of your choice go with the next `pulumi up`, or the least loaded ones.

    Name the nodes, or say how many.

    Examples:
      uv run openvidu-enterprise retire node-1 node-4
      uv run openvidu-enterprise retire --count 2
      uv run openvidu-enterprise retire --replace node-2
      uv run openvidu-enterprise retire node-3 --dead
      uv run openvidu-enterprise retire --count 1 --json | jq --raw-output '.leaving[]'
    """
    console = Console(stderr=as_json, highlight=False, soft_wrap=True)
    with expected_errors():
        _require_one_of(nodes, count)
        pulumi = PulumiCli(stack)
        found = memberships(pulumi)
        before = wanted_nodes.read(pulumi)
        wanted = {number: found[number] for number in before.numbers if number in found}
        if dead:
            gone = {parse_node(text, found) for text in nodes or ()}
            _declare_dead({number: found[number] for number in gone}, wanted, console, sure=yes)
            # One that leaves already isn't wanted any more.
            nodes = [f"node-{number}" for number in gone & wanted.keys()]
            if not nodes:
                console.print("Its drain lets it go. Next: pulumi up, where no update runs")
                return
        if nodes:
            leaving = {_parse(text, wanted, found) for text in nodes}
        else:
            leaving = set(_choose(wanted, count or 0, console))
        names = [f"node-{number}" for number in sorted(leaving)]
        after = _after(before, leaving, replace=replace)
        if replace:
            _require_room(pulumi, after, names)
        changed = wanted_nodes.change(pulumi, before, after)
        if as_json:
            print_json({"leaving": names, **changed})
        else:
            _tell(console, names, before, changed)


def _require_one_of(nodes: Sequence[str] | None, count: int | None) -> None:
    """Look whether nodes were named, or else how many.

    Raises:
        PulumiError: both, or neither.
    """
    if bool(nodes) == bool(count):
        raise PulumiError(
            "name the nodes, or say how many.\n  Next: uv run openvidu-enterprise retire node-1\n"
            "    or: uv run openvidu-enterprise retire --count 1"
        )


def _require_room(pulumi: PulumiCli, after: Wanted, names: Sequence[str]) -> None:
    """Look whether others can take the place of nodes.

    Raises:
        PulumiError: they can't.
    """
    if why := wanted_nodes.no_room(pulumi, after):
        raise PulumiError(
            f"no other node can take its place: {why}. Nothing was changed.\n"
            f"  Next: uv run openvidu-enterprise status {names[0]}, which shows how its "
            "machine is replaced\n"
            f"    or: uv run openvidu-enterprise retire {' '.join(names)}"
        )


def _tell(
    console: Console, names: Sequence[str], before: Wanted, changed: Mapping[str, object]
) -> None:
    for key, value in changed.items():
        console.print(f"{key}: set to {value}")
    told = " and ".join(names)
    console.print(
        f"{told} will leave once drained. Next: pulumi preview, then: pulumi up\n"
        f"To undo it before that: {taken_back(before, changed)}\n"
        f"During the drain: uv run openvidu-enterprise abort-drain {names[0]}"
    )


def is_known(node: NodeObservation | None) -> bool:
    """Whether it's known what a node costs to lose.

    Args:
        node: as the base sees it; None where it doesn't know it.
    """
    return node is not None and node.in_service is not None and node.calls is not None


def least_loaded(seen: Mapping[int, NodeObservation | None], count: int) -> list[int]:
    """The nodes that cost least to lose, of those that are known.

    Those that don't serve go first, then those with the fewest calls, then with the fewest
    participants. Of equal ones the highest number goes, so that numbers stay low.

    Args:
        seen: each node by its number; None where the base doesn't know it.
        count: how many to choose.
    """
    loads = {
        number: (node.in_service, node.calls, node.participants or 0, -number)
        for number, node in seen.items()
        if node is not None and is_known(node)
    }
    return sorted(loads, key=lambda number: loads[number])[:count]


def _declare_dead(
    nodes: Mapping[int, Membership], wanted: Collection[int], console: Console, *, sure: bool
) -> None:
    """Have the base know that nodes are dead, once somebody has seen what that costs.

    Args:
        nodes: those that are said to be dead.
        wanted: numbers of the nodes that stay, as the configuration has it.
        console: takes what all who can see them say.
        sure: whether nobody is asked.

    Raises:
        PulumiError: none was named; the base can't be asked; or one runs.
        SystemExit: the base doesn't take it, and has said why.
    """
    if not nodes:
        raise PulumiError(
            "--dead needs the names of the nodes.\n"
            "  Next: uv run openvidu-enterprise retire node-3 --dead"
        )
    running = []
    for number, one in nodes.items():
        with waiting(f"asking all who can see node-{number}"):
            found = one.conclude()
        if isinstance(found, Unseen):
            raise PulumiError(
                f"node-{number}, {one.private_ip}: can't ask or tell the base: "
                f"{found.reason}. Nothing was changed.\n"
                "  Next: uv run openvidu-enterprise status"
            )
        calls = "not known" if found.calls is None else found.calls
        console.print(
            f"node-{number}, {one.private_ip}: {found.conclusion}: {found.told}\n"
            f"  calls that it carries: {calls}",
            markup=False,
        )
        if found.runs:
            running.append(number)
    if running:
        names = [f"node-{number}" for number in running]
        staying = [f"node-{number}" for number in running if number in wanted]
        retired = (
            f"uv run openvidu-enterprise retire {' '.join(staying)}, then: " if staying else ""
        )
        raise PulumiError(
            f"{' and '.join(names)}: somebody who can see it says that it's running, and "
            "that counts for more than your word. Nothing was changed.\n"
            f"  Next: to have its calls waited for: {retired}pulumi up"
        )
    console.print(
        "If its machine is alive, its calls are cut, and recordings that aren't in the "
        "bucket yet are lost.\n"
        "Your word counts for a day, or until somebody sees it running or the base "
        "reboots."
    )
    if not sure:
        typer.confirm("Is it dead?", abort=True)
    for one in nodes.values():
        if status := one.run("dead"):
            sys.exit(status)


def _choose(wanted: Mapping[int, Membership], count: int, console: Console) -> Iterable[int]:
    """The least loaded nodes, as the base sees them.

    Raises:
        PulumiError: it can't be asked, or doesn't know; or there aren't so many.
    """
    if count > len(wanted):
        raise PulumiError(
            f"only {len(wanted)} of {count} nodes can leave. Nothing was changed.\n"
            "  Next: uv run openvidu-enterprise status"
        )
    seen = _look(wanted)
    for number, node in seen.items():
        console.print(f"node-{number}: {_in_words(node)}", markup=False)
    if unknown := [f"node-{number}" for number, node in seen.items() if not is_known(node)]:
        raise _unknown(f"what {' and '.join(unknown)} would cost isn't known")
    return least_loaded(seen, count)


def _look(wanted: Mapping[int, Membership]) -> Mapping[int, NodeObservation | None]:
    if not wanted:
        raise PulumiError("this stack has no nodes.\n  Next: pulumi up")
    overview = next(iter(wanted.values())).overview()
    if isinstance(overview, Unseen):
        raise _unknown(overview.reason)
    return {number: overview.nodes.get(one.private_ip) for number, one in wanted.items()}


def _unknown(why: str) -> PulumiError:
    return PulumiError(
        f"the base can't tell which nodes are the least loaded: {why}. Nothing was changed.\n"
        "  Next: name them: uv run openvidu-enterprise retire node-1"
    )


def _in_words(node: NodeObservation | None) -> str:
    if node is None:
        return "the base doesn't know it"
    if not is_known(node):
        return f"what it carries isn't known: {node.sees or 'nobody says it'}"
    state = "" if node.in_service else "doesn't serve, "
    return f"{state}calls: {node.calls}, participants: {node.participants}"


def _parse(text: str, wanted: Collection[int], found: Collection[int]) -> int:
    """The number of a node that may go.

    Args:
        text: what was typed.
        wanted: numbers of the nodes that there are and that stay.
        found: of all that there are.

    Raises:
        PulumiError: there's no such node, or it leaves already.
    """
    number = parse_node(text, found, leaving=set(found) - set(wanted))
    if number not in wanted:
        raise PulumiError(
            f"node-{number} already leaves with the next update. Nothing was changed.\n"
            "  Next: pulumi preview, then: pulumi up"
        )
    return number


def taken_back(before: Wanted, changed: Collection[str]) -> str:
    """The commands that set the keys back.

    Args:
        before: what the configuration said.
        changed: the keys that were set.
    """
    commands = []
    if "nodeCount" in changed:
        commands.append(f"pulumi config set nodeCount {before.count}")
    if "retiredNodes" in changed:
        commands.append(set_list_command("retiredNodes", sorted(before.retired)))
    return " && ".join(commands)


def _after(before: Wanted, leaving: set[int], *, replace: bool) -> Wanted:
    """What is wanted without some nodes, or with others in their place.

    Raises:
        PulumiError: none would be left.
    """
    after = before.without(leaving)
    if replace:
        return after.grown(before.count)
    if not after.numbers:
        raise PulumiError("no node would be left.\n  Next: to remove everything: pulumi destroy")
    return after


if __name__ == "__main__":
    typer.run(main)
