"""The providers of a deployment, by their resources: checked, then configured, then in use.

A provider is a resource itself. Its check starts a process, its create or update configures that
process, and resources name it by URN and id.

Source: pulumi, pkg/resource/deploy/providers/registry.go.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor

from lab.engine.errors import ProviderError
from lab.engine.model import urn as urns
from lab.engine.model.diff import Diff
from lab.engine.model.state import ResourceState
from lab.engine.model.values import Properties, Value, equal
from lab.engine.plugin.answers import Checked, Outcome
from lab.engine.plugin.process import provider_process
from lab.engine.plugin.provider import Provider
from lab.engine.plugin.wire import UNKNOWN_TEXT

_INTERNAL = "__internal"


class Registry:
    """Starts providers and hands them out.

    Args:
        environment: variables of provider processes.
        report: gets what they print, line by line.
        learn: gets all values that they send.
    """

    def __init__(
        self,
        environment: Mapping[str, str],
        report: Callable[[str], None],
        learn: Callable[[Value], None],
    ) -> None:
        self.engine_address = ""
        self._environment = environment
        self._report = report
        self._learn = learn
        self._lock = threading.RLock()
        self._all: list[Provider] = []
        self._checked: dict[str, Provider] = {}
        self._ready: dict[str, Provider] = {}
        self._making: dict[str, threading.Lock] = {}
        self._warm: dict[str, Future[Provider]] = {}
        self._starter = ThreadPoolExecutor(thread_name_prefix="provider-start")

    def warm_up(self, package: str) -> None:
        """Start a provider that will be wanted soon, without waiting for it."""
        if package not in self._warm and package != "pulumi":
            self._warm[package] = self._starter.submit(self._start, package, "")

    def check(self, urn: str, olds: Properties, news: Properties) -> Checked:
        """Check a provider's configuration; starts its process."""
        provider = self._load(urn, news)
        checked = provider.check_config(urn, _public(olds), _public(news))
        if checked.failures:
            return checked
        with self._lock:
            self._checked[urn] = provider
        kept = {key: news[key] for key in ("version", _INTERNAL) if key in news}
        return Checked(checked.inputs | kept)

    def diff(self, old: ResourceState, news: Properties) -> Diff:
        """How a provider takes a change of its configuration."""
        with self._lock:
            provider = self._checked.get(old.urn)
        diff = (provider or self.ensure(_reference(old), old)).diff_config(old, news)
        if diff.changed is None:
            same = equal(_public(old.inputs), _public(news))
            return Diff(changed=not same, replace_keys=diff.replace_keys)
        return diff

    def create(self, urn: str, inputs: Properties, *, preview: bool) -> Outcome:
        """Configure a provider that is new."""
        id_ = UNKNOWN_TEXT if preview else str(uuid.uuid4())
        self._configure(urn, id_, inputs)
        return Outcome(id_, _public(inputs))

    def update(self, old: ResourceState, inputs: Properties) -> Properties:
        """Configure a provider anew, under the id that it has; gives its outputs."""
        self._configure(old.urn, old.id, inputs)
        return _public(inputs)

    def same(self, state: ResourceState) -> None:
        """Have a provider ready that stands in state as it is; started once, whoever asks."""
        reference = _reference(state)
        with self._lock:
            making = self._making.setdefault(reference, threading.Lock())
        with making:
            if self.get(reference) is None:
                self._configure(state.urn, state.id, state.inputs)

    def get(self, reference: str) -> Provider | None:
        """The configured provider that a resource names."""
        with self._lock:
            return self._ready.get(reference)

    def ensure(self, reference: str, state: ResourceState | None) -> Provider:
        """The configured provider that a resource names, started from state if need be.

        Raises:
            ProviderError: it isn't in state, or doesn't start.
        """
        found = self.get(reference)
        if found is None:
            if state is None or _reference(state) != reference:
                raise ProviderError(f"unknown provider '{reference}'")
            self.same(state)
            found = self.get(reference)
        if found is None:
            raise ProviderError(f"provider '{reference}' could not be made ready")
        return found

    def cancel(self) -> None:
        """Ask all providers to give up what they do."""
        self._each(Provider.cancel)

    def stop(self) -> None:
        """End all provider processes, in the middle of whatever they do."""
        self._each(Provider.stop)

    def close(self) -> None:
        """End all provider processes, those that have only just begun as well."""
        self._starter.shutdown(wait=True)
        self._each(Provider.close)

    def _each(self, act: Callable[[Provider], None]) -> None:
        providers = list(self._all)
        if providers:
            with ThreadPoolExecutor(len(providers)) as pool:
                list(pool.map(act, providers))

    def _configure(self, urn: str, id_: str, inputs: Properties) -> None:
        with self._lock:
            provider = self._checked.pop(urn, None)
        if provider is None:
            provider = self._load(urn, inputs)
        provider.configure(urn, id_, inputs)
        with self._lock:
            self._ready[str(urns.Reference(urn, id_))] = provider

    def _load(self, urn: str, inputs: Properties) -> Provider:
        package = urns.package_of(urns.type_of(urn))
        with self._lock:
            warm = self._warm.pop(package, None)
        if warm is not None:
            return warm.result()
        version = inputs.get("version")
        return self._start(package, version if isinstance(version, str) else "")

    def _start(self, package: str, version: str) -> Provider:
        process = provider_process(
            package, version, self.engine_address, self._environment, self._report
        )
        provider = Provider(process, self.engine_address, self._learn)
        with self._lock:
            self._all.append(provider)
        return provider


def _reference(state: ResourceState) -> str:
    return str(urns.Reference(state.urn, state.id))


def _public(inputs: Properties) -> Properties:
    return {key: value for key, value in inputs.items() if key != _INTERNAL}
