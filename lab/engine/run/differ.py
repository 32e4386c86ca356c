"""How a resource differs from what the program wants, in the provider's eyes and the engine's.

Source: pulumi, pkg/resource/deploy/step_generator.go (diff, diffResource, providerChanged).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lab.engine.errors import ProviderError
from lab.engine.model import diff as diffs
from lab.engine.model import paths
from lab.engine.model import urn as urns
from lab.engine.model.diff import Diff, because_of, compare
from lab.engine.model.state import ResourceState
from lab.engine.model.values import (
    Properties,
    Value,
    copied_properties,
    equal,
    has_unknown,
    opened,
)
from lab.engine.plugin.provider import Provider
from lab.engine.run.context import Context, RefusedError
from lab.engine.run.ledger import Ledger


class Differ:
    """Finds out whether, and how, a resource changes."""

    def __init__(self, context: Context, ledger: Ledger) -> None:
        self._context = context
        self._ledger = ledger

    def provider(self, state: ResourceState) -> Provider:
        """The provider that manages a resource.

        Raises:
            ProviderError: it's unknown, or doesn't start.
        """
        known = self._ledger.provider_state(state.provider)
        return self._context.registry.ensure(state.provider, known)

    def diff(self, old: ResourceState, new: ResourceState) -> Diff:
        """The differences between a resource and its new inputs.

        Raises:
            ProviderError: the provider can't tell.
        """
        with self._ledger.lock:
            forced = self._forced(old, new)
        if forced is not None:
            return forced
        if not new.custom:
            return diffs.NO_DIFF if equal(old.inputs, new.inputs) else Diff(changed=True)
        try:
            return self.ask(old.copy(urn=new.urn), old.inputs, new.inputs, new.ignore_changes)
        except ProviderError as error:
            if error.code != "DIFF_UNAVAILABLE":
                raise
            self._context.warn(str(error), new.urn)
            return Diff(changed=True)

    def ask(
        self, old: ResourceState, inputs: Properties, news: Properties, ignored: Sequence[str]
    ) -> Diff:
        """What the provider says about a change; the engine's own diff where it says nothing."""
        if old.is_provider:
            return self._context.registry.diff(old, news)
        diff = self.provider(old).diff(old, inputs, news, ignored)
        if diff.changed is not None:
            return diff
        return compare(inputs, ignore(news, inputs, ignored).inputs)

    def _forced(self, old: ResourceState, new: ResourceState) -> Diff | None:
        replaces = self._ledger.replaces
        if any(urn in replaces for urn in new.replace_with):
            return because_of("replaceWith")
        if new.deleted_with and new.deleted_with in replaces:
            return because_of("deletedWith")
        return because_of("provider") if self._provider_changed(old, new) else None

    def _provider_changed(self, old: ResourceState, new: ResourceState) -> bool:
        if old.provider == new.provider:
            return False
        if not old.provider or not new.provider:
            return True
        before, after = urns.Reference.parse(old.provider), urns.Reference.parse(new.provider)
        if self._ledger.new_urns.get(before.urn) == after.urn:
            return False
        provider = self._context.registry.get(new.provider)
        old_state = self._ledger.olds.get(before.urn)
        new_state = self._ledger.providers.get(after.urn)
        if provider is None or old_state is None or new_state is None:
            raise RefusedError(f"the provider {new.provider} has not been registered", new.urn)
        return provider.diff_config(old_state, new_state.inputs).replaces


@dataclass(frozen=True)
class Ignoring:
    """Inputs with old values at the ignored paths, and those of them where that can't be done."""

    inputs: Properties
    impossible: Sequence[str]


def ignore(inputs: Properties, olds: Properties, ignored: Sequence[str]) -> Ignoring:
    """Put old values where changes are to be ignored."""
    result = copied_properties(inputs)
    before: Value = copied_properties(olds)
    impossible = [one for one in ignored if not paths.reset(paths.parse(one), before, result)]
    return Ignoring(result, impossible)


def trigger_fires(old: Value, new: Value) -> bool:
    """Whether a changed `replacement_trigger` asks for a replacement."""
    old, new = opened(old), opened(new)
    if has_unknown(old) or has_unknown(new):
        return True
    return old is not None and new is not None and not equal(old, new)
