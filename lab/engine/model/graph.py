"""Who depends on whom, in a list of resources that is in dependency order.

Several resources may share a URN (one waits to be deleted): what a URN means to a resource is the
ones before it in the list.

Source: pulumi, pkg/resource/graph/dependency_graph.go.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from lab.engine.model.state import ResourceState


class DependencyGraph:
    """The dependencies among a list of resources."""

    def __init__(self, resources: Sequence[ResourceState]) -> None:
        self._resources = list(resources)
        self._index = {id(state): number for number, state in enumerate(resources)}
        self._by_urn: dict[str, list[int]] = {}
        for number, state in enumerate(self._resources):
            self._by_urn.setdefault(state.urn, []).append(number)
        self._descendants = self._find_descendants()

    def __contains__(self, state: ResourceState) -> bool:
        return id(state) in self._index

    def _find_descendants(self) -> dict[str, list[int]]:
        parents = {state.urn: state.parent for state in self._resources}
        found: dict[str, list[int]] = {}
        for number, state in enumerate(self._resources):
            ancestor, seen = state.parent, {state.urn}
            while ancestor and ancestor not in seen:
                found.setdefault(ancestor, []).append(number)
                seen.add(ancestor)
                ancestor = parents.get(ancestor, "")
        return found

    def dependencies(self, state: ResourceState) -> list[ResourceState]:
        """What must outlive the resource: its parent, provider and all it refers to.

        To depend on a component is to depend on its descendants that came before.
        """
        at = self._index[id(state)]
        found: set[int] = set()
        wanted = set(state.needs())
        if state.provider:
            wanted.add(state.provider_urn)
        for urn in wanted:
            for number in self._by_urn.get(urn, []):
                if number >= at:
                    continue
                found.add(number)
                if not self._resources[number].custom:
                    found.update(n for n in self._descendants.get(urn, []) if n < at)
        found.update(n for n in self._by_urn.get(state.parent, []) if n < at)
        return [self._resources[number] for number in sorted(found)]

    def all_dependencies(self, state: ResourceState) -> list[ResourceState]:
        """The dependencies, their dependencies, and so on."""
        found: dict[int, ResourceState] = {}
        open_ = self.dependencies(state)
        while open_:
            one = open_.pop()
            if id(one) not in found:
                found[id(one)] = one
                open_.extend(self.dependencies(one))
        return list(found.values())

    def dependents(
        self, state: ResourceState, ignore: Collection[str] = (), *, children: bool = False
    ) -> list[ResourceState]:
        """Everything that depends on the resource, directly or not, in dependency order.

        Args:
            state: one of the graph's resources.
            ignore: URNs to leave out, with whatever depends on them alone.
            children: whether a child depends on its parent.
        """
        depending, found = {state.urn}, []
        for one in self._resources[self._index[id(state)] + 1 :]:
            if one.urn in ignore:
                continue
            tied = set(one.needs())
            if one.provider:
                tied.add(one.provider_urn)
            if children:
                tied.add(one.parent)
            if tied & depending:
                depending.add(one.urn)
                found.append(one)
        return found


def deletion_waves(
    graph: DependencyGraph, condemned: Sequence[ResourceState]
) -> list[list[ResourceState]]:
    """In which order to delete: each wave in parallel, after the wave before it has ended.

    Source: ScheduleDeletes in pulumi, pkg/resource/deploy/step_generator.go.
    """
    waves: list[list[ResourceState]] = []
    left = {id(state): state for state in condemned}
    waiting = {
        key: {id(dep) for dep in graph.dependencies(state)} & left.keys()
        for key, state in left.items()
    }
    while left:
        wave = [key for key in left if not waiting[key] & left.keys()]
        waves.append([left.pop(key) for key in wave])
    return waves[::-1]
