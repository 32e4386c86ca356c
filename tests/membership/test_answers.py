"""What the API says is a value or unknown, whatever JSON comes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from membership import answers
from membership.answers import Call, MediaNode, Unknown
from membership.cluster_view import Cluster
from scripts.cluster_status import Status, main_status, node_status
from tests.membership.listener import Listener, listening

TEXT = st.text(st.characters(), max_size=5)
"""Halves of characters too, which JSON can hold."""
KEYS = st.sampled_from(
    [
        "content",
        "numberOfElements",
        "id",
        "ip",
        "status",
        "sessions",
        "sessionId",
        "load",
        "nodes",
        "connections",
        "createdAt",
        "clusterStatus",
        "disconnectedMediaNodes",
        "mediaNodeId",
        "master_10.5.0.6",
    ]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT | KEYS, inner, max_size=4),
    max_leaves=12,
)
NODE = {"id": "media_1", "ip": "10.5.0.6", "status": "running", "sessions": [], "load": 1}
SESSION = {"id": "s", "connections": {"numberOfElements": 2}, "createdAt": 1000}


@given(JSON)
def test_no_answer_is_a_traceback(found: Any) -> None:
    assert isinstance(answers.media_nodes(found), list | Unknown)
    assert isinstance(answers.calls(found), list | Unknown)
    assert isinstance(answers.is_listed_up(found, "10.5.0.6"), bool | Unknown)
    assert isinstance(answers.health(found), dict | Unknown)


@given(st.sampled_from(sorted(NODE)), JSON)
def test_a_node_with_a_broken_field_isnt_gone(name: str, value: Any) -> None:
    found = answers.media_nodes({"numberOfElements": 1, "content": [{**NODE, name: value}]})
    assert isinstance(found, Unknown) or len(found) == 1


@pytest.mark.parametrize(
    "found",
    [
        None,
        [],
        {},
        {"content": {}},
        {"content": "x"},
        {"content": ["x"]},
        {"content": [None]},
        {"numberOfElements": 3, "content": []},
        {"content": [{**NODE, "ip": None}]},
        {"content": [{**NODE, "sessions": {"numberOfElements": 1}}]},
    ],
)
def test_what_is_no_list_of_nodes_is_no_empty_one(found: Any) -> None:
    assert isinstance(answers.media_nodes(found), Unknown)


def test_a_list_is_read_with_its_sessions() -> None:
    node = {**NODE, "sessions": ["a", {"sessionId": "b"}], "load": 41.5}
    found = answers.media_nodes({"numberOfElements": 1, "content": [node]})
    assert found == [MediaNode("media_1", "10.5.0.6", "running", ("a", "b"), 41.5)]


def test_a_session_is_read_with_its_participants() -> None:
    assert answers.calls({"content": [SESSION]}) == [Call("s", "", 2, 1.0)]


def test_a_list_without_its_sessions_count_is_unknown() -> None:
    assert isinstance(answers.calls({"content": [{**SESSION, "connections": None}]}), Unknown)


def shown(health: Any, sessions: Any) -> list[str]:
    """What somebody is told who asks for the status while the API answers so."""
    told, calls = answers.health(health), answers.calls(sessions)
    known = calls if isinstance(calls, list) else None
    overview = {
        "health": None if isinstance(told, Unknown) else told,
        "sessions": None if known is None else [one.as_json() for one in known],
    }
    overview["nodes"] = {"10.5.0.6": {"phase": "serving", "sessions": overview["sessions"]}}
    found = json.loads(json.dumps(overview))
    machines = [
        main_status("master", None, None, found),
        node_status("node-1", "10.5.0.6", None, None, found),
    ]
    status = Status(found["health"], machines, None)
    json.dumps(status.as_json(), ensure_ascii=False).encode()
    return status.remarks(datetime.now(UTC))


NODE_HEALTH = {"status": "UP", "id": "master_10.5.0.6", "uri": "u", "disconnectedMediaNodes": []}
HEALTH = {"clusterStatus": "UP", "nodes": {"master_10.5.0.6": NODE_HEALTH}}


@settings(deadline=None)
@given(
    JSON | st.builds(lambda value: {**HEALTH, "nodes": value}, JSON),
    st.sampled_from(sorted(NODE_HEALTH)),
    st.sampled_from(sorted(SESSION)),
    JSON | st.floats(),
)
def test_a_status_is_shown_whatever_the_api_answers(
    health: Any, of_node: str, of_session: str, value: Any
) -> None:
    session = {"content": [{**SESSION, of_session: value}]}
    node = {**NODE_HEALTH, of_node: value}
    for one in (health, node, {**HEALTH, "nodes": {"master_10.5.0.6": node}}):
        assert all(isinstance(remark, str) for remark in shown(one, session))


@pytest.mark.parametrize(
    "found",
    [
        {**HEALTH, "nodes": ["x"]},
        {**HEALTH, "nodes": {"a": "x"}},
        {**HEALTH, "nodes": {"a": {**NODE_HEALTH, "disconnectedMediaNodes": [1]}}},
        {**HEALTH, "nodes": {"a": {**NODE_HEALTH, "disconnectedMediaNodes": "x"}}},
        {**HEALTH, "nodes": {"\ud800": NODE_HEALTH}},
        {"status": 503, "error": "Bad Gateway"},
    ],
)
def test_what_is_no_health_is_not_told_as_one(found: Any) -> None:
    assert isinstance(answers.health(found), Unknown)
    assert any("doesn't say how it is" in remark for remark in shown(found, {"content": []}))


def test_the_health_is_as_documented_and_a_master_s_too() -> None:
    assert answers.health(HEALTH) == HEALTH
    master = {"status": "UP", "disconnectedMediaNodes": []}
    assert answers.health(master) == master


@pytest.mark.parametrize("created", [1e300, 1.7e15, -1, float("nan"), 10**400, "today"])
def test_a_session_of_no_date_is_unknown(created: Any) -> None:
    assert isinstance(answers.calls({"content": [{**SESSION, "createdAt": created}]}), Unknown)


@pytest.mark.parametrize("count", [-1, 0.5, 1e300, True])
def test_participants_that_cant_be_counted_are_unknown(count: Any) -> None:
    session = {**SESSION, "connections": {"numberOfElements": count}}
    found = answers.calls({"content": [session]})
    assert isinstance(found, Unknown) or found[0].participants > 0


@pytest.fixture(scope="module")
def listener() -> Iterator[Listener]:
    with listening() as found:
        yield found


def listed_with(id_: str) -> MediaNode | Unknown:
    """The node with such an id, as it's read from the text of an answer."""
    answer = json.loads(json.dumps({"content": [{**NODE, "id": id_}]}))
    found = answers.media_nodes(answer)
    return found if isinstance(found, Unknown) else found[0]


def assert_is_asked_for(node: MediaNode, listener: Listener) -> None:
    """What follows from an answer, the request to stop new sessions, is about that node."""
    assert Cluster("secret", entrances=lambda: [[listener.url]]).stop_new_sessions(node) is None
    *_, last = listener.paths[-1].split("/")
    assert unquote(last) == node.id


@settings(deadline=None)
@given(TEXT | st.text(st.sampled_from("a./%\\?#;:@ é\n\0"), max_size=4))
def test_what_follows_from_an_id_is_a_request_for_it(listener: Listener, id_: str) -> None:
    node = listed_with(id_)
    if isinstance(node, MediaNode):
        assert_is_asked_for(node, listener)


@pytest.mark.parametrize("id_", ["media_1", "a b", "%2F", "a?b#c", "é"])
def test_an_id_of_any_characters_is_asked_for(listener: Listener, id_: str) -> None:
    node = listed_with(id_)
    assert isinstance(node, MediaNode)
    assert_is_asked_for(node, listener)


@pytest.mark.parametrize("id_", ["", ".", "..", "a/b", "a\nb", "\0", "\ud800", "a" * 70_000])
def test_what_cant_be_a_part_of_a_url_is_no_id(id_: str) -> None:
    assert isinstance(listed_with(id_), Unknown)


@pytest.mark.parametrize("name", ["ip", "status", "sessions"])
def test_what_people_are_shown_can_be_shown(name: str) -> None:
    value = ["a\ud800"] if name == "sessions" else "a\ud800"
    assert isinstance(answers.media_nodes({"content": [{**NODE, name: value}]}), Unknown)
