"""The pure rules of a node: sessions, statuses, health, configuration, webhooks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.openvidu.node import configuration, messages, statuses
from lab.openvidu.node.book import Book, RefusedError
from lab.openvidu.node.cluster import Member, health
from lab.openvidu.node.webhooks import Webhooks
from openvidu import environment
from openvidu.api import RUNNING, WAITING_IDLE_TO_TERMINATE


@pytest.fixture
def book() -> Book:
    return Book("openvidu.example.io", recording_enabled=True)


def names(book: Book) -> list[object]:
    return [event["event"] for event in book.events]


def test_a_session_ends_with_its_last_connection(book: Book) -> None:
    book.create({"customSessionId": "s"}, 1000)
    first, second = (book.join("s", "", "192.0.2.1", 2000) for _ in range(2))
    book.leave(first, "disconnect", 3000)
    assert not book.idle
    book.leave(second, "disconnect", 5000)
    assert book.idle
    destroyed = book.events[-1]
    assert destroyed["event"] == "sessionDestroyed"
    assert (destroyed["reason"], destroyed["duration"]) == ("lastParticipantLeft", 4)


def test_a_session_that_nobody_joined_keeps_the_node_busy_until_it_is_collected(
    book: Book,
) -> None:
    book.create({}, 1000)
    assert book.collect(older_than=1000, now=2000) == []
    assert not book.idle
    assert len(book.collect(older_than=1001, now=2000)) == 1
    assert book.idle


def test_a_session_that_somebody_joined_is_not_collected(book: Book) -> None:
    book.create({"customSessionId": "s"}, 1000)
    book.join("s", "", "192.0.2.1", 1500)
    assert book.collect(older_than=9000, now=9000) == []


def test_a_token_lets_one_user_in_once(book: Book) -> None:
    book.create({"customSessionId": "s"}, 1000)
    invitation = book.invite("s", "", 1000)
    assert invitation.token.startswith("wss://openvidu.example.io?sessionId=s&token=tok_")
    token = invitation.token.rpartition("=")[2]
    assert book.join("s", token, "192.0.2.1", 2000) is invitation
    with pytest.raises(RefusedError) as again:
        book.join("s", token, "192.0.2.1", 2000)
    assert again.value.status == 401


@pytest.mark.parametrize("wanted", ["a b", "ä", 7])
def test_a_bad_session_id_is_refused(book: Book, wanted: object) -> None:
    with pytest.raises(RefusedError) as refused:
        book.create({"customSessionId": wanted}, 1000)
    assert refused.value.status == 400


def test_a_session_id_is_taken_once(book: Book) -> None:
    book.create({"customSessionId": "s"}, 1000)
    with pytest.raises(RefusedError) as refused:
        book.create({"customSessionId": "s"}, 1000)
    assert refused.value.status == 409


def test_a_recording_stops_with_its_session_and_is_to_be_uploaded(book: Book) -> None:
    book.create({"customSessionId": "s"}, 1000)
    book.join("s", "", "192.0.2.1", 2000)
    recording = book.record("s", "", 3000)
    book.end("s", "sessionClosedByServer", 8000)
    assert book.idle
    assert book.finished == [recording]
    assert (recording.status, recording.duration) == ("stopped", 5.0)


def test_recording_answers_as_documented(book: Book) -> None:
    book.create({"customSessionId": "s"}, 1000)
    refusals: list[int] = []
    for name in ("none", "s"):
        with pytest.raises(RefusedError) as refused:
            book.record(name, "", 2000)
        refusals.append(refused.value.status)
    book.join("s", "", "192.0.2.1", 2000)
    book.record("s", "", 2000)
    with pytest.raises(RefusedError) as again:
        book.record("s", "", 2000)
    with pytest.raises(RefusedError) as disabled:
        Book("x", recording_enabled=False).record("s", "", 2000)
    assert [*refusals, again.value.status, disabled.value.status] == [404, 406, 409, 501]


def test_a_session_may_be_recorded_always(book: Book) -> None:
    book.create({"customSessionId": "s", "recordingMode": "ALWAYS"}, 1000)
    book.join("s", "", "192.0.2.1", 2000)
    assert book.session("s").describe("media")["recording"] is True


def test_events_come_in_order(book: Book) -> None:
    book.create({"customSessionId": "s"}, 1000)
    connection = book.join("s", "", "192.0.2.1", 2000)
    book.revoke("s", connection.id, 3000)
    assert names(book) == [
        "sessionCreated",
        "participantJoined",
        "participantLeft",
        "sessionDestroyed",
    ]


@pytest.mark.parametrize(
    ("present", "body", "expected"),
    [
        (RUNNING, {"status": WAITING_IDLE_TO_TERMINATE}, (200, WAITING_IDLE_TO_TERMINATE)),
        (
            WAITING_IDLE_TO_TERMINATE,
            {"status": WAITING_IDLE_TO_TERMINATE},
            (204, WAITING_IDLE_TO_TERMINATE),
        ),
        (WAITING_IDLE_TO_TERMINATE, {"status": RUNNING}, (400, WAITING_IDLE_TO_TERMINATE)),
        (RUNNING, {"status": "terminating"}, (400, RUNNING)),
        (RUNNING, {"status": "asleep"}, (400, RUNNING)),
        (RUNNING, {}, (400, RUNNING)),
        (RUNNING, ["waiting-idle-to-terminate"], (400, RUNNING)),
    ],
)
def test_the_drain_call_goes_one_way(present: str, body: object, expected: tuple[int, str]) -> None:
    assert statuses.change(present, body) == expected


def member(ip: str, *, connected: bool = True) -> Member:
    node = {"id": f"media_{ip}", "connected": connected, "status": RUNNING}
    return Member(ip, node, {})


def test_health_is_as_on_the_page() -> None:
    status, body = health([member("10.5.0.6"), member("10.5.0.7")])
    assert status == 200
    assert body == {
        "clusterStatus": "UP",
        "nodes": {
            f"master_{ip}": {
                "status": "UP",
                "id": f"master_{ip}",
                "uri": f"http://{ip}:5443",
                "disconnectedMediaNodes": [],
            }
            for ip in ("10.5.0.6", "10.5.0.7")
        },
    }


@pytest.mark.parametrize(
    ("members", "status", "word"),
    [
        ([member("10.5.0.6"), member("10.5.0.7", connected=False)], 409, "UNSTABLE"),
        ([member("10.5.0.6"), Member("10.5.0.7", None, {})], 409, "UNSTABLE"),
        ([member("10.5.0.6", connected=False)], 503, "DOWN"),
        ([], 503, "DOWN"),
    ],
)
def test_health_tells_what_is_lost(members: list[Member], status: int, word: str) -> None:
    answered, body = health(members)
    assert (answered, body["clusterStatus"]) == (status, word)


def test_sessions_are_shown_where_they_are_asked_for() -> None:
    busy = Member("10.5.0.6", {"status": RUNNING}, {"s": {"id": "s", "recording": True}})
    assert "sessions" not in busy.describe({})
    asked = busy.describe({"sessions": "true", "recordings": "true"})
    assert asked["sessions"] == [{"id": "s", "recording": True}]
    assert asked["recordingIds"] == ["s"]


def test_the_bucket_gets_everything_but_the_nodes_own_address() -> None:
    text = f"A=1\n{environment.NODE_PRIVATE_IP}=10.5.0.6\nB=2\n"
    assert configuration.for_bucket(text) == "A=1\nB=2\n"


def test_the_buckets_configuration_keeps_the_nodes_own_address() -> None:
    merged = configuration.from_bucket("A=1\n", "10.5.0.7")
    assert environment.parse(merged) == {"A": "1", environment.NODE_PRIVATE_IP: "10.5.0.7"}


@given(st.text(st.characters(blacklist_categories=["Cs", "Cc", "Zl", "Zp"])))
def test_any_value_is_stored_as_it_stands(value: str) -> None:
    changed = configuration.with_line("A=1\nKEY=old\nB=2\n", "KEY", value)
    assert environment.parse(changed) == {"A": "1", "KEY": value, "B": "2"}


@pytest.mark.parametrize(
    ("value", "text"),
    [(True, "true"), (5, "5"), ("x", "x"), (["a", "b"], '["a","b"]'), ({}, None), (None, None)],
)
def test_a_restarts_body_becomes_text(value: object, text: str | None) -> None:
    assert configuration.as_text(value) == text


def test_webhooks_are_off_unless_they_are_on() -> None:
    values = {"OPENVIDU_WEBHOOK_ENDPOINT": "http://192.0.2.1/hook"}
    assert Webhooks.parse(values).endpoint == ""
    on = Webhooks.parse({**values, "OPENVIDU_WEBHOOK": "true"})
    assert on.endpoint == "http://192.0.2.1/hook"
    assert "HANodeDeregistered" in on.events


def test_webhooks_have_headers_and_chosen_events() -> None:
    parsed = Webhooks.parse(
        {
            "OPENVIDU_WEBHOOK_HEADERS": '["Authorization: Basic eA"]',
            "OPENVIDU_WEBHOOK_EVENTS": "[nodeCrashed,HANodeRegistered]",
        }
    )
    assert parsed.headers == {"Authorization": "Basic eA"}
    assert parsed.events == {"nodeCrashed", "HANodeRegistered"}


def test_the_banner_is_the_pages() -> None:
    banner = messages.ready("openvidu.example.io", "443", "10.5.0.6")
    assert "   OpenVidu Enterprise HA Node is ready!" in banner.splitlines()
    assert "   * OpenVidu Server URL: https://openvidu.example.io:443/" in banner
    assert "     should register the private IP of this node: '10.5.0.6'" in banner
