"""Refresh and import: the inputs that would make a resource as it was found."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lab.providers.aws.check import DEFAULTS_KEY
from lab.providers.aws.resource_type import ResourceType
from lab.providers.aws.schema import Kind, Property, State


def inputs_of(kind: ResourceType, found: State, inputs: State) -> State:
    """Find the inputs that describe a resource as it is.

    Args:
        kind: The resource type.
        found: The resource's state.
        inputs: The inputs as of the last update: they keep their form, and show what has changed.
            Nothing for an import, which gives all that can be set and is no default.
    """
    if not inputs:
        return _imported(kind, found)
    kept = {
        name: _drifted(kind.properties.get(name), value, found.get(name))
        for name, value in inputs.items()
    }
    if kind.taggable and found.get("tags") and "tags" not in inputs:
        kept["tags"] = found["tags"]
    return kept


def _drifted(declared: Property | None, known: Any, seen: Any) -> Any:
    """What is seen, in the form in which it is known if both mean the same."""
    if declared is None or seen is None:
        return known
    if declared.kind is Kind.OBJECT and isinstance(known, dict) and isinstance(seen, dict):
        return {
            name: _drifted(declared.fields.get(name), value, seen.get(name))
            for name, value in known.items()
        }
    if declared.kind is Kind.SET and isinstance(known, list) and isinstance(seen, list):
        return known if sorted(map(str, known)) == sorted(map(str, seen)) else seen
    if declared.normal and declared.normal(known) == declared.normal(seen):
        return known
    return seen


def _imported(kind: ResourceType, found: State) -> State:
    inputs = _settable(kind.properties, found)
    for condition in kind.checks:
        # AWS tells several properties of which only one may be given, such as an address twice.
        for failure in list(condition(inputs)):
            if failure.path in kind.properties and kind.properties[failure.path].computed:
                inputs.pop(failure.path, None)
    return {DEFAULTS_KEY: [], **inputs}


def _settable(properties: Mapping[str, Property], values: State) -> State:
    chosen: State = {}
    for name, declared in properties.items():
        value = values.get(name)
        if not declared.settable or value in (None, "", [], {}, declared.default):
            continue
        nested = declared.kind is Kind.OBJECT and isinstance(value, dict)
        chosen[name] = _settable(declared.fields, value) if nested else value
    return chosen
