"""The pure rules of a node: sessions, statuses, health, configuration, webhooks."""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
import time
from types import SimpleNamespace
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.openvidu.node import bodies, captures, configuration, messages, statuses, streams
from lab.openvidu.node.administration import restart_all
from lab.openvidu.node.bodies import RefusedError
from lab.openvidu.node.cluster import Member, health
from lab.openvidu.node.configuration import Settings
from lab.openvidu.node.objects import Connection, Json
from lab.openvidu.node.session_store import SessionStore
from lab.openvidu.node.turn_credentials import credentials
from lab.openvidu.node.webhooks import Webhooks
from lab.openvidu.web.messages import Request
from openvidu import environment
from openvidu.api import RESTART, RUNNING, WAITING_IDLE_TO_TERMINATE
from openvidu.webhooks import EVENTS


@pytest.fixture
def store() -> SessionStore:
    return SessionStore("openvidu.example.io", recording_enabled=True)


def names(store: SessionStore) -> list[object]:
    return [event["event"] for event in store.events]


def enter(store: SessionStore, session: str, now: int, **properties: object) -> Connection:
    """A user who is in a session."""
    token = store.invite(session, properties, now).token
    assert token is not None
    return store.join(session, token, "192.0.2.1", now)


def test_a_session_ends_with_its_last_connection(store: SessionStore) -> None:
    store.create({"customSessionId": "s"}, 1000)
    first, second = (enter(store, "s", 2000) for _ in range(2))
    store.leave(first, "disconnect", 3000)
    assert not store.idle
    store.leave(second, "disconnect", 5000)
    assert store.idle
    destroyed = store.events[-1]
    assert destroyed["event"] == "sessionDestroyed"
    assert (destroyed["reason"], destroyed["duration"]) == ("lastParticipantLeft", 4)


def test_a_session_that_nobody_joined_keeps_the_node_busy_until_it_is_collected(
    store: SessionStore,
) -> None:
    store.create({}, 1000)
    assert store.collect(older_than=1000, now=2000) == []
    assert not store.idle
    assert len(store.collect(older_than=1001, now=2000)) == 1
    assert store.idle


def test_a_session_that_somebody_joined_is_not_collected(store: SessionStore) -> None:
    store.create({"customSessionId": "s"}, 1000)
    enter(store, "s", 1500)
    assert store.collect(older_than=9000, now=9000) == []


def test_a_token_lets_one_user_in_once(store: SessionStore) -> None:
    store.create({"customSessionId": "s"}, 1000)
    invitation = store.invite("s", {}, 1000)
    token = str(invitation.token)
    assert token.startswith("wss://openvidu.example.io?sessionId=s&token=tok_")
    assert store.join("s", token, "192.0.2.1", 2000) is invitation
    with pytest.raises(RefusedError) as again:
        store.join("s", token, "192.0.2.1", 2000)
    assert again.value.status == 401


def test_a_session_id_is_taken_once(store: SessionStore) -> None:
    store.create({"customSessionId": "s"}, 1000)
    with pytest.raises(RefusedError) as refused:
        store.create({"customSessionId": "s"}, 1000)
    assert refused.value.status == 409


def test_a_session_is_on_a_media_node_once_somebody_joined(store: SessionStore) -> None:
    session = store.create({"customSessionId": "s"}, 1000)
    assert "mediaNodeId" not in session.describe("media_1")
    enter(store, "s", 2000)
    assert session.describe("media_1")["mediaNodeId"] == "media_1"


def test_a_recording_stops_with_its_session_and_is_to_be_uploaded(store: SessionStore) -> None:
    store.create({"customSessionId": "s"}, 1000)
    enter(store, "s", 2000)
    recording = captures.start_recording(store, {"session": "s"}, 3000)
    store.end("s", "sessionClosedByServer", 8000)
    assert store.idle
    assert store.finished == [recording]
    assert (recording.status, recording.duration) == ("stopped", 5.0)


def test_recording_is_refused_where_it_is_disabled() -> None:
    with pytest.raises(RefusedError) as disabled:
        captures.start_recording(SessionStore("x", recording_enabled=False), {}, 2000)
    assert disabled.value.status == 501


def test_a_session_may_be_recorded_always(store: SessionStore) -> None:
    store.create({"customSessionId": "s", "recordingMode": "ALWAYS"}, 1000)
    enter(store, "s", 2000)
    assert store.session("s").describe("media")["recording"] is True


def test_webhooks_tell_of_a_session_in_order(store: SessionStore) -> None:
    store.create({"customSessionId": "s"}, 1000)
    publisher, other = (enter(store, "s", 2000) for _ in range(2))
    streams.publish(store, publisher, {"hasAudio": True, "hasVideo": False}, 3000)
    streams.receive(store, other, publisher, 3000)
    store.revoke("s", publisher.id, 4000)
    store.leave(other, "disconnect", 5000)
    assert names(store) == [
        "sessionCreated",
        *["participantJoined"] * 2,
        *["webrtcConnectionCreated"] * 2,
        *["webrtcConnectionDestroyed"] * 2,
        *["participantLeft"] * 2,
        "sessionDestroyed",
    ]
    assert {event["uniqueSessionId"] for event in store.events} == {"s_1000"}


def test_only_those_who_may_know_are_told_of_a_recording(store: SessionStore) -> None:
    store.create({"customSessionId": "s"}, 1000)
    users = {role: enter(store, "s", 2000, role=role) for role in bodies.ROLES}
    captures.start_recording(store, {"session": "s"}, 3000)
    told = {notice.to for notice in store.notices if notice.method == "recordingStarted"}
    assert told == {users["PUBLISHER"].id, users["MODERATOR"].id}


def test_a_closed_session_tells_each_user_of_the_own_end(store: SessionStore) -> None:
    store.create({"customSessionId": "s"}, 1000)
    users = [enter(store, "s", 2000) for _ in range(3)]
    store.notices.clear()
    store.end("s", "sessionClosedByServer", 3000)
    for user in users:
        own = [one.params["connectionId"] for one in store.notices if one.to == user.id]
        assert own[-1] == user.id


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"customSessionId": "a b"}, 400),
        ({"customSessionId": "ä"}, 400),
        ({"customSessionId": 7}, 400),
        ({"mediaMode": "SIDEWAYS"}, 400),
        ({"recordingMode": False}, 400),
        ({"allowTranscoding": "yes"}, 400),
        ({"forcedVideoCodec": "CINEPAK"}, 400),
        ({"defaultRecordingProperties": "all"}, 400),
        ({"defaultRecordingProperties": {"recordingLayout": "NONE"}}, 400),
        ({"defaultRecordingProperties": {"frameRate": 0}}, 400),
    ],
)
def test_a_session_that_cannot_be_is_refused(store: SessionStore, body: Json, status: int) -> None:
    with pytest.raises(RefusedError) as refused:
        store.create(body, 1000)
    assert refused.value.status == status


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"name": "no good"}, 400),
        ({"hasAudio": "yes"}, 400),
        ({"outputMode": "ORAL"}, 400),
        ({"resolution": 999}, 400),
        ({"frameRate": True}, 400),
        ({"hasAudio": False, "hasVideo": False}, 422),
        ({"resolution": "1920x2000"}, 422),
        ({"resolution": "99x1080"}, 422),
        ({"frameRate": 121}, 422),
        ({"shmSize": 134217727}, 422),
    ],
)
def test_a_recording_that_cannot_be_is_refused(body: Json, status: int) -> None:
    with pytest.raises(RefusedError) as refused:
        bodies.recording_properties(body, bodies.RECORDING_DEFAULTS)
    assert refused.value.status == status


@pytest.mark.parametrize(
    ("asked", "fields"),
    [
        ({}, {"recordingLayout", "resolution", "frameRate", "shmSize"}),
        ({"hasVideo": False}, set()),
        ({"outputMode": "INDIVIDUAL"}, {"ignoreFailedStreams"}),
        (
            {"recordingLayout": "CUSTOM"},
            {"recordingLayout", "resolution", "frameRate", "shmSize", "customLayout"},
        ),
    ],
)
def test_a_recording_has_the_properties_of_its_kind(asked: Json, fields: set[str]) -> None:
    found = bodies.recording_properties(asked, bodies.RECORDING_DEFAULTS)
    assert found.keys() - {"name", "hasAudio", "hasVideo", "outputMode"} == fields


@pytest.mark.parametrize(
    "url", ["stun:stun.example.io", "turns:[2001:db8::1]:443?transport=tcp", "turn:192.0.2.1"]
)
def test_ice_servers_are_known_by_their_url(url: str) -> None:
    server = {"url": url, **({} if url.startswith("stun") else {"staticAuthSecret": "s"})}
    found = bodies.connection_properties({"customIceServers": [server]})["customIceServers"]
    assert isinstance(found, list)
    assert found[0]["url"] == url


def test_a_name_is_not_given_to_two_recordings(store: SessionStore) -> None:
    store.create({"customSessionId": "s"}, 1000)
    enter(store, "s", 2000)
    made = captures.start_recording(store, {"session": "s"}, 3000, ["s", "s~1", "other"])
    assert (made.id, made.name) == ("s~2", "s~2")


def test_turn_credentials_are_good_for_a_day() -> None:
    user, password = credentials("secret")
    until, _, word = user.partition(":")
    assert 86300 < int(until) - time.time() <= 86400
    assert len(word) == 8
    digest = hmac.digest(b"secret", user.encode(), "sha1")
    assert base64.b64decode(password) == digest


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
    store = SessionStore("openvidu.example.io", recording_enabled=True)
    session = store.create({"customSessionId": "s", "recordingMode": "ALWAYS"}, 1000)
    enter(store, "s", 2000)
    store.invite("s", {}, 2000)
    stored = {"s": session.describe("media_1", pending=True)}
    busy = Member("10.5.0.6", {"status": RUNNING}, stored)
    assert "sessions" not in busy.describe({})
    asked = busy.describe({"sessions": "true", "recordings": "true"})
    assert asked["sessions"] == [session.describe("media_1")]
    assert (asked["recordingIds"], asked["broadcasts"]) == (["s"], [])


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


class FullBucket:
    """A bucket with a configuration."""

    def __init__(self) -> None:
        self.text = "A=1\n"

    async def get(self, _: str) -> bytes:
        return self.text.encode()

    async def put(self, _: str, content: bytes) -> None:
        self.text = content.decode()


@pytest.mark.parametrize(
    ("sent", "status", "stored"),
    [
        ({"OPENVIDU_WEBHOOK_EVENTS": ["a", "b"]}, 200, 'OPENVIDU_WEBHOOK_EVENTS=["a","b"]\n'),
        ({"OPENVIDU_WEBHOOK_EVENTS": "[a,b]"}, 400, ""),
        ({"OPENVIDU_WEBHOOK_HEADERS": '["X-Key: b"]'}, 400, ""),
        ({"A": ["1"]}, 400, ""),
    ],
)
def test_a_restart_takes_lists_as_arrays_and_nothing_else_so(
    sent: Json, status: int, stored: str
) -> None:
    bucket = FullBucket()
    settings = cast("Settings", SimpleNamespace(bucket=bucket, ip="10.5.0.6"))
    call = Request("POST", RESTART, {}, json.dumps(sent).encode(), "10.5.0.5")
    assert asyncio.run(restart_all(settings, [], call)).status == status
    assert bucket.text == f"A=1\n{stored}"


def test_webhooks_are_off_unless_they_are_on() -> None:
    values = {"OPENVIDU_WEBHOOK_ENDPOINT": "http://192.0.2.1/hook"}
    assert Webhooks.parse(values).endpoint == ""
    on = Webhooks.parse({**values, "OPENVIDU_WEBHOOK": "true"})
    assert on.endpoint == "http://192.0.2.1/hook"
    assert "HANodeDeregistered" in on.events


def test_webhooks_tell_of_all_unless_events_are_chosen() -> None:
    assert Webhooks.parse({"OPENVIDU_WEBHOOK": "true"}).events == frozenset(EVENTS)


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
