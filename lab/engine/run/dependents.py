"""Which resources must go, and be made anew, when one is deleted before its replacement is made.

Source: pulumi, pkg/resource/deploy/step_generator.go (calculateDependentReplacements,
findDependentCascadeReplacements).
"""

from __future__ import annotations

from dataclasses import dataclass

from lab.engine.model.diff import Diff, with_replacements
from lab.engine.model.state import ResourceState
from lab.engine.model.values import UNKNOWN, Properties
from lab.engine.run.differ import Differ
from lab.engine.run.ledger import Ledger


@dataclass(frozen=True, slots=True)
class Dependent:
    """A resource that has to be replaced too, and the properties because of which."""

    state: ResourceState
    keys: tuple[str, ...] = ()


def replaced_with(root: ResourceState, ledger: Ledger, differ: Differ) -> list[Dependent]:
    """The dependents to replace, in dependency order.

    Args:
        root: the resource that is deleted first.
        ledger: what is known and decided; its lock is held.
        differ: asks providers.
    """
    found: list[Dependent] = []
    replaced = {root.urn}
    settled = (
        ledger.reads | ledger.creates | ledger.sames | ledger.updates | ledger.deletes
    ) | ledger.replaces
    for state in ledger.graph.dependents(root, settled) if root in ledger.graph else []:
        keys = _keys(state, replaced, differ)
        if keys is not None:
            replaced.add(state.urn)
            found.append(Dependent(state, keys))
    for state in ledger.base:
        tied = root.urn in state.replace_with or state.deleted_with == root.urn
        if tied and state.urn not in replaced | settled and not state.delete:
            replaced.add(state.urn)
            found.append(Dependent(state))
    order = {id(state): number for number, state in enumerate(ledger.base)}
    return sorted(found, key=lambda one: order[id(one.state)])


def _keys(state: ResourceState, replaced: set[str], differ: Differ) -> tuple[str, ...] | None:
    """The properties because of which a dependent is replaced; None when it isn't."""
    if not state.custom or state.external:
        return None
    if state.provider_urn in replaced or state.deleted_with in replaced:
        return ()
    inputs: Properties = {}
    for key, value in state.inputs.items():
        hit = replaced.intersection(state.property_dependencies.get(key, ()))
        inputs[key] = UNKNOWN if hit else value
    if all(value is not UNKNOWN for value in inputs.values()):
        return None
    diff: Diff = differ.ask(state, state.inputs, inputs, state.ignore_changes)
    diff = with_replacements(diff, state.replace_on_changes, init_errors=False)
    return diff.replace_keys if diff.replaces else None
