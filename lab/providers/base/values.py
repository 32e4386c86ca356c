"""Property values between the wire (protobuf structs with signatures) and Python.

Numbers without a fraction become `int`, null stays `None`; secrets, unknowns, assets, archives and
resource references become values of their own types. An output value becomes what it holds: a
`Secret`, `UNKNOWN` or the plain value.

Source: pulumi, sdk/go/common/resource/plugin/rpc.go and properties.go (signatures, sentinels).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final, TypeAlias

from google.protobuf import struct_pb2
from pulumi.runtime import rpc


class Unknown(Enum):
    """The type of `UNKNOWN`: a value that will be known after the update."""

    UNKNOWN = "unknown"


UNKNOWN: Final = Unknown.UNKNOWN


@dataclass(frozen=True)
class Secret:
    """A value that must not be shown or stored in plain text."""

    value: Value

    def __repr__(self) -> str:
        return "Secret(…)"


@dataclass(frozen=True)
class Asset:
    """An asset as it was sent: `text`, `path` or `uri`, and its `hash`."""

    fields: Mapping[str, Value]


@dataclass(frozen=True)
class Archive:
    """An archive as it was sent: `assets`, `path` or `uri`, and its `hash`."""

    fields: Mapping[str, Value]


@dataclass(frozen=True)
class Reference:
    """A reference to a resource: `urn`, `id`, `packageVersion`."""

    fields: Mapping[str, Value]


Value: TypeAlias = (
    bool
    | int
    | float
    | str
    | Unknown
    | Secret
    | Asset
    | Archive
    | Reference
    | Sequence["Value"]
    | Mapping[str, "Value"]
    | None
)
Properties: TypeAlias = dict[str, Value]

SIGNATURE_KEY: Final[str] = rpc._special_sig_key
_SECRET: Final[str] = rpc._special_secret_sig
_OUTPUT: Final[str] = rpc._special_output_value_sig
_WRAPPERS: Final[dict[str, type[Asset] | type[Archive] | type[Reference]]] = {
    rpc._special_asset_sig: Asset,
    rpc._special_archive_sig: Archive,
    rpc._special_resource_sig: Reference,
}
_SIGNATURES: Final = {wrapper: signature for signature, wrapper in _WRAPPERS.items()}

# One for each type that an unknown value will have; the SDK sends the first.
_SENTINELS: Final = frozenset(
    {
        rpc.UNKNOWN,
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",  # boolean
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",  # number
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",  # array
        "030794c1-ac77-496b-92df-f27374a8bd58",  # asset
        "e48ece36-62e2-4504-bad9-02848725956a",  # archive
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",  # object
    }
)


def decode(struct: struct_pb2.Struct) -> Properties:
    """Read a property map off the wire.

    Raises:
        ValueError: A signature that no Pulumi version known here uses.
    """
    return {key: _decode(value) for key, value in struct.fields.items()}


def encode(properties: Mapping[str, Value]) -> struct_pb2.Struct:
    """Write a property map to the wire.

    Raises:
        TypeError: A value that has no form on the wire.
    """
    return struct_pb2.Struct(fields={key: _encode(value) for key, value in properties.items()})


def reveal(value: Value) -> Value:
    """Take the secret wrappers off, however deep. Unknowns stay."""
    match value:
        case Secret():
            return reveal(value.value)
        case str():
            return value
        case Mapping():
            return {key: reveal(item) for key, item in value.items()}
        case Sequence():
            return [reveal(item) for item in value]
        case _:
            return value


def contains_secret(value: Value) -> bool:
    """Tell whether the value, or anything in it, is secret."""
    return any(isinstance(item, Secret) for item in _walk(value))


def contains_unknown(value: Value) -> bool:
    """Tell whether the value, or anything in it, is not known yet."""
    return any(item is UNKNOWN for item in _walk(value))


def _walk(value: Value) -> Iterator[Value]:
    yield value
    match value:
        case str():
            return
        case Secret():
            yield from _walk(value.value)
        case Mapping():
            for item in value.values():
                yield from _walk(item)
        case Sequence():
            for item in value:
                yield from _walk(item)
        case Asset() | Archive() | Reference():
            yield from _walk(value.fields)


def _decode(value: struct_pb2.Value) -> Value:
    match value.WhichOneof("kind"):
        case "bool_value":
            return value.bool_value
        case "number_value":
            number = value.number_value
            return int(number) if number.is_integer() else number
        case "string_value":
            return UNKNOWN if value.string_value in _SENTINELS else value.string_value
        case "list_value":
            return [_decode(item) for item in value.list_value.values]
        case "struct_value":
            return _decode_struct(value.struct_value)
        case _:
            return None


def _decode_struct(struct: struct_pb2.Struct) -> Value:
    fields = {key: _decode(item) for key, item in struct.fields.items()}
    if SIGNATURE_KEY not in fields:
        return fields
    signature = fields.pop(SIGNATURE_KEY)
    if signature == _SECRET:
        return Secret(fields.get("value"))
    if signature == _OUTPUT:
        held = fields.get("value", UNKNOWN)
        return Secret(held) if fields.get("secret") is True else held
    wrapper = _WRAPPERS.get(str(signature))
    if wrapper is None:
        raise ValueError(
            f"property value with signature {signature!r}: expected a secret, an output value, "
            "an asset, an archive or a resource reference"
        )
    return wrapper(fields)


def _encode(value: Value) -> struct_pb2.Value:
    match value:
        case Unknown():
            return struct_pb2.Value(string_value=rpc.UNKNOWN)
        case Secret():
            return _signed(_SECRET, {"value": value.value})
        case Asset() | Archive() | Reference():
            return _signed(_SIGNATURES[type(value)], value.fields)
        case Mapping():
            return struct_pb2.Value(struct_value=encode(value))
        case None | bool() | int() | float() | str():
            return _encode_scalar(value)
        case Sequence():
            items = [_encode(item) for item in value]
            return struct_pb2.Value(list_value=struct_pb2.ListValue(values=items))
    raise TypeError(f"{type(value).__name__} cannot be a property value")


def _encode_scalar(value: bool | float | str | None) -> struct_pb2.Value:
    match value:
        case None:
            return struct_pb2.Value(null_value=struct_pb2.NULL_VALUE)
        case bool():
            return struct_pb2.Value(bool_value=value)
        case str():
            return struct_pb2.Value(string_value=value)
        case _:
            return struct_pb2.Value(number_value=value)


def _signed(signature: str, fields: Mapping[str, Value]) -> struct_pb2.Value:
    return struct_pb2.Value(struct_value=encode({SIGNATURE_KEY: signature, **fields}))
