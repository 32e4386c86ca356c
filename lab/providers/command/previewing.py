"""Which outputs a preview can tell.

Source: pulumi-go-provider, infer/resource.go (markComputed): the provider can't know which input
an output depends on, and takes it that each depends on all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from lab.providers.base import UNKNOWN, Properties, Secret, Value
from lab.providers.command.comparing import same
from lab.providers.command.types import Struct


def after_create(inputs: Mapping[str, Value], struct: Struct, outputs: Iterable[str]) -> Properties:
    """Foretell a new resource: its inputs, and outputs not known yet."""
    return _mirrored(inputs, struct) | dict.fromkeys(outputs, UNKNOWN)


def after_update(
    inputs: Mapping[str, Value],
    state: Mapping[str, Value],
    struct: Struct,
    outputs: Iterable[str],
) -> Properties:
    """Foretell an updated resource: outputs are unknown if an input is, or is about to change.

    An input that the state does not have yet does not count as a change: measured.
    """
    changes = any(
        _is_unknown(inputs.get(field.name))
        or (field.name in state and not same(inputs.get(field.name), state[field.name]))
        for field in struct
    )
    kept = {name: UNKNOWN if changes else state[name] for name in outputs if name in state}
    return _mirrored(inputs, struct) | kept


def _mirrored(inputs: Mapping[str, Value], struct: Struct) -> Properties:
    return {field.name: inputs[field.name] for field in struct if field.name in inputs}


def _is_unknown(value: Value) -> bool:
    return value is UNKNOWN or value == Secret(UNKNOWN)
