"""Carries steps out: calls the provider, keeps the journal, tells the display.

Source: pulumi, pkg/resource/deploy/step.go (Apply) and step_executor.go.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from lab.engine.errors import ProviderError
from lab.engine.model.state import (
    CREATING,
    DELETING,
    IMPORTING,
    READING,
    UPDATING,
    ResourceState,
    now,
)
from lab.engine.model.step import Op, Step
from lab.engine.model.values import Properties, Secret, as_secret, equal
from lab.engine.plugin.answers import Outcome
from lab.engine.plugin.provider import Provider
from lab.engine.plugin.wire import UNKNOWN_TEXT
from lab.engine.run.changed import worth_a_write
from lab.engine.run.context import Context, StoppedError


class StepFailedError(ProviderError):
    """A step failed; that has been shown, and the deployment knows."""


class Executor:
    """Runs steps, at most so many at once.

    Args:
        context: the deployment.
        provider_of: finds the provider that manages a resource.
        is_deleted: tells whether a resource is deleted by this deployment.
    """

    def __init__(
        self,
        context: Context,
        provider_of: Callable[[ResourceState], Provider],
        is_deleted: Callable[[str], bool],
    ) -> None:
        self._context = context
        self._provider_of = provider_of
        self._is_deleted = is_deleted
        self._slots = threading.Semaphore(context.options.parallel)
        self.errored: list[Step] = []

    def run(self, chain: Sequence[Step]) -> None:
        """Run steps one after the other.

        Raises:
            StepFailedError: one failed; those after it weren't begun.
            StoppedError: the deployment is stopping.
        """
        with self._slots:
            for step in chain:
                if self._context.stopping:
                    raise StoppedError("the deployment is stopping")
                self._run(step)

    def run_wave(self, steps: Sequence[Step]) -> None:
        """Run steps that don't depend on one another, and wait for all of them."""

        def one(step: Step) -> None:
            try:
                self.run([step])
            except (StepFailedError, StoppedError):
                return

        if steps:
            with ThreadPoolExecutor(min(len(steps), self._context.options.parallel)) as pool:
                list(pool.map(one, steps))

    def _run(self, step: Step) -> None:
        context = self._context
        context.display.begin(step)
        try:
            self._apply(step)
        except ProviderError as error:
            if context.terminated:
                raise StoppedError("stopped at once") from error
            context.display.end(step, str(error))
            self.errored.append(step)
            keep_going = context.options.continue_on_error or isinstance(error, ProtectedError)
            context.fail(stop=not keep_going)
            raise StepFailedError(str(error)) from error
        context.display.end(step, None)

    def _apply(self, step: Step) -> None:
        match step.op:
            case Op.SAME:
                self._same(step)
            case Op.CREATE | Op.CREATE_REPLACEMENT:
                self._create(step)
            case Op.UPDATE:
                self._update(step)
            case Op.IMPORT:
                self._import(step)
            case Op.READ | Op.READ_REPLACEMENT:
                self._read(step)
            case Op.REMOVE_PENDING_REPLACE:
                self._context.journal.end(_old(step), remove=[_old(step)])
            case Op.DELETE | Op.DELETE_REPLACED | Op.READ_DISCARD | Op.DISCARD_REPLACED:
                self._delete(step)

    def _same(self, step: Step) -> None:
        new = _new(step)
        if step.skipped:
            return
        old = _old(step)
        new.id, new.outputs = old.id, old.outputs
        new.init_errors = list(old.init_errors)
        if new.is_provider and not step.untargeted:
            self._context.registry.same(new.copy(inputs=old.inputs))
        mark_secrets(new)
        self._context.journal.end(new, remove=[old], add=new, write=worth_a_write(old, new))

    def _create(self, step: Step) -> None:
        new, old, journal = _new(step), step.old, self._context.journal
        journal.begin(new, CREATING)
        try:
            outcome = self._make(new)
        except ProviderError:
            self._end_without_effect(new)
            raise
        new.id, new.outputs = outcome.id, outcome.outputs
        new.init_errors = list(outcome.init_errors)
        new.created = new.modified = now()
        mark_secrets(new)
        if old is not None and step.pending_delete:
            journal.change(old, delete=True)
        gone = [old] if old is not None and old.pending_replacement else []
        journal.end(new, add=new, remove=gone)
        _raise_if_not_ready(outcome)

    def _make(self, new: ResourceState) -> Outcome:
        preview = self._context.options.preview
        if not new.custom:
            return Outcome("", new.outputs)
        if new.is_provider:
            return self._context.registry.create(new.urn, new.inputs, preview=preview)
        provider = self._provider_of(new)
        return provider.create(new.urn, new.inputs, new.timeouts.create, preview=preview)

    def _import(self, step: Step) -> None:
        new, journal = _new(step), self._context.journal
        journal.begin(new, IMPORTING)
        try:
            found = self._find(new, new.import_id, {})
        except ProviderError:
            self._end_without_effect(new)
            raise
        new.id, new.inputs, new.outputs = found.id, found.inputs or {}, found.outputs
        new.created = new.modified = now()
        mark_secrets(new)
        journal.end(new, add=new)

    def _update(self, step: Step) -> None:
        new, old, journal = _new(step), _old(step), self._context.journal
        new.id, new.created, new.modified = old.id, old.created, old.modified
        journal.begin(new, UPDATING)
        try:
            outcome = self._change(old, new)
        except ProviderError:
            self._end_without_effect(new)
            raise
        new.outputs = outcome.outputs
        new.init_errors = list(outcome.init_errors)
        if new.custom:
            new.modified = now()
        mark_secrets(new)
        journal.end(new, add=new, remove=[old])
        _raise_if_not_ready(outcome)

    def _change(self, old: ResourceState, new: ResourceState) -> Outcome:
        if not new.custom:
            return Outcome("", new.outputs)
        if new.is_provider:
            before = old.copy(urn=new.urn)
            return Outcome(old.id, self._context.registry.update(before, new.inputs))
        return self._provider_of(new).update(
            old.copy(urn=new.urn),
            new.inputs,
            new.timeouts.update,
            new.ignore_changes,
            preview=self._context.options.preview,
        )

    def _delete(self, step: Step) -> None:
        old, context = _old(step), self._context
        if step.op is Op.DELETE and old.protect:
            raise ProtectedError(old.urn)
        context.journal.begin(old, DELETING)
        try:
            if not context.options.preview:
                self._unmake(old)
        except ProviderError:
            self._end_without_effect(old)
            raise
        if step.awaits_replacement:
            context.journal.change(old, pending_replacement=True)
            context.journal.end(old)
        else:
            context.journal.end(old, remove=[old])

    def _unmake(self, old: ResourceState) -> None:
        if not old.custom or old.external or old.retain_on_delete or old.is_provider:
            return
        if old.deleted_with and self._is_deleted(old.deleted_with):
            return
        self._provider_of(old).delete(old)

    def _read(self, step: Step) -> None:
        new, old, journal = _new(step), step.old, self._context.journal
        journal.begin(new, READING)
        try:
            outcome = self._look(new)
        except ProviderError:
            self._end_without_effect(new)
            raise
        new.id, new.outputs = outcome.id or new.id, outcome.outputs
        new.init_errors = list(outcome.init_errors)
        same = old is not None and equal(old.inputs, new.inputs) and equal(old.outputs, new.outputs)
        if old is not None:
            new.created, new.modified = old.created, old.modified
        if not same:
            new.modified = now()
        mark_secrets(new)
        if old is not None and step.op is Op.READ_REPLACEMENT:
            journal.change(old, delete=True)
            journal.end(new, add=new)
        else:
            journal.end(new, add=new, remove=[old] if old is not None else [])
        _raise_if_not_ready(outcome)

    def _look(self, new: ResourceState) -> Outcome:
        if new.id == UNKNOWN_TEXT:
            return Outcome(new.id, {})
        return self._find(new, new.id, new.inputs)

    def _find(self, new: ResourceState, id_: str, known: Properties) -> Outcome:
        """What a provider reads of a resource, which has to be there."""
        outcome = self._provider_of(new).read(new.urn, id_, known, known, new.timeouts.read)
        if not outcome.id:
            raise ProviderError(f"resource '{id_}' does not exist")
        return outcome

    def _end_without_effect(self, state: ResourceState) -> None:
        # After a stop at once nobody knows what became of it: it stays noted as pending.
        if not self._context.terminated:
            self._context.journal.end(state)


class ProtectedError(ProviderError):
    """A delete of a resource that is marked as protected."""

    def __init__(self, urn: str) -> None:
        super().__init__(
            f'resource "{urn}" cannot be deleted\n'
            "because it is protected. To unprotect the resource, either remove the `protect` flag "
            "from the resource in your Pulumi program and run `pulumi up`, or use the command:\n"
            f"`pulumi state unprotect '{urn}'`"
        )


def mark_secrets(state: ResourceState) -> None:
    """Make outputs secret that were asked to be, or whose input of that name is."""
    outputs: Properties = dict(state.outputs)
    for key in outputs:
        secret_input = isinstance(state.inputs.get(key), Secret)
        if key in state.additional_secret_outputs or secret_input:
            outputs[key] = as_secret(outputs[key])
    state.outputs = outputs


def _raise_if_not_ready(outcome: Outcome) -> None:
    if outcome.init_errors:
        count = len(outcome.init_errors)
        reasons = "".join(f"\n\t* {one}" for one in outcome.init_errors)
        raise ProviderError(f"{count} error{'s' if count > 1 else ''} occurred:{reasons}")


def _new(step: Step) -> ResourceState:
    if step.new is None:
        raise ValueError(f"a step '{step.op}' without a new state")
    return step.new


def _old(step: Step) -> ResourceState:
    if step.old is None:
        raise ValueError(f"a step '{step.op}' without an old state")
    return step.old
