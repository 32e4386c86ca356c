"""Check: is what the program asks for possible, and what does it get by default?"""

from __future__ import annotations

import difflib
import hashlib
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from lab.providers.aws.facts import Told, fields_of, settable_names, told_of
from lab.providers.aws.function import Function
from lab.providers.aws.resource_type import AutoName, ResourceType
from lab.providers.aws.schema import STRING, Failure, Kind, Property, State
from lab.providers.base import UNKNOWN, contains_unknown

DEFAULTS_KEY: Final = "__defaults"
"""Names the inputs that were not given but filled in, as in the state that pulumi-aws keeps."""

_AUTONAME_HEX: Final = 7
TYPES_BY_KIND: Final[dict[Kind, tuple[type, ...]]] = {
    Kind.STRING: (str,),
    Kind.BOOL: (bool,),
    Kind.INTEGER: (int,),
    Kind.LIST: (list,),
    Kind.SET: (list,),
    Kind.MAP: (dict,),
    Kind.OBJECT: (dict,),
}


@dataclass(frozen=True)
class Checked:
    """Inputs with defaults, and what is wrong with them."""

    inputs: State
    failures: Sequence[Failure]


def check(
    kind: ResourceType,
    *,
    name: str,
    given: State,
    before: State,
    seed: bytes,
    default_tags: Mapping[str, str],
) -> Checked:
    """Check a resource's inputs.

    Args:
        kind: The resource type.
        name: The resource's name in the program.
        given: The inputs, with unknowns.
        before: The inputs as of the last update, or nothing.
        seed: Random bytes for the name, if one has to be made.
        default_tags: The provider's tags for everything.
    """
    inputs = {key: value for key, value in given.items() if value is not None}
    inputs.pop(DEFAULTS_KEY, None)
    inputs.pop("tagsAll", None)
    failures = list(_check_fields(kind.name, "", kind.properties, inputs, told_of(kind.name)))
    filled = _fill_defaults(kind.properties, inputs)
    if kind.autoname and _needs_name(kind.autoname, inputs):
        inputs[kind.autoname.name] = _name(kind.autoname, name, before, seed)
        filled.append(kind.autoname.name)
    if not failures:
        for condition in kind.checks:
            failures.extend(condition(inputs))
    if kind.taggable:
        inputs["tagsAll"] = _all_tags(default_tags, inputs.get("tags"))
    inputs[DEFAULTS_KEY] = sorted(filled)
    return Checked(inputs, failures)


def _check_fields(
    owner: str, path: str, properties: Mapping[str, Property], values: State, told: Told
) -> Iterator[Failure]:
    for key, value in values.items():
        where = f"{path}{key}"
        if key not in properties:
            yield Failure(where, _unknown_property(key, owner, properties, told))
        elif not properties[key].settable:
            yield Failure(where, f"only AWS sets this property of {owner}")
        else:
            yield from _check_value(owner, where, properties[key], value, fields_of(told.get(key)))
    for key, declared in properties.items():
        if declared.required and values.get(key) is None:
            yield Failure(f"{path}{key}", f"missing: {owner} needs it")


def _check_value(
    owner: str, path: str, declared: Property, value: Any, told: Told
) -> Iterator[Failure]:
    if value is UNKNOWN or value is None:
        return
    if not _has_kind(value, declared.kind):
        yield Failure(path, f"expected {declared.kind.value}, got {_show(value)}")
        return
    match declared.kind:
        case Kind.OBJECT:
            yield from _check_fields(f"{owner}.{path}", f"{path}.", declared.fields, value, told)
        case Kind.LIST | Kind.SET if declared.element:
            for index, item in enumerate(value):
                yield from _check_value(owner, f"{path}[{index}]", declared.element, item, told)
        case Kind.MAP if declared.element:
            for key, item in value.items():
                yield from _check_value(owner, f"{path}.{key}", declared.element, item, told)
    if contains_unknown(value) and declared.kind is not Kind.MAP:
        return
    for rule in declared.rules:
        problem = rule(value)
        if problem:
            yield Failure(path, problem)


def _has_kind(value: Any, kind: Kind) -> bool:
    if isinstance(value, bool):
        return kind is Kind.BOOL
    return isinstance(value, TYPES_BY_KIND[kind])


def _show(value: Any) -> str:
    match value:
        case bool():
            return str(value).lower()
        case dict():
            return "an object"
        case list():
            return "a list"
        case _:
            return repr(value)


def _unknown_property(key: str, owner: str, properties: Mapping[str, Property], told: Told) -> str:
    known = sorted(name for name, declared in properties.items() if declared.settable)
    if key in settable_names(told):
        return f"the lab doesn't have it, unlike AWS; of {owner} it has {', '.join(known)}"
    close = difflib.get_close_matches(key, known, n=1)
    hint = f"did you mean {close[0]}?" if close else f"it takes {', '.join(known)}"
    return f"{owner} has no such property; {hint}"


def _fill_defaults(properties: Mapping[str, Property], inputs: State) -> list[str]:
    filled = []
    for key, declared in properties.items():
        if inputs.get(key) is None:
            blocked = any(inputs.get(other) is not None for other in declared.default_unless)
            if declared.default is not None and not blocked:
                inputs[key] = declared.default
                filled.append(key)
            continue
        items = inputs[key] if isinstance(inputs[key], list) else [inputs[key]]
        fields = declared.element.fields if declared.element else declared.fields
        for item in items:
            if fields and isinstance(item, dict):
                _fill_defaults(fields, item)
    return filled


def _needs_name(autoname: AutoName, inputs: State) -> bool:
    given = (inputs.get(name) for name in (autoname.name, autoname.prefix) if name)
    return all(value is None for value in given)


def _name(autoname: AutoName, name: str, before: State, seed: bytes) -> str:
    """Keep the name that was made before; else make one as pulumi-aws does: `name-1a2b3c4`."""
    if autoname.name in before.get(DEFAULTS_KEY, []):
        return str(before[autoname.name])
    random = hashlib.sha256(seed or secrets.token_bytes(32)).hexdigest()[:_AUTONAME_HEX]
    return f"{name[: autoname.limit - _AUTONAME_HEX - 1]}-{random}"


def _all_tags(default_tags: Mapping[str, str], tags: Any) -> Any:
    return UNKNOWN if tags is UNKNOWN else {**default_tags, **(tags or {})}


def check_arguments(function: Function, arguments: State) -> list[Failure]:
    """Check a function's arguments; returns what is wrong with them."""
    properties = {**function.inputs, "region": STRING}
    failures = list(_check_fields(function.name, "", properties, arguments, {}))
    if not failures:
        for condition in function.checks:
            failures.extend(condition(arguments))
    return failures
