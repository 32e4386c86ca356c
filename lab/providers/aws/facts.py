"""The properties of resource types as the real provider has them, and what the lab adds to them.

`facts.json` names the properties of each type, each with words: its kind; `required`; `computed`
(AWS fills it in) or `output` (only AWS sets it); `replaces` or `updates`, where a change of it was
seen to do that; `secret`; `newer` where nothing but the name is known. An object's, and those of a
list or set of objects, stand in a map beside the words.

Source: in the file itself.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, TypeAlias

from lab.providers.aws.schema import STRING, Kind, Property, Rule

Told: TypeAlias = Mapping[str, Any]
"""By property: its words, or a list of its words and what is told of its fields."""

_FILE: Final = Path(__file__).with_name("facts.json")
KINDS: Final = {
    "string": Kind.STRING,
    "bool": Kind.BOOL,
    "integer": Kind.INTEGER,
    "list": Kind.LIST,
    "set": Kind.SET,
    "map": Kind.MAP,
    "object": Kind.OBJECT,
}
_OF_ITEMS: Final = (Kind.LIST, Kind.SET, Kind.MAP)


@dataclass(frozen=True)
class Addition:
    """What the lab adds to what is told of a property, or says otherwise.

    Attributes:
        rules: What its value must satisfy.
        each: What each of its items must satisfy.
        fields: Those of its fields that the lab has.
        changes: Attributes of `Property`.
    """

    rules: tuple[Rule, ...]
    each: tuple[Rule, ...]
    fields: Mapping[str, Addition | Property]
    changes: Mapping[str, Any]


Additions: TypeAlias = Mapping[str, Addition | Property]
"""The properties that the lab has; a `Property` is one of which nothing is told."""


def fact(
    *rules: Rule,
    each: tuple[Rule, ...] = (),
    fields: Additions | None = None,
    **changes: Any,
) -> Addition:
    """A property as it's told, with rules, and with these changes of its attributes."""
    return Addition(rules, each, fields or {}, changes)


def facts(*names: str) -> dict[str, Addition]:
    """Properties exactly as they're told."""
    return {name: fact() for name in names}


@cache
def told_of(resource: str) -> Told:
    """What is told of a resource type's properties.

    Raises:
        KeyError: Nothing is told of this type.
    """
    types: Mapping[str, Told] = json.loads(_FILE.read_text())["types"]
    return types[resource]


def properties_of(told: Told, additions: Additions) -> dict[str, Property]:
    """The properties that the lab has.

    Raises:
        KeyError: A property that the real provider doesn't have.
    """
    return {
        name: added if isinstance(added, Property) else _property(told[name], added)
        for name, added in additions.items()
    }


def settable_names(told: Told) -> frozenset[str]:
    """The properties that a program may set."""
    return frozenset(name for name, entry in told.items() if "output" not in words_of(entry))


def outputs_of(told: Told) -> frozenset[str]:
    """The properties that only AWS sets."""
    return frozenset(told) - settable_names(told)


def secrets_of(told: Told) -> frozenset[str]:
    """The properties that are secret whatever the inputs are."""
    return frozenset(name for name, entry in told.items() if "secret" in words_of(entry))


def words_of(entry: Any) -> frozenset[str]:
    """The words about one property."""
    return frozenset((entry if isinstance(entry, str) else entry[0]).split())


def fields_of(entry: Any) -> Told:
    """What is told of the fields of one property, or of those of its items."""
    fields: Told = entry[1] if isinstance(entry, list) else {}
    return fields


def _property(entry: Any, added: Addition) -> Property:
    words = words_of(entry)
    kind = added.changes.get("kind") or next(KINDS[word] for word in words if word in KINDS)
    fields = properties_of(fields_of(entry), added.fields)
    items = Property(kind=Kind.OBJECT, fields=fields) if fields else STRING.but(rules=added.each)
    return Property(
        kind=kind,
        required="required" in words,
        computed=bool(words & {"computed", "output"}),
        replaces="replaces" in words,
        settable="output" not in words,
        element=items if kind in _OF_ITEMS else None,
        fields=fields if kind is Kind.OBJECT else {},
        rules=added.rules,
    ).but(**added.changes)
