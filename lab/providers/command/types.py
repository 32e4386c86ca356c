"""The types that a property of a resource can have, as data.

Names in messages are those of Go, in which the real provider is written: its users search for them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from lab.providers.base import Archive, Asset, Reference, Value


@dataclass(frozen=True)
class Text:
    """A string."""


@dataclass(frozen=True)
class Flag:
    """True or false."""


@dataclass(frozen=True)
class Number:
    """A number with or without a fraction."""


@dataclass(frozen=True)
class Whole:
    """A number whose fraction is dropped."""


@dataclass(frozen=True)
class Anything:
    """Any value at all."""


@dataclass(frozen=True)
class ListOf:
    """A list."""

    item: Type


@dataclass(frozen=True)
class MapOf:
    """A map with any keys."""

    item: Type


@dataclass(frozen=True)
class Field:
    """A property of an object.

    Attributes:
        secret: The value becomes secret, whatever was given.
        replaces: A change replaces the resource.
        default: Taken when nothing was given.
    """

    name: str
    type: Type
    required: bool = False
    secret: bool = False
    replaces: bool = False
    default: str | int | None = None


@dataclass(frozen=True)
class Struct:
    """An object with known properties; `name` is that of messages, with its package."""

    name: str
    fields: tuple[Field, ...]

    def __iter__(self) -> Iterator[Field]:
        return iter(self.fields)

    def __contains__(self, name: str) -> bool:
        return any(field.name == name for field in self.fields)

    @property
    def short_name(self) -> str:
        """The name without its package."""
        return self.name.rpartition(".")[2]


Type: TypeAlias = Text | Flag | Number | Whole | Anything | ListOf | MapOf | Struct


_NAMES: Final[Mapping[type, str]] = {
    Text: "string",
    Flag: "bool",
    Number: "float64",
    Whole: "int",
    Anything: "interface {}",
}
# In this order: a bool is an int, and a text is a sequence.
_NAMES_OF_VALUES: Final[Sequence[tuple[tuple[type, ...], str]]] = (
    ((bool,), "bool"),
    ((str,), "string"),
    ((int, float), "float64"),
    ((Asset,), "asset.Asset"),
    ((Archive,), "archive.Archive"),
    ((Reference,), "resource.ResourceReference"),
    ((Mapping,), "map[string]interface {}"),
    ((Sequence,), "[]interface {}"),
)


def name_of_type(type_: Type) -> str:
    """Name a type as Go would."""
    match type_:
        case ListOf(item):
            return f"[]{name_of_type(item)}"
        case MapOf(item):
            return f"map[string]{name_of_type(item)}"
        case Struct():
            return type_.name
        case _:
            return _NAMES[type(type_)]


def name_of_value(value: Value) -> str:
    """Name the type of a known, public value as Go would."""
    return next((name for types, name in _NAMES_OF_VALUES if isinstance(value, types)), "nil")


def zero_of(type_: Type) -> Value:
    """Give the value that Go starts a variable of the type with."""
    match type_:
        case Text() | Anything():
            return ""
        case Flag():
            return False
        case Number() | Whole():
            return 0
        case ListOf():
            return []
        case MapOf():
            return {}
        case Struct():
            return {
                field.name: zero_of(field.type) if field.default is None else field.default
                for field in type_
                if field.required or field.default is not None
            }
