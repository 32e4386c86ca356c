"""What the API says is a value or unknown, whatever JSON comes."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from membership import answers
from membership.answers import Call, MediaNode, Unknown

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
        "mediaNodeId",
        "master_10.5.0.6",
    ]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5) | KEYS, inner, max_size=4)
    ),
    max_leaves=12,
)
NODE = {"id": "media_1", "ip": "10.5.0.6", "status": "running", "sessions": [], "load": 1}
SESSION = {"id": "s", "connections": {"numberOfElements": 2}, "createdAt": 1000}


@given(JSON)
def test_no_answer_is_a_traceback(found: Any) -> None:
    assert isinstance(answers.media_nodes(found), list | Unknown)
    assert isinstance(answers.calls(found), list | Unknown)
    assert isinstance(answers.is_listed_up(found, "10.5.0.6"), bool | Unknown)


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
