"""Property values as they travel over gRPC: a protobuf Struct with marks for what JSON hasn't.

Source: pulumi, pkg/resource/plugin/rpc.go.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from google.protobuf import struct_pb2

from lab.engine.model.values import (
    OUTPUT_SIGNATURE,
    REFERENCE_SIGNATURE,
    SECRET_SIGNATURE,
    SIGNATURE,
    UNKNOWN,
    Properties,
    Secret,
    Value,
    as_secret,
)

UNKNOWN_TEXT: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
_UNKNOWNS: Final = frozenset(
    {
        UNKNOWN_TEXT,
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",  # bool
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",  # number
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",  # array
        "030794c1-ac77-496b-92df-f27374a8bd58",  # asset
        "e48ece36-62e2-4504-bad9-02848725956a",  # archive
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",  # object
    }
)


def read(struct: struct_pb2.Struct) -> Properties:
    """Properties from the wire; output values lose their dependencies."""
    return {key: read_value(item) for key, item in struct.fields.items()}


def read_value(value: struct_pb2.Value) -> Value:
    """One value from the wire."""
    kind = value.WhichOneof("kind")
    if kind == "string_value":
        return UNKNOWN if value.string_value in _UNKNOWNS else value.string_value
    if kind == "number_value":
        number = value.number_value
        return int(number) if number.is_integer() else number
    if kind == "bool_value":
        return value.bool_value
    if kind == "list_value":
        return [read_value(item) for item in value.list_value.values]
    if kind == "struct_value":
        return _read_object(value.struct_value)
    return None


def _read_object(struct: struct_pb2.Struct) -> Value:
    fields = struct.fields
    mark = fields[SIGNATURE].string_value if SIGNATURE in fields else ""
    if mark == SECRET_SIGNATURE:
        return as_secret(read_value(fields["value"]))
    if mark == OUTPUT_SIGNATURE:
        element = read_value(fields["value"]) if "value" in fields else UNKNOWN
        secret = "secret" in fields and fields["secret"].bool_value
        return as_secret(element) if secret else element
    return {key: read_value(item) for key, item in fields.items()}


def dependencies(value: struct_pb2.Value) -> set[str]:
    """URNs that the output values inside a value depend on."""
    found: set[str] = set()
    if value.HasField("list_value"):
        for item in value.list_value.values:
            found |= dependencies(item)
    elif value.HasField("struct_value"):
        fields = value.struct_value.fields
        if SIGNATURE in fields and fields[SIGNATURE].string_value == OUTPUT_SIGNATURE:
            if "dependencies" in fields:
                listed = fields["dependencies"].list_value.values
                found |= {item.string_value for item in listed}
            if "value" in fields:
                found |= dependencies(fields["value"])
        else:
            for item in fields.values():
                found |= dependencies(item)
    return found


def write(
    properties: Mapping[str, Value],
    *,
    secrets: bool = True,
    references: bool = True,
    unknowns: bool = True,
) -> struct_pb2.Struct:
    """Properties for the wire.

    Args:
        properties: what to send.
        secrets: whether the receiver knows secrets; else they go in plain.
        references: whether it knows references to resources; else it gets their ids.
        unknowns: whether unknown values go; else they are left out.
    """
    struct = struct_pb2.Struct()
    for key, item in properties.items():
        if item is UNKNOWN and not unknowns:
            continue
        _write(item, struct.fields[key], secrets, references, unknowns)
    return struct


def _write(
    value: Value, to: struct_pb2.Value, secrets: bool, references: bool, unknowns: bool
) -> None:
    if isinstance(value, Secret):
        if secrets:
            to.struct_value.fields[SIGNATURE].string_value = SECRET_SIGNATURE
            to = to.struct_value.fields["value"]
        _write(value.element, to, secrets, references, unknowns)
    elif isinstance(value, dict):
        if not references and value.get(SIGNATURE) == REFERENCE_SIGNATURE:
            id_ = value.get("id")
            _write(id_ if id_ is not None else value["urn"], to, secrets, references, unknowns)
            return
        to.struct_value.SetInParent()
        for key, item in value.items():
            if item is UNKNOWN and not unknowns:
                continue
            _write(item, to.struct_value.fields[key], secrets, references, unknowns)
    elif isinstance(value, list):
        to.list_value.SetInParent()
        for item in value:
            if item is UNKNOWN and not unknowns:
                continue
            _write(item, to.list_value.values.add(), secrets, references, unknowns)
    else:
        _write_scalar(value, to)


def _write_scalar(value: Value, to: struct_pb2.Value) -> None:
    if value is None:
        to.null_value = struct_pb2.NULL_VALUE
    elif isinstance(value, bool):
        to.bool_value = value
    elif isinstance(value, int | float):
        to.number_value = value
    elif isinstance(value, str):
        to.string_value = value
    else:
        to.string_value = UNKNOWN_TEXT
