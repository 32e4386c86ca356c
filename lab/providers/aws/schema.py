"""The vocabulary in which resource types are described: properties, and what goes with them.

A table of these says about a type what pulumi-aws's schema says about it: which properties there
are, of which kind, which are required, which replace the resource, which AWS fills in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any, Final, TypeAlias

State: TypeAlias = dict[str, Any]
"""Inputs or outputs of a resource, in Pulumi's names, without secret wrappers."""

Rule: TypeAlias = Callable[[Any], str | None]
"""Looks at one value; returns what is wrong with it, in words, or None."""


class Kind(Enum):
    """What a property holds."""

    STRING = "a string"
    BOOL = "true or false"
    INTEGER = "an integer"
    LIST = "a list"
    SET = "a list without order"
    MAP = "a map"
    OBJECT = "an object"


@dataclass(frozen=True, kw_only=True)
class Property:
    """One property of a resource type or of an object in it.

    Attributes:
        kind: What it holds.
        required: Must be given.
        computed: AWS fills it in if it is not given, so that its absence is no change.
        replaces: A change needs a new resource.
        settable: False if only AWS sets it.
        default: Filled in by the check if it is not given,
        default_unless: … and none of these is.
        element: The items of a list, set or map.
        fields: The properties of an object.
        rules: What its value must satisfy.
        normal: Brings values that mean the same into one form.
    """

    kind: Kind
    required: bool = False
    computed: bool = False
    replaces: bool = False
    settable: bool = True
    default: bool | int | str | None = None
    default_unless: tuple[str, ...] = ()
    element: Property | None = None
    fields: Mapping[str, Property] = field(default_factory=dict)
    rules: tuple[Rule, ...] = ()
    normal: Callable[[Any], Any] | None = None

    def but(self, **changes: Any) -> Property:
        """A copy with changes."""
        return replace(self, **changes)


STRING: Final = Property(kind=Kind.STRING)
BOOL: Final = Property(kind=Kind.BOOL)
INTEGER: Final = Property(kind=Kind.INTEGER)
STRING_LIST: Final = Property(kind=Kind.LIST, element=STRING)
STRING_SET: Final = Property(kind=Kind.SET, element=STRING)
STRING_MAP: Final = Property(kind=Kind.MAP, element=STRING)


def string(*rules: Rule, **attributes: Any) -> Property:
    """A string that satisfies the rules."""
    return STRING.but(rules=rules, **attributes)


def boolean(**attributes: Any) -> Property:
    """True or false."""
    return BOOL.but(**attributes)


def integer(*rules: Rule, **attributes: Any) -> Property:
    """An integer that satisfies the rules."""
    return INTEGER.but(rules=rules, **attributes)


def block(fields: Mapping[str, Property], **attributes: Any) -> Property:
    """One object with these properties."""
    return Property(kind=Kind.OBJECT, fields=fields, **attributes)


def blocks(fields: Mapping[str, Property], **attributes: Any) -> Property:
    """A list of objects with these properties."""
    return Property(kind=Kind.LIST, element=block(fields), **attributes)


def strings(element: Property, **attributes: Any) -> Property:
    """Strings without order."""
    return Property(kind=Kind.SET, element=element, **attributes)


@dataclass(frozen=True)
class Failure:
    """A property that the check refuses, and why."""

    path: str
    reason: str


Check: TypeAlias = Callable[[State], Iterator[Failure]]
"""Looks at all inputs together, after each was checked alone."""


def exactly_one_of(*names: str) -> Check:
    """Exactly one of the properties is given."""

    def check(inputs: State) -> Iterator[Failure]:
        given = [name for name in names if inputs.get(name) is not None]
        if len(given) != 1:
            found = f"got {_and(given)}" if given else "got none"
            yield Failure(given[-1] if given else names[0], f"one of {_or(names)}: {found}")

    return check


def at_least_one_of(*names: str) -> Check:
    """At least one of the properties is given."""

    def check(inputs: State) -> Iterator[Failure]:
        if all(inputs.get(name) is None for name in names):
            yield Failure(names[0], f"at least one of {_or(names)}: got none")

    return check


def conflicts(name: str, *others: str) -> Check:
    """Where `name` is given none of the others is."""

    def check(inputs: State) -> Iterator[Failure]:
        if inputs.get(name) is None:
            return
        for other in others:
            if inputs.get(other) is not None:
                yield Failure(other, f"cannot be given together with {name}")

    return check


def _and(names: list[str]) -> str:
    return " and ".join(names)


def _or(names: tuple[str, ...]) -> str:
    return " or ".join(names)
