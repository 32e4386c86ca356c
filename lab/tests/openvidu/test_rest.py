"""The REST API of a simulated server that is alone, held against how OpenVidu answers."""

from __future__ import annotations

import json
import re
import ssl
from collections.abc import Iterator, Sequence
from typing import Any

import httpx
import pytest

from lab.openvidu.node.rest_answers import API
from lab.tests.openvidu.alone import SECRET, openvidu_alone
from lab.tests.openvidu.rest_calls import PARTS, Call
from openvidu import api


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    with openvidu_alone(tmp_path_factory.mktemp("openvidu")) as alone:
        trusted = ssl.create_default_context(cafile=alone.authority)
        url = f"{alone.url}{API}/"
        with httpx.Client(base_url=url, verify=trusted, trust_env=False) as client:
            yield client


@pytest.fixture
def owner(server: httpx.Client) -> Iterator[httpx.Client]:
    """Who knows the secret, of a server without sessions."""
    server.auth = (api.USER, SECRET)
    yield server
    for session in server.get("sessions").json()["content"]:
        server.delete(f"sessions/{session['id']}")


@pytest.mark.parametrize("part", PARTS.values(), ids=list(PARTS))
def test_each_call_is_answered_as_by_openvidu(owner: httpx.Client, part: Sequence[Call]) -> None:
    kept: dict[str, str] = {}
    wrong = [found for call in part if (found := _wrong(owner, call, kept))]
    assert wrong == []


@pytest.mark.parametrize("path", ["config", "sessions", "health", "recordings", "nothing"])
def test_who_does_not_know_the_secret_is_refused(server: httpx.Client, path: str) -> None:
    for auth in (None, (api.USER, "wrong")):
        assert server.get(path, auth=auth).status_code == 401


def test_where_it_is_may_be_asked_by_anybody(server: httpx.Client) -> None:
    assert server.get("config/openvidu-publicurl", auth=None).text.startswith("https://localhost:")


def _wrong(client: httpx.Client, call: Call, kept: dict[str, str]) -> str:
    """What is wrong with the answer to a call; empty where nothing is."""
    path, body = (_filled(value, kept) for value in (call.path, call.body))
    sent = {} if body is None else {"json": body}
    answer = client.request(call.method, path, **sent)
    said = f"{call.method} {path} {json.dumps(body)}: "
    if answer.status_code != call.status:
        return f"{said}status {answer.status_code}, expected {call.status}"
    shown = answer.json() if call.shows or call.keys or call.keep else {}
    if call.keep:
        kept[call.keep] = shown["id"]
    if call.keys is not None and shown.keys() != call.keys:
        return f"{said}other names: {sorted(shown.keys() ^ call.keys)}"
    for way, expected in call.shows.items():
        found = _at(shown, way)
        fits = isinstance(found, expected) if isinstance(expected, type) else found == expected
        if not fits:
            return f"{said}{way} is {found!r}, expected {expected!r}"
    return ""


def _filled(value: Any, kept: dict[str, str]) -> Any:
    """A path or a body, with the ids that were kept in place of their names."""
    if value is None:
        return None
    text = re.sub(r"\{(\w+)\}", lambda name: kept[name[1]], json.dumps(value))
    return json.loads(text)


def _at(shown: Any, way: str) -> Any:
    for name in way.split("."):
        shown = shown[int(name)] if isinstance(shown, list) else shown[name]
    return shown
