"""What `--target` means for one registration or delete.

Source: pulumi, pkg/resource/deploy/step_generator.go (isTargetedForUpdate, getDependencySteps,
validateSteps, determineAllowedResourcesToDeleteFromTargets).
"""

from __future__ import annotations

from collections.abc import Sequence

from lab.engine.model import urn as urns
from lab.engine.model.graph import DependencyGraph
from lab.engine.model.state import ResourceState
from lab.engine.run.options import Options


class Targeting:
    """Decides which resources an operation is about."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._actual = options.targets.copy()

    @property
    def limited(self) -> bool:
        """Whether only some resources are meant."""
        return self._options.targets.given

    def includes(self, state: ResourceState) -> bool:
        """Whether a resource is meant; providers and the stack always are."""
        implied = state.is_provider or state.type == urns.STACK_TYPE
        return not self.limited or implied or self._is_named(state)

    def _is_named(self, state: ResourceState) -> bool:
        if state.urn in self._options.targets:
            return True
        if not self._options.target_dependents:
            return False
        tied = [*state.needs(), state.parent, state.provider_urn]
        return any(urn in self._actual for urn in tied if urn)

    def note(self, state: ResourceState) -> None:
        """Count a resource that is meant among those whose dependents are meant too."""
        if self.limited and self._is_named(state):
            self._actual.add(state.urn)

    def replaces(self, urn: str, old: ResourceState | None) -> bool:
        """Whether the user wants this very resource replaced."""
        return urn in self._options.replace or (old is not None and old.taint)

    def deletable(self, graph: DependencyGraph, resources: Sequence[ResourceState]) -> set[str]:
        """URNs of the resources that may be deleted: targets, and all that depends on them."""
        if not self.limited:
            return {state.urn for state in resources}
        chosen = [state for state in resources if state.urn in self._options.targets]
        found = {state.urn for state in chosen}
        for state in chosen:
            found |= {one.urn for one in graph.dependents(state, children=True)}
        return found

    def refuses_delete(self, urn: str) -> bool:
        """Whether a delete would reach a resource that wasn't named."""
        if not self.limited or self._options.target_dependents:
            return False
        return urn not in self._options.targets

    def missing(self, known: set[str]) -> list[str]:
        """Targets, and resources to replace, that don't exist."""
        named = [*self._options.targets.literals, *self._options.replace.literals]
        return [urn for urn in named if urn not in known]
