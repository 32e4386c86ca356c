from __future__ import annotations

import pytest
from google.protobuf import json_format, struct_pb2

from lab.providers.base import (
    UNKNOWN,
    Archive,
    Asset,
    Reference,
    Secret,
    Value,
    contains_secret,
    contains_unknown,
    decode,
    encode,
    reveal,
)
from lab.providers.base.values import SIGNATURE_KEY

OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4"


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        0,
        1.5,
        "text",
        UNKNOWN,
        [1, [UNKNOWN], {"a": None}],
        {"a": Secret({"b": UNKNOWN})},
        Asset({"text": "hello", "hash": "1"}),
        Archive({"path": "/srv/files", "hash": "2"}),
        Reference({"urn": "urn:pulumi:s::p::t::n", "id": "i-1"}),
    ],
)
def test_values_come_back_as_they_were_sent(value: Value) -> None:
    assert decode(encode({"value": value})) == {"value": value}


@pytest.mark.parametrize(
    ("wire", "value"),
    [
        ({"value": "x"}, "x"),
        ({"value": "x", "secret": True, "dependencies": ["urn:1"]}, Secret("x")),
        ({"secret": True}, Secret(UNKNOWN)),
        ({}, UNKNOWN),
    ],
)
def test_an_output_value_becomes_what_it_holds(wire: dict[str, object], value: Value) -> None:
    struct = json_format.ParseDict({"value": {SIGNATURE_KEY: OUTPUT, **wire}}, struct_pb2.Struct())
    assert decode(struct) == {"value": value}


def test_an_unknown_signature_is_an_error() -> None:
    with pytest.raises(ValueError, match="signature 'abc'"):
        decode(encode({"value": {SIGNATURE_KEY: "abc"}}))


def test_secrets_and_unknowns_are_found_however_deep() -> None:
    value: Value = {"a": [{"b": Secret([UNKNOWN])}]}
    assert contains_secret(value)
    assert contains_unknown(value)
    assert not contains_secret(reveal(value))
    assert reveal(value) == {"a": [{"b": [UNKNOWN]}]}
    assert "hidden" not in repr(Secret("hidden"))
