"""Looks at every resource as it is, and takes what was found for the state to start from.

Source: pulumi, pkg/resource/deploy/deployment_executor.go (refresh, rebuildBaseState) and
step.go (RefreshStep).
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from lab.engine.errors import ProviderError
from lab.engine.model.state import ResourceState, now
from lab.engine.model.step import Op, Step
from lab.engine.model.values import equal
from lab.engine.run.context import Context
from lab.engine.run.differ import Differ
from lab.engine.run.ledger import Ledger
from lab.engine.run.targeting import Targeting


class Refresher:
    """Refreshes the resources of a stack."""

    def __init__(
        self, context: Context, ledger: Ledger, targeting: Targeting, differ: Differ
    ) -> None:
        self._context = context
        self._ledger = ledger
        self._targeting = targeting
        self._differ = differ

    def run(self) -> None:
        """Refresh all resources that are meant, and rebase ledger and journal on the result."""
        base = self._ledger.base
        meant = [state for state in base if self._is_meant(state)]
        found: dict[int, ResourceState | None] = {}
        if meant:
            with ThreadPoolExecutor(min(len(meant), self._context.options.parallel)) as pool:
                results = pool.map(self._refresh, meant)
                found = {id(old): new for old, new in zip(meant, results, strict=True)}
        kept = [new for new in (found.get(id(old), old) for old in base) if new is not None]
        repaired = _repaired(base, kept)
        self._ledger.rebase(repaired)
        carry = not self._context.options.clear_pending_creates
        self._context.journal.rebase(repaired, carry=carry)

    def _is_meant(self, state: ResourceState) -> bool:
        if not self._targeting.limited:
            return True
        self._targeting.note(state)
        return self._targeting.includes(state)

    def _refresh(self, old: ResourceState) -> ResourceState | None:
        context = self._context
        step = Step(op=Op.REFRESH, old=old, new=old, result=Op.SAME)
        if context.stopping:
            return old
        context.display.begin(step)
        if not old.custom or old.is_provider or old.pending_replacement:
            context.display.end(step, None)
            return old
        try:
            new = self._look(step, old)
        except ProviderError as error:
            context.display.end(step, str(error))
            context.fail(stop=False)
            return old
        context.display.end(step, None)
        return new

    def _look(self, step: Step, old: ResourceState) -> ResourceState | None:
        provider = self._differ.provider(old)
        seen = provider.read(old.urn, old.id, old.inputs, old.outputs, old.timeouts.read)
        if not seen.id:
            step.result, step.new = Op.DELETE, None
            return None
        inputs = old.inputs if seen.inputs is None else seen.inputs
        new = old.copy(id=seen.id, inputs=inputs, outputs=seen.outputs)
        new.init_errors = list(seen.init_errors)
        if seen.init_errors:
            reasons = "\n* ".join(seen.init_errors)
            text = f"Refreshed resource is in an unhealthy state:\n* {reasons}"
            self._context.warn(text, old.urn)
        if not equal(old.inputs, inputs) or not equal(old.outputs, seen.outputs):
            new.modified = now()
        step.new = new
        if old.external:
            changed = not equal(old.outputs, new.outputs)
        else:
            seen_from_new = self._differ.ask(new, inputs, old.inputs, old.ignore_changes)
            step.diff = seen_from_new.inverted()
            changed = bool(seen_from_new.changed)
        step.result = Op.UPDATE if changed else Op.SAME
        return new


def _repaired(base: list[ResourceState], kept: list[ResourceState]) -> list[ResourceState]:
    """The resources with no reference left to one that is gone."""
    parents = {state.urn: state.parent for state in base}
    there: set[str] = set()
    for state in kept:
        while state.parent and state.parent not in there:
            state.parent = parents.get(state.parent, "")
        state.dependencies = [urn for urn in state.dependencies if urn in there]
        state.property_dependencies = {
            key: left
            for key, listed in state.property_dependencies.items()
            if (left := [urn for urn in listed if urn in there])
        }
        state.replace_with = [urn for urn in state.replace_with if urn in there]
        if state.deleted_with not in there:
            state.deleted_with = ""
        there.add(state.urn)
    return kept
