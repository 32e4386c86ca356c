"""The file of `import --file`: from JSON to what is to be imported, all mistakes found in one go.

Entries name their parents and providers by the names of other entries, or by those of the
`nameTable`, which gives URNs.

Source: pulumi, pkg/cmd/pulumi/operations/import.go (parseImportFile).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lab.engine.cli.session import Session
from lab.engine.display.import_file import PLACEHOLDER
from lab.engine.errors import EngineError, UsageError
from lab.engine.model import urn as urns
from lab.engine.model.imports import Import
from lab.engine.model.values import has_unknown
from lab.engine.store.codec import Decoder

_UNSUPPORTED = {"remote": "a remote component", "parameterization": "a parameterised package"}


def read(path: Path, session: Session, *, protect: bool) -> list[Import]:
    """What a file lists, in its order.

    Args:
        path: the file.
        session: tells stack and project, and opens secrets.
        protect: whether what is imported is to be protected from deletes.

    Raises:
        UsageError: the file can't be read, or something in it can't be.
    """
    table, entries = _contents(path)
    listed = _File(table, [_Entry(raw, number) for number, raw in enumerate(entries, start=1)])
    listed.check()
    if not listed.mistakes:
        listed.resolve(session.stack, session.project.name)
    found = [] if listed.mistakes else listed.imports(Decoder(session.crypter), protect=protect)
    if listed.mistakes:
        lines = "".join(f"\n  {one}" for one in listed.mistakes)
        raise UsageError(f"{path} can't be imported; nothing was done:{lines}")
    return found


def _contents(path: Path) -> tuple[dict[str, str], list[dict[str, Any]]]:
    example = '  it takes {"resources": [{"type": ..., "name": ..., "id": ...}, ...]}'
    try:
        raw = json.loads(path.read_text())
    except OSError as error:
        raise UsageError(f"can't read {path}: {error.strerror}") from error
    except ValueError as error:
        raise UsageError(f"{path} isn't JSON: {error}\n{example}") from error
    resources = raw.get("resources") or [] if isinstance(raw, dict) else None
    table = raw.get("nameTable") or {} if isinstance(raw, dict) else None
    if not isinstance(resources, list) or not all(isinstance(one, dict) for one in resources):
        raise UsageError(f"{path} has no list of resources\n{example}")
    if not isinstance(table, dict) or not all(map(_is_urn, table.values())):
        raise UsageError(f"{path}: expected nameTable as an object of URNs by name")
    return table, resources


def _is_urn(value: Any) -> bool:
    return isinstance(value, str) and value.startswith("urn:pulumi:") and value.count("::") >= 3


@dataclass(slots=True)
class _Entry:
    """One resource of the file.

    Attributes:
        raw: as it stands there.
        number: which one it is, for messages.
        urn: its URN, once that of its parent is known.
    """

    raw: Mapping[str, Any]
    number: int
    urn: str = ""

    def text(self, key: str) -> str:
        value = self.raw.get(key)
        return value if isinstance(value, str) else ""

    @property
    def name(self) -> str:
        """What other entries call it."""
        return self.text("name") or self.text("logicalName")

    @property
    def logical_name(self) -> str:
        """What the program calls it."""
        return self.text("logicalName") or self.text("name")

    @property
    def is_component(self) -> bool:
        return bool(self.raw.get("component"))

    def __str__(self) -> str:
        who = f"'{self.name}'" if self.name else f"number {self.number}"
        return f"resource {who}" + (f" of type {self.text('type')}" if self.text("type") else "")


@dataclass(slots=True)
class _File:
    """The entries, and what is wrong with them."""

    table: Mapping[str, str]
    entries: Sequence[_Entry]
    mistakes: list[str] = field(default_factory=list)

    def check(self) -> None:
        """Look at each entry by itself."""
        for entry in self.entries:
            for key in ("type", "name"):
                if not (entry.text("type") if key == "type" else entry.name):
                    self.mistakes.append(f"{entry} has no {key}")
            if entry.text("type") and ":" not in entry.text("type"):
                self.mistakes.append(f"{entry}: expected a type such as aws:ec2/vpc:Vpc")
            self._check_id(entry)
            for key, what in _UNSUPPORTED.items():
                if entry.raw.get(key):
                    self.mistakes.append(f"{entry} asks for {what}, which this engine hasn't")

    def _check_id(self, entry: _Entry) -> None:
        id_, provider = entry.text("id"), urns.is_provider(entry.text("type"))
        if provider or entry.is_component:
            if id_:
                what = "a provider" if provider else "a component"
                self.mistakes.append(f"{entry} is {what}, which has no id, got '{id_}'")
        elif not id_:
            self.mistakes.append(f"{entry} has no id")
        elif id_ == PLACEHOLDER:
            self.mistakes.append(f"{entry}: put its id in place of {id_}, or take it out")

    def resolve(self, stack: str, project: str) -> None:
        """Find the URNs, those of parents first."""
        waiting = [entry for entry in self.entries if self._refers_well(entry)]
        by_name = {entry.name: entry for entry in self.entries}
        taken = set(self.table.values())
        while waiting and not self.mistakes:
            later = []
            for entry in waiting:
                parent = self._urn(entry.text("parent"), by_name)
                if entry.text("parent") and not parent:
                    later.append(entry)
                    continue
                type_, name = entry.text("type"), entry.logical_name
                entry.urn = urns.make(stack, project, parent, type_, name)
                if entry.urn in taken:
                    self.mistakes.append(
                        f"{entry} stands there twice, or in nameTable too: {entry.urn}"
                    )
                taken.add(entry.urn)
            if len(later) == len(waiting):
                names = ", ".join(entry.name for entry in later)
                self.mistakes.append(f"parents that have one another as parents: {names}")
            waiting = later

    def _refers_well(self, entry: _Entry) -> bool:
        """Whether parent and provider are names that stand for one thing."""
        before = len(self.mistakes)
        counts = Counter(other.name for other in self.entries)
        for role in ("parent", "provider"):
            name = entry.text(role)
            if not name or name in self.table:
                continue
            if counts[name] > 1:
                self.mistakes.append(
                    f"{entry} has the {role} '{name}', as {counts[name]} resources are called: "
                    "give each a name of its own, and the program's as logicalName"
                )
            elif not counts[name]:
                self.mistakes.append(
                    f"{entry} has the {role} '{name}', which is neither in nameTable nor in "
                    "resources"
                )
        return len(self.mistakes) == before

    def _urn(self, name: str, by_name: Mapping[str, _Entry]) -> str:
        if name in self.table:
            return self.table[name]
        return by_name[name].urn if name else ""

    def imports(self, decoder: Decoder, *, protect: bool) -> list[Import]:
        """The entries as what is to be imported."""
        by_name = {entry.name: entry for entry in self.entries}
        found = []
        for entry in self.entries:
            provider = self._urn(entry.text("provider"), by_name)
            if provider and not urns.is_provider(urns.type_of(provider)):
                self.mistakes.append(f"{entry}: '{entry.text('provider')}' is no provider")
            given = {key: self._properties(entry, key, decoder) for key in ("inputs", "outputs")}
            found.append(
                Import(
                    urn=entry.urn,
                    type=entry.text("type"),
                    custom=not entry.is_component,
                    id=entry.text("id"),
                    parent=self._urn(entry.text("parent"), by_name),
                    provider=provider,
                    version=entry.text("version"),
                    protect=protect,
                    **given,
                )
            )
        return found

    def _properties(self, entry: _Entry, key: str, decoder: Decoder) -> Any:
        raw = entry.raw.get(key) or {}
        if not isinstance(raw, dict):
            self.mistakes.append(f"{entry}: expected {key} as an object")
            return {}
        try:
            properties = decoder.properties(entry.urn, raw)
        except (EngineError, ValueError) as error:
            self.mistakes.append(f"{entry}: can't open the secrets in its {key}: {error}")
            return {}
        unknown = [name for name, value in properties.items() if has_unknown(value)]
        if unknown:
            self.mistakes.append(f"{entry}: put in the {key} that weren't known: {unknown}")
        return properties
