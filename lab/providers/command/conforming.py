"""Making property values conform to their types, or saying which do not, and why.

Source: pulumi, sdk/go/common/util/mapper (rules and wording); pulumi-go-provider, infer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from lab.providers.base import UNKNOWN, Properties, Secret, Value
from lab.providers.command.types import (
    Anything,
    Flag,
    ListOf,
    MapOf,
    Number,
    Struct,
    Text,
    Type,
    Whole,
    name_of_type,
    name_of_value,
)


class Failure(NamedTuple):
    """A property that is wrong, and why."""

    property: str
    reason: str


class Conformed(NamedTuple):
    """Properties that conform, and a failure for each that is wrong, missing or not known here."""

    properties: Properties
    failures: Sequence[Failure]


class _Mismatch(Exception):  # noqa: N818 - caught in this module; users see a Failure
    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.reason)
        self.failure = failure


def conform(
    struct: Struct, properties: Mapping[str, Value], *, tolerate_missing: bool = False
) -> Conformed:
    """Bring the properties of an object into the form that its types ask for.

    Unknown values pass for any type. Null counts as absent. Secrets stay secret.
    """
    given = {key: value for key, value in properties.items() if value is not None}
    conforming: Properties = {}
    failures: list[Failure] = []
    for field in struct:
        if field.name in given:
            try:
                conforming[field.name] = _value(field.type, given[field.name], struct, field.name)
            except _Mismatch as mismatch:
                failures.append(mismatch.failure)
        elif field.required and not tolerate_missing:
            reason = f"Missing required field '{field.name}' on '{struct.name}'"
            failures.append(Failure(field.name, reason))
    failures += [
        Failure(key, f"Unrecognized field '{key}' on '{struct.name}'")
        for key in given
        if key not in struct
    ]
    return Conformed(conforming, failures)


def summary(failures: Sequence[Failure]) -> str:
    """Put failures into one message."""
    lines = [
        f"{len(failures)} failures decoding:",
        *(f"{f.property}: {f.reason}" for f in failures),
    ]
    return "\n\t".join(lines)


def _value(type_: Type, value: Value, owner: Struct, key: str) -> Value:
    if isinstance(value, Secret):
        return Secret(_value(type_, value.value, owner, key))
    if value is UNKNOWN:
        return value
    match type_, value:
        case ListOf(item), list():
            return [_value(item, v, owner, f"{key}[{i}]") for i, v in enumerate(value)]
        case MapOf(item), Mapping():
            given = {k: v for k, v in value.items() if v is not None}
            return {k: _value(item, v, owner, f"{key}[{k}] value") for k, v in given.items()}
        case Struct(), Mapping():
            return _object(type_, value, owner, key)
        case _:
            return _simple(type_, value, owner, key)


def _simple(type_: Type, value: Value, owner: Struct, key: str) -> Value:
    match type_, value:
        case (Anything(), _) | (Text(), str()) | (Flag(), bool()):
            return value
        case Number(), int() | float() if not isinstance(value, bool):
            return value
        case Whole(), int() | float() if not isinstance(value, bool):
            return int(value)
        case _:
            raise _wrong_type(type_, value, owner, key)


def _object(struct: Struct, value: Mapping[str, Value], owner: Struct, key: str) -> Value:
    found = conform(struct, value)
    if found.failures:
        why = summary(found.failures)
        reason = f"An error occurred decoding '{owner.short_name}.{key}': {why}"
        raise _Mismatch(Failure(key, reason))
    return found.properties


def _wrong_type(type_: Type, value: Value, owner: Struct, key: str) -> _Mismatch:
    reason = (
        f"Field '{key}' on '{owner.name}' must be a '{name_of_type(type_)}'; "
        f"got '{name_of_value(value)}' instead"
    )
    return _Mismatch(Failure(key, reason))
