"""Whether the wanted nodes have addresses, or hosts. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from components.settings.checks import aws_network, ha_managed
from components.settings.choices import EXISTING, HA_MANAGED, SINGLE_MASTER
from components.settings.mistakes import Mistake, set_command, set_list_command
from components.settings.table import BASE_OFFSET, Settings


@dataclass(frozen=True)
class Room:
    """How many nodes there can be.

    Attributes:
        nodes: how many numbers there are.
        reason: what has so many, as `hosts has beside the base`.
    """

    nodes: int
    reason: str


def room(settings: Settings) -> Room | None:
    """How many numbers there are for nodes.

    Args:
        settings: those about machines and networks fit together.

    Returns:
        None in a network that existed: only AWS knows what is free there.
    """
    network = settings.subnet_cidr
    if settings.machines == EXISTING:
        return Room(max(len(settings.hosts) - 1, 1), "hosts has besides the base")
    if settings.subnet_ids:
        return None
    if settings.shape == HA_MANAGED:
        # AWS keeps the last address of each.
        free = (part.num_addresses - BASE_OFFSET - 2 for part in settings.node_networks)
        return Room(sum(free), f"{network} has addresses for in its zones")
    # AWS keeps the first four addresses and the last one; the fifth is the base's.
    return Room(network.num_addresses - BASE_OFFSET - 2, f"{network} has addresses for")


def find_mistakes(settings: Settings) -> list[Mistake]:
    """Node count and retired numbers against the addresses of the subnet, or against the hosts."""
    if settings.shape == SINGLE_MASTER or aws_network.subnet_size(settings):
        return []
    if settings.shape == HA_MANAGED and ha_managed.place(settings):
        return []
    count, retired = settings.node_count, settings.retired_nodes
    found = room(settings)
    if found is None:
        return _from_one(count, retired)
    mistakes = []
    if not 1 <= count <= found.nodes:
        problem = f"must be 1 to {found.nodes}, the nodes that {found.reason}, got {count}"
        fits = min(2, found.nodes) if count < 1 else found.nodes
        mistakes.append(Mistake("nodeCount", problem, set_command("nodeCount", str(fits))))
    elif count + len(set(retired)) > found.nodes:
        problem = (
            f"with {len(set(retired))} numbers retired, {count} nodes don't fit into "
            f"{found.nodes} numbers, the nodes that {found.reason}"
        )
        mistakes.append(Mistake("retiredNodes", problem, "pulumi config rm retiredNodes"))
    else:
        mistakes += _standbys(settings, found)
    return mistakes + _retired(retired, f"from 1 to {found.nodes}", found.nodes)


def _from_one(count: int, retired: Sequence[int]) -> list[Mistake]:
    """Node count and retired numbers where nothing tells yet how many there may be."""
    mistakes = []
    if count < 1:
        problem = f"must be 1 or more, got {count}"
        mistakes.append(Mistake("nodeCount", problem, set_command("nodeCount", "2")))
    return mistakes + _retired(retired, "of 1 or more", None)


def _standbys(settings: Settings, found: Room) -> list[Mistake]:
    """Standbys beside the nodes: each has a number of its own."""
    retired, wanted = len(set(settings.retired_nodes)), settings.standby_nodes
    fits = found.nodes - settings.node_count - retired
    if wanted <= fits or settings.machines == EXISTING:
        return []
    taken = f"{settings.node_count} nodes" + (f" and {retired} retired" if retired else "")
    problem = (
        f"must be at most {fits}, got {wanted}: standbys have numbers of their own, and beside "
        f"{taken} there are {fits} of the {found.nodes} nodes that {found.reason}"
    )
    return [Mistake("standbyNodes", problem, set_command("standbyNodes", str(fits)))]


def _retired(retired: Sequence[int], which: str, most: int | None) -> list[Mistake]:
    """Retired numbers that can't be a node's, or are there twice."""
    fit = [one for one in dict.fromkeys(retired) if one >= 1 and (most is None or one <= most)]
    if fit == [*retired]:
        return []
    problem = f"must be different numbers {which}, got {list(retired)}"
    return [Mistake("retiredNodes", problem, set_list_command("retiredNodes", fit))]
