"""Recordings and broadcasts on request: who may have one, and what they are refused with.

Source: REST reference, "Recording" and "Broadcast"; the order of OpenVidu Server's refusals.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from urllib.parse import urlsplit

from lab.openvidu.node import bodies
from lab.openvidu.node.bodies import RefusedError
from lab.openvidu.node.objects import Recording, Session
from lab.openvidu.node.session_store import SessionStore


def start_recording(
    store: SessionStore, body: Mapping[str, object], now: int, stored: Collection[str] = ()
) -> Recording:
    """Start a recording.

    Args:
        store: of the node.
        body: of the request.
        now: in milliseconds.
        stored: ids of recordings that there are.

    Raises:
        RefusedError: 501 where recording is disabled, 404 without the session, 409 where it is
            being recorded or not routed, 406 without users, 400 and 422 for a bad body.
    """
    check_enabled(store)
    session = store.session(bodies.session_id(body))
    if session.recording or session.properties["mediaMode"] != "ROUTED":
        raise RefusedError(409)
    return store.record(session, _properties(session, body), now, stored)


def stop_recording(store: SessionStore, recording_id: str, now: int) -> Recording:
    """Stop a recording.

    Raises:
        RefusedError: 501 where recording is disabled, 404 without it.
    """
    check_enabled(store)
    for session in store.sessions.values():
        if session.recording and session.recording.id == recording_id:
            return store.stop_recording(session, "recordingStoppedByServer", now)
    raise RefusedError(404)


def check_enabled(store: SessionStore) -> None:
    """Whether there are recordings at all.

    Raises:
        RefusedError: 501.
    """
    if not store.recording_enabled:
        raise RefusedError(501)


def start_broadcast(store: SessionStore, body: Mapping[str, object]) -> None:
    """Send what a session shows to a streaming server.

    No picture leaves the lab: a URL of RTMP that can't be reached would get 500 here.

    Raises:
        RefusedError: 400 and 422 for a bad body, 404 without the session, 406 without users, 409
            where it is broadcast, 500 for another protocol than RTMP.
    """
    wanted, url = bodies.session_id(body), bodies.take(body, "broadcastUrl", str, "")
    target = urlsplit(url)
    if not (target.scheme and target.netloc):
        raise RefusedError(400, "broadcastUrl is not a URL")
    session = store.session(wanted)
    kept = {n: v for n, v in body.items() if n not in ("name", "outputMode", "ignoreFailedStreams")}
    _properties(session, kept)
    if session.broadcasting:
        raise RefusedError(409)
    if target.scheme not in ("rtmp", "rtmps"):
        raise RefusedError(500, f"{url}: Protocol not found")
    session.broadcasting = True
    store.tell(session.active, "broadcastStarted")


def stop_broadcast(store: SessionStore, body: Mapping[str, object]) -> None:
    """End a broadcast.

    Raises:
        RefusedError: 400 for a bad body, 404 without the session, 409 where it isn't broadcast.
    """
    session = store.session(bodies.session_id(body))
    if not session.broadcasting:
        raise RefusedError(409)
    session.broadcasting = False
    store.tell(session.active, "broadcastStopped")


def _properties(session: Session, body: Mapping[str, object]) -> dict[str, object]:
    """What to record of a session that has users."""
    if not session.active:
        raise RefusedError(406)
    default = session.properties["defaultRecordingProperties"]
    return bodies.recording_properties(body, default if isinstance(default, dict) else {})
