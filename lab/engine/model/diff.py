"""What differs between two sets of properties, and what a provider says about it.

Source: pulumi, sdk/go/common/resource/properties_diff.go and
pkg/resource/deploy/step_generator.go (applyReplaceOnChanges); pkg/resource/plugin/provider.go
(DiffResult.Replace).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from lab.engine.model import paths
from lab.engine.model.values import Properties, Secret, Value, equal, opened

ADD: Final = "add"
DELETE: Final = "delete"
UPDATE: Final = "update"
_REPLACE: Final = "-replace"
INIT_ERROR_KEY: Final = "#initerror"


@dataclass(frozen=True, slots=True)
class PropertyDiff:
    """How one property differs; `kind` is as `preview --json` prints it."""

    kind: str
    input_diff: bool = True

    @property
    def replaces(self) -> bool:
        """Whether this difference can't be applied to the resource as it is."""
        return self.kind.endswith(_REPLACE)

    def as_replace(self) -> PropertyDiff:
        """The same difference, as one that replaces."""
        return self if self.replaces else replace(self, kind=self.kind + _REPLACE)

    def inverted(self) -> PropertyDiff:
        """The difference seen from the other side."""
        base = self.kind.removesuffix(_REPLACE)
        swapped = {ADD: DELETE, DELETE: ADD}.get(base, base)
        return replace(self, kind=swapped + (_REPLACE if self.replaces else ""))


@dataclass(frozen=True, slots=True, kw_only=True)
class Diff:
    """A provider's answer: whether the resource changes, where, and whether it must be replaced.

    Attributes:
        changed: whether anything changes; None when the provider doesn't know.
        detailed: differences by property path; None when the provider gave none.
    """

    changed: bool | None
    changed_keys: tuple[str, ...] = ()
    replace_keys: tuple[str, ...] = ()
    delete_before_replace: bool = False
    detailed: Mapping[str, PropertyDiff] | None = field(default=None)

    @property
    def replaces(self) -> bool:
        """Whether the resource must be replaced: a key says so, or a difference does."""
        return bool(self.replace_keys) or any(
            one.replaces for one in (self.detailed or {}).values()
        )

    def inverted(self) -> Diff:
        """The same differences seen from the other side."""
        if self.detailed is None:
            return self
        return replace(self, detailed={key: one.inverted() for key, one in self.detailed.items()})


NO_DIFF: Final = Diff(changed=False)


def because_of(key: str) -> Diff:
    """A replacement that one key stands for."""
    return Diff(changed=True, replace_keys=(key,))


def compare(old: Properties, new: Properties) -> Diff:
    """The engine's own diff of inputs, for providers that leave it to the engine."""
    detailed = dict(_walk("", _plain(old), _plain(new)))
    keys = sorted(k for k in old.keys() | new.keys() if not _same(old.get(k), new.get(k)))
    return Diff(changed=bool(detailed), changed_keys=tuple(keys), detailed=detailed)


def with_replacements(diff: Diff, selectors: Sequence[str], *, init_errors: bool) -> Diff:
    """Apply `replace_on_changes`, and count earlier failures to initialise as a change."""
    if not diff.changed and not init_errors:
        return diff
    chosen = [paths.parse(text) for text in selectors]

    def hit(text: str) -> bool:
        return any(paths.covers(path, paths.parse(text)) for path in chosen)

    detailed = diff.detailed
    if detailed is not None:
        detailed = {k: one.as_replace() if hit(k) else one for k, one in detailed.items()}
    keys = dict.fromkeys(diff.replace_keys)
    keys.update(dict.fromkeys(key for key in diff.changed_keys if hit(key)))
    changed = diff.changed
    if init_errors and any(paths.covers(path, (INIT_ERROR_KEY,)) for path in chosen):
        keys[INIT_ERROR_KEY] = None
        changed = True
    return replace(diff, detailed=detailed, replace_keys=tuple(keys), changed=changed)


def join(base: str, step: str | int) -> str:
    """A property path one step longer, as Pulumi writes it."""
    if isinstance(step, int):
        return f"{base}[{step}]"
    if not re.fullmatch(r"[A-Za-z0-9_]+", step):
        quoted = step.replace('"', '\\"')
        return f'{base}["{quoted}"]'
    return f"{base}.{step}" if base else step


def _plain(properties: Properties) -> Properties:
    return {k: opened(v) for k, v in properties.items() if not k.startswith("__")}


def _same(one: Value, other: Value) -> bool:
    return equal(opened(one), opened(other))


def _walk(base: str, old: Value, new: Value) -> Iterator[tuple[str, PropertyDiff]]:
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted(old.keys() | new.keys()):
            path = join(base, key)
            if key not in new:
                yield path, PropertyDiff(DELETE)
            elif key not in old:
                yield path, PropertyDiff(ADD)
            else:
                yield from _walk(path, old[key], new[key])
    elif isinstance(old, list) and isinstance(new, list):
        for index in range(max(len(old), len(new))):
            path = join(base, index)
            if index >= len(new):
                yield path, PropertyDiff(DELETE)
            elif index >= len(old):
                yield path, PropertyDiff(ADD)
            else:
                yield from _walk(path, old[index], new[index])
    elif not equal(old, new):
        yield base, PropertyDiff(UPDATE)


def is_secret_at(value: Value, path: paths.Path) -> bool:
    """Whether the value at the path, or anything on the way to it, is secret."""
    for step in path:
        if isinstance(value, Secret):
            return True
        if isinstance(value, dict) and isinstance(step, str):
            value = value.get(step)
        elif isinstance(value, list) and isinstance(step, int) and step < len(value):
            value = value[step]
        else:
            return False
    return isinstance(value, Secret)
