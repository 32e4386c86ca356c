"""A stack's resources as a tree, children under their parents."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lab.engine.model.state import ResourceState


def tree_lines(
    resources: Sequence[ResourceState], *, ids: bool = False, urns: bool = False
) -> Iterator[str]:
    """A line for each resource, and one above them all."""
    children: dict[str, list[ResourceState]] = {}
    roots = []
    known = {state.urn for state in resources}
    stack = next((state.urn for state in resources if not state.parent), "")
    for state in resources:
        parent = state.parent or (stack if state.urn != stack else "")
        if parent in known and parent != state.urn:
            children.setdefault(parent, []).append(state)
        else:
            roots.append(state)
    rows = [row for root in roots for row in _rows(root, children, "", "")]
    width = max([len("TYPE"), *(len(indent) + len(state.type) for indent, state in rows)])
    yield f"{'TYPE':<{width}}  NAME"
    for indent, state in rows:
        yield f"{indent + state.type:<{width}}  {state.name}"
        if urns:
            yield f"{' ' * len(indent)}  URN: {state.urn}"
        if ids and state.id:
            yield f"{' ' * len(indent)}  ID: {state.id}"


def _rows(
    state: ResourceState, children: dict[str, list[ResourceState]], own: str, below: str
) -> Iterator[tuple[str, ResourceState]]:
    yield own, state
    mine = children.get(state.urn, [])
    for number, child in enumerate(mine, start=1):
        last = number == len(mine)
        branch, trunk = ("└─ ", "   ") if last else ("├─ ", "│  ")
        yield from _rows(child, children, below + branch, below + trunk)
