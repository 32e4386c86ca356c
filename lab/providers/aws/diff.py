"""Diff: what a new set of inputs changes about a resource, and whether that needs a new one.

Inputs are compared with the resource's last known *state*, as in pulumi-aws: after a refresh, what
was changed behind Pulumi's back shows as a change.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from lab.providers.aws.check import DEFAULTS_KEY
from lab.providers.aws.resource_type import ResourceType
from lab.providers.aws.schema import Kind, Property, State
from lab.providers.base import UNKNOWN


class Effect(Enum):
    """What happens to a property."""

    ADD = "add"
    DELETE = "delete"
    UPDATE = "update"


@dataclass(frozen=True)
class Difference:
    """One property that changes.

    Attributes:
        path: Where, in Pulumi's notation, such as `rootBlockDevice.volumeSize`.
        effect: What happens to it.
        replaces: Whether the resource has to be made anew.
    """

    path: str
    effect: Effect
    replaces: bool

    @property
    def name(self) -> str:
        """The property of the resource that the path begins with."""
        return self.path.replace("[", ".").split(".")[0]


def differences(
    kind: ResourceType, old: State, new: State, forced: Collection[str] = ()
) -> list[Difference]:
    """Compare a resource's state with the inputs that are wanted.

    Args:
        kind: The resource type.
        old: The last known state.
        new: The checked inputs; they may hold unknowns.
        forced: Properties whose change replaces beside those of the table.

    Returns:
        The properties that change, in the order of the type's table.
    """
    forced = {*forced, *kind.also_replaces(old, new)}
    found = []
    for name, declared in kind.properties.items():
        for difference in _compare(name, declared, old.get(name), new.get(name)):
            found.append(
                Difference(
                    difference.path, difference.effect, difference.replaces or name in forced
                )
            )
    return found


def deletes_before_replace(kind: ResourceType, old: State, new: State) -> bool:
    """Tell whether the old resource has to go first: it holds a name that the new one wants."""
    if not kind.autoname:
        return False
    name = kind.autoname.name
    return (
        new.get(name) is not None
        and name not in new.get(DEFAULTS_KEY, [])
        and old.get(name) == new.get(name)
    )


def _compare(path: str, declared: Property, old: Any, new: Any) -> Iterator[Difference]:
    if new is UNKNOWN:
        effect = Effect.ADD if _is_empty(old) else Effect.UPDATE
        yield Difference(path, effect, declared.replaces)
    elif _is_empty(new):
        yield from _compare_with_nothing(path, declared, old, given=new is not None)
    elif _is_empty(old):
        yield Difference(path, Effect.ADD, declared.replaces)
    else:
        yield from _compare_values(path, declared, old, new)


def _compare_with_nothing(
    path: str, declared: Property, old: Any, *, given: bool
) -> Iterator[Difference]:
    if _is_empty(old) or (declared.computed and not given):
        return
    effect = Effect.UPDATE if given else Effect.DELETE
    yield Difference(path, effect, declared.replaces)


def _compare_values(path: str, declared: Property, old: Any, new: Any) -> Iterator[Difference]:
    match declared.kind:
        case Kind.OBJECT:
            yield from _compare_fields(path, declared, old, new)
        case Kind.MAP:
            yield from _compare_maps(path, declared, old, new)
        case Kind.LIST if declared.element and declared.element.fields:
            yield from _compare_lists(path, declared.element, declared, old, new)
        case _:
            if not _same(declared, old, new):
                yield Difference(path, Effect.UPDATE, declared.replaces)


def _compare_fields(path: str, declared: Property, old: State, new: State) -> Iterator[Difference]:
    for name, field in declared.fields.items():
        inner = field.but(replaces=field.replaces or declared.replaces)
        yield from _compare(f"{path}.{name}", inner, old.get(name), new.get(name))


def _compare_maps(
    path: str, declared: Property, old: Mapping[str, Any], new: Mapping[str, Any]
) -> Iterator[Difference]:
    for key in sorted({*old, *new}):
        if old.get(key) == new.get(key):
            continue
        effect = (
            Effect.ADD if key not in old else Effect.DELETE if key not in new else Effect.UPDATE
        )
        yield Difference(_child(path, key), effect, declared.replaces)


def _compare_lists(
    path: str, element: Property, declared: Property, old: list[Any], new: list[Any]
) -> Iterator[Difference]:
    inner = element.but(replaces=element.replaces or declared.replaces)
    for index in range(max(len(old), len(new))):
        before = old[index] if index < len(old) else None
        after = new[index] if index < len(new) else None
        yield from _compare(f"{path}[{index}]", inner, before, after)


def _same(declared: Property, old: Any, new: Any) -> bool:
    if declared.normal:
        old, new = declared.normal(old), declared.normal(new)
    if declared.kind is Kind.SET:
        return sorted(map(str, old)) == sorted(map(str, new))
    return bool(old == new)


def _child(path: str, key: str) -> str:
    return f"{path}.{key}" if key.isidentifier() else f'{path}["{key}"]'


def _is_empty(value: Any) -> bool:
    """Tell whether the value says nothing. Zero says something: it can be a port."""
    return value is None or value is False or value in ("", [], {})
