"""What a deployment knows of the resources before it, and has decided about them so far."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass

from lab.engine.model import aliases
from lab.engine.model import urn as urns
from lab.engine.model.goal import Goal
from lab.engine.model.graph import DependencyGraph
from lab.engine.model.state import ResourceState
from lab.engine.run.context import RefusedError


@dataclass(frozen=True)
class Former:
    """A resource as it was.

    Attributes:
        state: its state; None where it wasn't there.
        alias: the former URN under which it was; empty where that is still its own.
    """

    state: ResourceState | None
    alias: str = ""


class Ledger:
    """Old resources, and what has been decided. Whoever reads or writes it holds its lock.

    Attributes:
        saved: the resources as the state file had them when the deployment began. What a refresh
            found since isn't among them, as with Pulumi: its file is written again at the first
            change (pkg/backend/snapshot.go, `refreshSnapshotMutation`).
    """

    def __init__(self, stack: str, project: str, base: Sequence[ResourceState]) -> None:
        self.lock = threading.RLock()
        self._stack = stack
        self._project = project
        self.goals: dict[str, Goal] = {}
        self.seen: set[str] = set()
        self.creates: set[str] = set()
        self.sames: set[str] = set()
        self.updates: set[str] = set()
        self.replaces: set[str] = set()
        self.reads: set[str] = set()
        self.deletes: set[str] = set()
        self.skipped: set[str] = set()
        self.failed: set[str] = set()
        """What could not be made, and what depends on that."""
        self.condemned: set[int] = set()
        """Old states (by identity) that were deleted to make room for their successors."""
        self.dependent_keys: dict[str, tuple[str, ...]] = {}
        self.new_urns: dict[str, str] = {}
        self.former_urns: dict[str, str] = {}
        self.providers: dict[str, ResourceState] = {}
        self.saved = tuple(base)
        self.rebase(base)

    def rebase(self, base: Sequence[ResourceState]) -> None:
        """Take these as the resources that were there before."""
        self.base = list(base)
        self.olds = {state.urn: state for state in base if not state.delete}
        self.graph = DependencyGraph(self.base)
        self._provider_states = {
            str(urns.Reference(state.urn, state.id)): state
            for state in reversed(self.base)
            if state.is_provider
        }

    def name(self, goal: Goal) -> str:
        """The URN of a registration.

        Raises:
            RefusedError: its parent isn't registered, or another resource has that URN.
        """
        if goal.parent and goal.parent not in self.seen:
            raise RefusedError(f"could not find parent resource {goal.parent}")
        urn = urns.make(self._stack, self._project, goal.parent, goal.type, goal.name)
        if urn in self.seen:
            raise RefusedError(f"Duplicate resource URN '{urn}'; try giving it a unique name", urn)
        self.seen.add(urn)
        self.goals[urn] = goal
        return urn

    def depends_on_failed(self, state: ResourceState) -> bool:
        """Whether something that the resource can't be without could not be made."""
        return bool({state.parent, state.provider_urn, *state.needs()} & self.failed)

    def find_old(self, urn: str, goal: Goal) -> Former:
        """The resource as it was, under this or a former URN.

        Raises:
            RefusedError: another resource has claimed it already.
        """
        if urn in self.new_urns:
            raise RefusedError(
                f"Duplicate resource URN '{urn}' conflicting with alias on resource with URN "
                f"'{self.new_urns[urn]}'",
                urn,
            )
        if urn in self.olds:
            return Former(self.olds[urn])
        for alias in aliases.candidates(goal, self._stack, self._project, self.former_urns):
            if alias not in self.olds:
                continue
            claimed = alias if alias in self.seen else self.new_urns.get(alias)
            if claimed:
                raise RefusedError(
                    f"Duplicate resource alias '{alias}' applied to resource with URN '{urn}' "
                    f"conflicting with resource with URN '{claimed}'",
                    urn,
                )
            self.new_urns[alias] = urn
            self.former_urns[urn] = alias
            return Former(self.olds[alias], alias)
        return Former(None)

    def is_decided(self, urn: str) -> bool:
        """Whether an old resource lives on: it was registered, under this name or a new one."""
        urn = self.new_urns.get(urn, urn)
        return any(urn in group for group in (self.sames, self.updates, self.replaces, self.reads))

    def has_step(self, urn: str) -> bool:
        """Whether anything was decided about a URN."""
        return self.is_decided(urn) or urn in self.creates or urn in self.deletes

    def provider_state(self, reference: str) -> ResourceState | None:
        """The provider resource that a reference names, as it was."""
        return self._provider_states.get(reference)
