"""`preview --import-file`: what a preview would create, as a file that `import --file` takes.

Source: pulumi, pkg/cmd/pulumi/operations/preview.go (buildImportFile).
"""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from lab.engine.display.facts import Display, Message, is_hidden
from lab.engine.model import urn as urns
from lab.engine.model.state import ResourceState
from lab.engine.model.step import Op, Step
from lab.engine.model.values import has_unknown
from lab.engine.store.codec import Sealer, plain_json
from lab.engine.store.files import write_whole

PLACEHOLDER: Final = "<PLACEHOLDER>"
"""Stands where an id has to be filled in."""


class ImportFile:
    """Passes everything on to the preview's display, and takes note of each create.

    Args:
        shown: the preview's display.
        path: where to write the file.
        sealer: encrypts what is secret in the configuration of providers.
    """

    def __init__(self, shown: Display, path: Path, sealer: Sealer) -> None:
        self._shown = shown
        self._path = path
        self._sealer = sealer
        self._lock = threading.Lock()
        self._steps: list[Step] = []

    def begin(self, step: Step) -> None:
        """A step begins."""
        with self._lock:
            self._steps.append(step)
        self._shown.begin(step)

    def end(self, step: Step, error: str | None) -> None:
        """A step has ended; with an error if it failed."""
        self._shown.end(step, error)

    def outputs(self, old: ResourceState | None, new: ResourceState) -> None:
        """A component, or the stack, has told its outputs."""
        self._shown.outputs(old, new)

    def log(self, message: Message) -> None:
        """Somebody has said something."""
        self._shown.log(message)

    def finish(self, *, failed: bool) -> None:
        """All is over."""
        self._shown.finish(failed=failed)

    def write(self) -> None:
        """Write the file, and warn of what it can't hold.

        Raises:
            EngineError: the file can't be written.
        """
        text = json.dumps(self._document(), indent=4, ensure_ascii=False)
        write_whole(self._path, f"{text}\n", mode=0o644)

    def _document(self) -> dict[str, Any]:
        seen = {step.urn: step.resource for step in self._steps}
        created = [step.resource for step in self._steps if _is_listed(step)]
        names = _names(seen)
        here = {state.urn for state in created}
        elsewhere = {
            names[urn]: urn
            for state in created
            for urn in (_parent(state), _explicit_provider(state))
            if urn and urn not in here
        }
        resources = [self._entry(state, names, seen) for state in created]
        table = {name: elsewhere[name] for name in sorted(elsewhere)}
        return _filled({"nameTable": table, "resources": resources})

    def _entry(
        self, state: ResourceState, names: Mapping[str, str], seen: Mapping[str, ResourceState]
    ) -> dict[str, Any]:
        name, parent, provider = names[state.urn], _parent(state), _explicit_provider(state)
        manager = seen.get(state.provider_urn)
        return _filled(
            {
                "type": state.type,
                "name": name,
                "id": PLACEHOLDER if state.custom and not state.is_provider else "",
                "parent": names[parent] if parent else "",
                "provider": names[provider] if provider else "",
                "version": manager.inputs.get("version") if manager else "",
                "component": not state.custom,
                "remote": not state.custom and bool(state.provider),
                "inputs": self._configuration(state) if state.is_provider else {},
                "logicalName": state.name if name != state.name else "",
            }
        )

    def _configuration(self, provider: ResourceState) -> Any:
        known = {key: one for key, one in provider.inputs.items() if not has_unknown(one)}
        unknown = sorted(provider.inputs.keys() - known.keys())
        if unknown:
            sys.stderr.write(
                f"warning: {self._path}: the configuration of provider {provider.name} isn't "
                f"known before an update; fill in its inputs: {', '.join(unknown)}\n"
            )
        return plain_json(known, provider.urn, self._sealer)


def _is_listed(step: Step) -> bool:
    """The stack and the default providers are made by the import itself."""
    state = step.resource
    return step.op is Op.CREATE and state.type != urns.STACK_TYPE and not is_hidden(state)


def _parent(state: ResourceState) -> str:
    is_root = not state.parent or urns.qualified_type(state.parent) == urns.STACK_TYPE
    return "" if is_root else state.parent


def _explicit_provider(state: ResourceState) -> str:
    urn = state.provider_urn
    return urn if urn and not urns.name_of(urn).startswith("default") else ""


def _names(found: Iterable[str]) -> dict[str, str]:
    """A name of its own for each URN: the logical one, or that with its type, or with a number."""
    owners: dict[str, str] = {}
    for urn in found:
        name = urns.name_of(urn)
        owner = owners.get(name)
        if owner is not None and urns.name_of(owner) != name:
            # Its logical name is another one: it gives way to the resource that is called so.
            del owners[name]
            owners[name], owners[_longer(owner, owners | {name: ""})] = urn, owner
        else:
            owners[name if owner is None else _longer(urn, owners)] = urn
    return {urn: name for name, urn in owners.items()}


def _longer(urn: str, taken: Mapping[str, str]) -> str:
    kind = urns.type_of(urn).rsplit(":", 1)[-1]
    base = name = f"{urns.name_of(urn)}{kind[:1].upper()}{kind[1:]}"
    number = 2
    while name in taken:
        name, number = f"{base}{number}", number + 1
    return name


def _filled(entry: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in entry.items() if value}
