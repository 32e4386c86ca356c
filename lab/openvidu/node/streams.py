"""What users publish and receive in their session: pure, as the book that it is kept in.

`lab.openvidu.node.media` passes on what flows.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from lab.openvidu.node.bodies import RefusedError
from lab.openvidu.node.objects import Connection, Json, Stream, identifier
from lab.openvidu.node.session_store import SessionStore

_OF_VIDEO = ("videoActive", "typeOfVideo", "frameRate", "videoDimensions")


def publish(
    store: SessionStore, connection: Connection, params: Mapping[str, object], now: int
) -> Stream:
    """A user publishes a stream."""
    session = store.sessions[connection.session_id]
    video = bool(params.get("hasVideo"))
    media: Json = {"hasAudio": bool(params.get("hasAudio")), "hasVideo": video}
    if media["hasAudio"]:
        media["audioActive"] = bool(params.get("audioActive", True))
    if video:
        media |= {name: params.get(name) for name in _OF_VIDEO}
    kind = str(params.get("typeOfVideo") or "CAMERA")[:3] if video else "MIC"
    stream_id = f"{identifier(f'str_{kind}', 4)}_{connection.id}"
    stream = Stream(stream_id, now, media | {"filter": {}})
    connection.stream = stream
    store.medium("webrtcConnectionCreated", session, connection, stream, now)
    told = {"id": connection.id, "streams": [shown(stream)]}
    store.tell(store.others(connection), "participantPublished", **told)
    return stream


def shown(stream: Stream) -> Json:
    """A stream as clients are told of it."""
    return {"id": stream.id, "createdAt": stream.created, **stream.media}


def unpublish(
    store: SessionStore, connection: Connection, reason: str, now: int, *, asked: bool = False
) -> None:
    """A user's stream ends; its owner is told, too, unless it was the one who asked."""
    store.end_stream(store.sessions[connection.session_id], connection, reason, now)
    told = store.others(connection) if asked else [*store.others(connection), connection]
    store.tell(told, "participantUnpublished", connectionId=connection.id, reason=reason)


def force_unpublish(store: SessionStore, session_id: str, stream_id: str, now: int) -> None:
    """The application ends a stream.

    Raises:
        RefusedError: 400 without the session, 404 without the stream, 405 for an IP camera's.
    """
    owner = owner_of(store.session(session_id, 400).active, stream_id)
    if owner is None:
        raise RefusedError(404)
    if owner.properties["type"] == "IPCAM":
        raise RefusedError(405)
    unpublish(store, owner, "forceUnpublishByServer", now)


def owner_of(users: list[Connection], stream_id: str) -> Connection | None:
    """Who of the users publishes a stream."""
    return next((user for user in users if user.stream and user.stream.id == stream_id), None)


def receive(store: SessionStore, connection: Connection, owner: Connection, now: int) -> None:
    """A user receives another one's stream from now on."""
    if owner.stream and owner.stream.id not in connection.received:
        connection.received[owner.stream.id] = now
        session = store.sessions[connection.session_id]
        store.medium("webrtcConnectionCreated", session, connection, owner.stream, now, owner.id)


def change_property(
    store: SessionStore, connection: Connection, params: Mapping[str, object]
) -> None:
    """A user's stream is muted, turned, or otherwise changed; the others are told."""
    name, value = str(params.get("property")), params.get("newValue")
    if connection.stream is None:
        return
    if name in connection.stream.media:
        connection.stream.media[name] = value
    told = {"property": name, "newValue": json.dumps(value), "reason": params.get("reason")}
    store.tell(
        store.others(connection),
        "streamPropertyChanged",
        connectionId=connection.id,
        streamId=connection.stream.id,
        **told,
    )
