"""What goes in the end: replaced resources, and those that the program has no more.

Source: pulumi, pkg/resource/deploy/step_generator.go (GenerateDeletes) and
deployment_executor.go (performPostSteps).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lab.engine.model.graph import DependencyGraph, deletion_waves
from lab.engine.model.state import ResourceState
from lab.engine.model.step import Op, Step
from lab.engine.run.context import Context
from lab.engine.run.executor import Executor
from lab.engine.run.ledger import Ledger
from lab.engine.run.targeting import Targeting


def delete_leftovers(
    context: Context, ledger: Ledger, targeting: Targeting, executor: Executor
) -> None:
    """Delete what is left over, dependents first; what a failed delete depends on stays.

    Args:
        context: the deployment.
        ledger: what was decided; the program registers nothing any more.
        targeting: which resources are meant.
        executor: carries the steps out.
    """
    leftovers = _leftovers(ledger, targeting)
    steps = leftovers.deletes
    refused = [step.urn for step in steps.values() if targeting.refuses_delete(step.urn)]
    for urn in refused:
        context.error(
            f"Resource '{urn}' will be destroyed but was not specified in --target list.\n"
            "  Name it too, or use --target-dependents",
            urn,
        )
    if refused:
        context.fail(stop=not context.options.preview)
        if not context.options.preview:
            return
    executor.run_wave(leftovers.kept)
    graph = DependencyGraph(ledger.base)
    condemned = [state for state in ledger.base if id(state) in steps]
    for wave in deletion_waves(graph, condemned):
        if context.stopping:
            return
        needed = _needed_by_failed(graph, executor)
        executor.run_wave([steps[id(one)] for one in wave if id(one) not in needed])


def _needed_by_failed(graph: DependencyGraph, executor: Executor) -> set[int]:
    found: set[int] = set()
    for step in executor.errored:
        for state in (step.old, step.new):
            if state is not None and state in graph:
                found |= {id(one) for one in graph.all_dependencies(state)}
    return found


@dataclass(frozen=True)
class _Leftovers:
    """The deletes, by identity of the old state, and steps that keep what isn't targeted."""

    deletes: Mapping[int, Step]
    kept: Sequence[Step]


def _leftovers(ledger: Ledger, targeting: Targeting) -> _Leftovers:
    steps: dict[int, Step] = {}
    kept: list[Step] = []
    allowed = targeting.deletable(ledger.graph, ledger.base)
    for state in ledger.base:
        if state.urn not in allowed:
            if not state.delete and not ledger.is_decided(state.urn):
                new = state.copy(id="")
                kept.append(Step(op=Op.SAME, old=state, new=new, untargeted=True))
            continue
        op = _op(state, ledger)
        if op is not None:
            ledger.deletes.add(state.urn)
            steps[id(state)] = Step(op=op, old=state)
    return _Leftovers(steps, kept)


def _op(state: ResourceState, ledger: Ledger) -> Op | None:
    if state.delete:
        if id(state) in ledger.condemned:
            return None
        return Op.DISCARD_REPLACED if state.external else Op.DELETE_REPLACED
    if ledger.is_decided(state.urn):
        return None
    if state.pending_replacement:
        return Op.REMOVE_PENDING_REPLACE
    return Op.READ_DISCARD if state.external else Op.DELETE
