"""Check: what the engine gets to keep as the inputs of a resource.

Source: pulumi-go-provider, infer/resource.go (Check), apply_defaults.go, apply_secrets.go.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from lab.providers.base import UNKNOWN, Properties, Secret, Value
from lab.providers.command.conforming import Failure, conform
from lab.providers.command.types import ListOf, MapOf, Struct, Type, zero_of


class Checked(NamedTuple):
    """The inputs to keep, and what is wrong with those given.

    With failures, the inputs are as they were, but secret where they must be.
    """

    inputs: Properties
    failures: Sequence[Failure] = ()


def check(struct: Struct, properties: Mapping[str, Value]) -> Checked:
    """Validate inputs, fill in defaults, and make secret what must be."""
    found = conform(struct, properties)
    if found.failures:
        return Checked(_object_with_secrets(struct, properties), found.failures)
    return Checked(_object_with_secrets(struct, _object_with_defaults(struct, found.properties)))


def _object_with_defaults(struct: Struct, properties: Mapping[str, Value]) -> Properties:
    filled = {field.name: field.default for field in struct if field.default is not None} | dict(
        properties
    )
    for field in struct:
        if isinstance(field.type, Struct) and field.name in filled:
            filled[field.name] = _with_defaults(field.type, filled[field.name])
    return filled


def _with_defaults(struct: Struct, value: Value) -> Value:
    match value:
        case Secret(held):
            return Secret(_with_defaults(struct, held))
        case Mapping():
            return _object_with_defaults(struct, value)
        case _:
            return value


def _object_with_secrets(struct: Struct, properties: Mapping[str, Value]) -> Properties:
    marked = dict(properties)
    for field in struct:
        if marked.get(field.name) is None:
            continue
        value = _with_secrets(field.type, marked[field.name])
        marked[field.name] = _secret(value) if field.secret else value
    return marked


def _with_secrets(type_: Type, value: Value) -> Value:
    match type_, value:
        # Measured: an input that is secret and unknown comes back as a known, empty secret.
        case _, Secret(held) if held is UNKNOWN:
            return Secret(zero_of(type_))
        case _, Secret(held):
            return Secret(_with_secrets(type_, held))
        case Struct(), Mapping():
            return _object_with_secrets(type_, value)
        case MapOf(item), Mapping():
            return {key: _with_secrets(item, member) for key, member in value.items()}
        case ListOf(item), Sequence() if not isinstance(value, str):
            return [_with_secrets(item, member) for member in value]
        case _:
            return value


def _secret(value: Value) -> Secret:
    return value if isinstance(value, Secret) else Secret(value)
