"""What the figures should be, and whether they are."""

from __future__ import annotations

from dataclasses import dataclass

from lab.bench.figures import Results, cost_of_a_node, middle, own_share, sizes

GROWTH_LIMIT = 1.5
SHARE_LIMIT = 0.15
LINEAR_LIMIT = 1.5
FIRST_RESOURCE_LIMIT_SECONDS = 1.0


@dataclass(frozen=True)
class Aim:
    """An aim and what was measured.

    Attributes:
        what: what is to be small.
        found: the value.
        limit: what it may be at most.
        unit: follows the numbers: "", " s" or "%".
    """

    what: str
    found: float
    limit: float
    unit: str = ""

    @property
    def met(self) -> bool:
        """Whether it's small enough."""
        return self.found <= self.limit


def growth(results: Results, fewer: int, more: int) -> float:
    """How much longer `up` takes with more nodes, as far as program and engine decide it.

    That is: with machines that work as fast together as a few of them do, because each has
    processors of its own. The calls on the critical path count as with fewer nodes, and the time
    between them as measured with more. Nodes that waited for one another would show in it.
    """
    in_calls = middle(results.ups, fewer, lambda run: run.in_calls)
    between = middle(results.ups, more, lambda run: run.between_calls)
    return (in_calls + between) / middle(results.ups, fewer, lambda run: run.wall)


def aims(results: Results) -> list[Aim]:
    """The aims that the measured sizes can tell about."""
    found = []
    ups = sizes(results.ups)
    if len(ups) > 1:
        what = f"`up` of {ups[-1]} nodes ÷ `up` of {ups[0]}, on the program's side"
        found.append(Aim(what, growth(results, ups[0], ups[-1]), GROWTH_LIMIT))
    for nodes in ups:
        what = f"own share of `up`, {_nodes(nodes)}"
        share = own_share(results, nodes)
        found.append(Aim(what, 100 * share, 100 * SHARE_LIMIT, "%"))
    previews = sizes(results.previews)
    if len(previews) > 2:
        few, some, many = previews[0], previews[-2], previews[-1]
        early = cost_of_a_node(results.previews, few, some)
        what = (
            f"`preview`: cost of a node from {some} to {many} nodes ÷ cost from {few} to {some} "
            "(linear: 1)"
        )
        found.append(Aim(what, cost_of_a_node(results.previews, some, many) / early, LINEAR_LIMIT))
    if ups:
        nodes = ups[0]
        first = middle(results.ups, nodes, lambda run: run.first_resource)
        what = f"start of the program to its first resource, {_nodes(nodes)}"
        found.append(Aim(what, first, FIRST_RESOURCE_LIMIT_SECONDS, " s"))
    return found


def _nodes(count: int) -> str:
    return "1 node" if count == 1 else f"{count} nodes"
