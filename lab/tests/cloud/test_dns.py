"""The server of names, asked as the resolver of the C library asks."""

from __future__ import annotations

import pytest

from lab.cloud.dns import answer

HOSTS = "127.0.0.1 localhost\n198.18.0.2 mirror.example.io docker.elastic.co # fixed\n"
HEAD = bytes.fromhex("abcd 0100 0001 0000 0000 0000")
TAIL = bytes.fromhex("0001")
MIRROR = b"\x06mirror\x07example\x02io\0"


def query(name: bytes, kind: int) -> bytes:
    return HEAD + name + kind.to_bytes(2) + TAIL


def test_a_name_has_its_address() -> None:
    found = answer(query(MIRROR, 1), HOSTS)
    assert found[:8] == bytes.fromhex("abcd 8180 0001 0001")
    assert found.endswith(bytes.fromhex("c00c 0001 0001 00000000 0004 c6120002"))


@pytest.mark.parametrize(
    ("name", "kind", "flags"),
    [(MIRROR, 28, 0x8180), (b"\x02no\x02io\0", 1, 0x8183), (b"\x02no\x02io\0", 28, 0x8183)],
)
def test_what_has_no_address_of_a_kind_is_told_apart_from_what_is_unknown(
    name: bytes, kind: int, flags: int
) -> None:
    found = answer(query(name, kind), HOSTS)
    assert found[:8] == bytes.fromhex(f"abcd {flags:04x} 0001 0000")
    assert found[12:] == query(name, kind)[12:]
