"""Which STUN and TURN servers a server tells its clients of, where they are configured."""

from __future__ import annotations

from pathlib import Path

from lab.openvidu.node.server_config import ServerConfig
from openvidu import environment


def told(text: str) -> list[dict[str, object]]:
    values = {environment.OPENVIDU_SECRET: "s", environment.ICE_SERVERS: text}
    return ServerConfig(values, Path("/nowhere")).ice_servers


def test_one_with_a_shared_secret_is_told_with_credentials_of_its_own() -> None:
    (one,) = told('["url=turns:turn.example.io:443,staticAuthSecret=a=b"]')
    assert one["url"] == "turns:turn.example.io:443"
    assert str(one["username"]).count(":") == 1
    assert one["credential"]


def test_one_with_a_user_is_told_as_it_is() -> None:
    url = "turn:turn.example.io:3478"
    assert told(f'["url={url},username=me,credential=word"]') == [
        {"url": url, "username": "me", "credential": "word"}
    ]


def test_without_any_it_is_the_nodes_own() -> None:
    assert told("") == []
