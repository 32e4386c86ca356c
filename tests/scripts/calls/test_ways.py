"""Addresses of TURN servers, as OpenVidu tells them."""

from __future__ import annotations

import pytest

from scripts.calls.ways import TurnServer, Way


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("turn:203.0.113.12:443", TurnServer("203.0.113.12", 443, False)),
        ("turn:turn.example.io", TurnServer("turn.example.io", 3478, False)),
        ("turns:turn.example.io?transport=tcp", TurnServer("turn.example.io", 5349, True)),
        ("turn:[2001:db8::1]:443", TurnServer("2001:db8::1", 443, False)),
    ],
)
def test_where_a_server_is(url: str, expected: TurnServer) -> None:
    assert TurnServer.of(url) == expected


@pytest.mark.parametrize("url", ["", "stun:203.0.113.12", "turn:", "turn:a:b"])
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="no address of a TURN server"):
        TurnServer.of(url)


def test_the_way_takes_the_place_of_a_transport() -> None:
    assert Way.TURN_TCP.url("turn:a:443?transport=udp") == "turn:a:443?transport=tcp"
