"""What a client may ask for over its WebSocket, apart from coming, going and `ping`.

Source: the protocol between openvidu-browser and OpenVidu Server 2.30.0, field by field. Errors
carry its codes, and end with them as its texts do.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping

from lab.openvidu.node import sdp, streams
from lab.openvidu.node.bodies import RefusedError
from lab.openvidu.node.objects import Connection, Json, Session, Stream
from lab.openvidu.node.server_state import ServerState, now
from lab.openvidu.node.session_store import SessionStore
from lab.openvidu.node.turn_credentials import credentials
from openvidu.signalling import NO_MEDIA_NODE

_NO_FILTERS = ("applyFilter", "removeFilter", "execFilterMethod")
_SPEECH = ("subscribeToSpeechToText", "unsubscribeFromSpeechToText")
_NOTHING = ("onIceCandidate", "videoData", "echo")


class RpcError(Exception):
    """A request that is answered with an error.

    Attributes:
        code: OpenVidu's.
    """

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


class _RefusedError(RpcError):
    def __init__(self, code: int, message: str) -> None:
        super().__init__(code, f"{message}. Code: {code}")


async def join(
    server_state: ServerState,
    params: Mapping[str, object],
    ip: str,
    enter: Callable[[Connection], Json],
) -> Json:
    """Use up a token.

    Args:
        server_state: the node's.
        params: of the request.
        ip: the client's address.
        enter: is called with the user at once, for the answer.

    Raises:
        RpcError: -1 for a missing parameter, 202 without the session, 204 without a media node,
            401 for a token that is unknown or used.
    """
    token, session_id = (_text(params, name) for name in ("token", "session"))
    session = server_state.store.sessions.get(session_id)
    if session is None:
        raise _RefusedError(202, f"There is no session '{session_id}' to join")
    if not await server_state.has_media_node(session):
        where = f"where to initialize session '{session_id}'"
        raise _RefusedError(NO_MEDIA_NODE, f"There is no available Media Node {where}")
    platform, data = str(params.get("platform", "")), str(params.get("metadata", ""))

    def act(store: SessionStore) -> Json:
        return enter(store.join(session_id, token, ip, now(), platform=platform, data=data))

    try:
        return await server_state.change(act)
    except RefusedError as error:
        raise _RefusedError(401, f"Session {session_id}: Token {token} is not valid") from error


def welcome(server_state: ServerState, connection: Connection, user: str) -> Json:
    """What a client that has joined is told."""
    session = server_state.store.sessions[connection.session_id]
    config = server_state.config
    turn_host, turn_port = config.turn
    turn_user, password = credentials(config.turn_secret)
    turn: Json = {"url": f"turn:{turn_host}:{turn_port}"}
    turn |= {"username": turn_user, "credential": password}
    recording: Json = {}
    if session.recording and connection.role != "SUBSCRIBER":
        recording = {"recordingId": session.recording.id, "recordingName": session.recording.name}
    return {
        "id": connection.id,
        "finalUserId": user,
        "createdAt": connection.active_since,
        "metadata": connection.metadata,
        "value": [_remote(other) for other in server_state.store.others(connection)],
        "session": session.id,
        "version": config.version,
        "mediaServer": config.media_server,
        "videoSimulcast": config.on("OPENVIDU_WEBRTC_SIMULCAST")
        and config.media_server == "mediasoup",
        "record": connection.properties["record"],
        "role": connection.role,
        "coturnIp": turn_host,
        "coturnPort": turn_port,
        "turnUsername": turn_user,
        "turnCredential": password,
        "customIceServers": (
            connection.properties["customIceServers"] or config.ice_servers or [turn]
        ),
        **recording,
        "life": server_state.life,
    }


async def call(
    server_state: ServerState, connection: Connection, method: str, params: Mapping[str, object]
) -> Json | None:
    """The result of a request by a user who has joined; None where it is never answered.

    Raises:
        RpcError: it is refused.
    """
    if method in _NOTHING:
        return {}
    if method in _NO_FILTERS:
        raise _RefusedError(401, f"No right to {method}")
    if method in _SPEECH:
        raise _RefusedError(996, "Speech To Text is disabled")
    act = _METHODS.get(method)
    return await act(server_state, connection, params) if act else None


def _remote(other: Connection) -> Json:
    streams_of = {"streams": [streams.shown(other.stream)]} if other.stream else {}
    shown = {"id": other.id, "createdAt": other.active_since, "metadata": other.metadata}
    return {**shown, **streams_of}


async def _publish(
    server_state: ServerState, user: Connection, params: Mapping[str, object]
) -> Json:
    offer = _text(params, "sdpOffer")
    for name in ("hasAudio", "hasVideo", "doLoopback"):
        if name not in params:
            raise _RefusedError(-1, f"The parameter '{name}' is missing")
    if user.role == "SUBSCRIBER":
        raise _RefusedError(401, "A subscriber publishes nothing")
    if user.stream:
        raise _RefusedError(106, f"User {user.id} is publishing")
    offer = _in_forced_codec(server_state.store.sessions[user.session_id], offer)
    loopback = params["doLoopback"] is True
    media = None if loopback else await server_state.media_for(offer)

    def act(store: SessionStore) -> Stream:
        stream = streams.publish(store, user, params, now())
        if media:
            # Before anybody is told of it, and asks for it.
            media.expect(stream.id, offer)
        return stream

    stream = await server_state.change(act)
    answer = await media.take(stream.id, offer) if media else sdp.answer(offer, loopback=loopback)
    return {"sdpAnswer": answer, "id": stream.id, "createdAt": stream.created}


def _in_forced_codec(session: Session, offer: str) -> str:
    """What a publisher offers, of the codec that its session has alone.

    Source: REST reference, `forcedVideoCodec` and `allowTranscoding`; both media servers prefer
    VP8. Nothing is transcoded here: whoever has to be, goes on with what they offer.
    """
    codec = str(session.properties["forcedVideoCodec"])
    if codec == "NONE":
        return offer
    forced = sdp.with_video_codec(offer, "VP8" if codec == "MEDIA_SERVER_PREFERRED" else codec)
    wanted = codec != "MEDIA_SERVER_PREFERRED" and not session.properties["allowTranscoding"]
    if forced is None and wanted:
        raise _RefusedError(800, f"No video of {codec} is offered")
    return forced or offer


async def _unpublish(server_state: ServerState, user: Connection, _: Mapping[str, object]) -> Json:
    if user.stream is None:
        raise _RefusedError(105, f"User {user.id} is not publishing")
    await server_state.change(
        lambda store: streams.unpublish(store, user, "unpublish", now(), asked=True)
    )
    return {}


async def _prepare(
    server_state: ServerState, user: Connection, params: Mapping[str, object]
) -> Json:
    _, stream = _published(server_state, user, _text(params, "sender"))
    media = server_state.media
    if media and media.expects(stream.id):
        return {"sdpOffer": await media.offer(stream.id, user.id)}
    return {"sdpOffer": sdp.offer(stream.media)}


async def _receive(
    server_state: ServerState, user: Connection, params: Mapping[str, object]
) -> Json:
    owner, stream = _published(server_state, user, _text(params, "sender"))
    await server_state.change(lambda store: streams.receive(store, user, owner, now()))
    offer = params.get("sdpOffer")
    if isinstance(offer, str):
        return {"sdpAnswer": sdp.answer(offer)}
    if server_state.media:
        server_state.media.accept(stream.id, user.id, str(params.get("sdpAnswer", "")))
    return {}


async def _unsubscribe(
    server_state: ServerState, user: Connection, params: Mapping[str, object]
) -> Json:
    owner = _user(server_state, user, _text(params, "sender"))
    stream = owner.stream
    if stream and stream.id in user.received:
        await server_state.change(
            lambda store: store.end_receiving(user, stream.id, "unsubscribe", now())
        )
        if server_state.media:
            server_state.media.end_receiving(stream.id, user.id)
    return {}


async def _reconnect(
    server_state: ServerState, user: Connection, params: Mapping[str, object]
) -> Json:
    _, stream = _published(server_state, user, _text(params, "stream"))
    offer = params.get("sdpString") or params.get("sdpOffer")
    if not isinstance(offer, str) or (user.stream is not stream and "a=sendonly" in offer):
        return {}
    media = server_state.media
    if user.stream is not stream:
        accepted = media and media.accept(stream.id, user.id, offer)
        return {} if accepted else {"sdpAnswer": sdp.answer(offer)}
    offer = _in_forced_codec(server_state.store.sessions[user.session_id], offer)
    answer = await media.take(stream.id, offer) if media else sdp.answer(offer)
    return {"sdpAnswer": answer, "id": stream.id, "createdAt": stream.created}


async def _signal(
    server_state: ServerState, user: Connection, params: Mapping[str, object]
) -> Json:
    try:
        message = json.loads(_text(params, "message"))
        if not isinstance(message, dict):
            raise _RefusedError(600, "A signal is an object")
        await server_state.change(lambda store: store.signal(message, now(), user))
    except (ValueError, RefusedError) as error:
        wrong = isinstance(error, RefusedError) and error.status == 406
        raise _RefusedError(601 if wrong else 600, f"Signal: {error}") from error
    return {}


async def _change(
    server_state: ServerState, user: Connection, params: Mapping[str, object]
) -> Json:
    await server_state.change(lambda store: streams.change_property(store, user, params))
    return {}


async def _force_disconnect(
    server_state: ServerState, user: Connection, params: Mapping[str, object]
) -> Json:
    _check_moderator(user)
    other = _user(server_state, user, _text(params, "connectionId"))
    reason = "forceDisconnectByUser"
    await server_state.change(lambda store: store.leave(other, reason, now(), evict=True))
    return {}


async def _force_unpublish(
    server_state: ServerState, user: Connection, params: Mapping[str, object]
) -> Json | None:
    _check_moderator(user)
    users = server_state.store.sessions[user.session_id].active
    owner = streams.owner_of(users, _text(params, "streamId"))
    if owner is None:
        return None
    reason = "forceUnpublishByUser"
    await server_state.change(lambda store: streams.unpublish(store, owner, reason, now()))
    return {}


_Method = Callable[[ServerState, Connection, Mapping[str, object]], Awaitable[Json | None]]
_METHODS: Mapping[str, _Method] = {
    "publishVideo": _publish,
    "unpublishVideo": _unpublish,
    "prepareReceiveVideoFrom": _prepare,
    "receiveVideoFrom": _receive,
    "unsubscribeFromVideo": _unsubscribe,
    "reconnectStream": _reconnect,
    "sendMessage": _signal,
    "streamPropertyChanged": _change,
    "forceDisconnect": _force_disconnect,
    "forceUnpublish": _force_unpublish,
}


def _text(params: Mapping[str, object], name: str) -> str:
    value = params.get(name)
    if not isinstance(value, str):
        raise _RefusedError(-1, f"The parameter '{name}' is missing")
    return value


def _check_moderator(user: Connection) -> None:
    if user.role != "MODERATOR":
        raise _RefusedError(401, "Only a moderator may do that")


def _user(server_state: ServerState, user: Connection, connection_id: str) -> Connection:
    for other in server_state.store.sessions[user.session_id].active:
        if other.id == connection_id:
            return other
    raise _RefusedError(102, f"There is no user {connection_id} in session {user.session_id}")


def _published(
    server_state: ServerState, user: Connection, stream_id: str
) -> tuple[Connection, Stream]:
    """The owner of a stream, who is named in its id, and the stream."""
    for mark in ("con_", "ipc_"):
        if mark in stream_id:
            owner = _user(server_state, user, stream_id[stream_id.rindex(mark) :])
            break
    else:
        owner = _user(server_state, user, stream_id)
    if owner.stream is None:
        raise _RefusedError(105, f"User {owner.id} is not publishing")
    return owner, owner.stream
