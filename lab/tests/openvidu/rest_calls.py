"""Calls of the REST API, in the order of their parts, and how OpenVidu answers each.

Sources: REST reference of OpenVidu 2.30.0; what OpenVidu Server 2.30.0 answers, with its Pro and
Enterprise editions' additions. A part begins with a server that holds no session.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Call:
    """One call.

    Attributes:
        method: of HTTP.
        path: below /openvidu/api; names in braces are ids that were kept.
        body: JSON, in which such names count, too; none is sent for None.
        status: of the answer.
        shows: values in the answer, by their way to it, such as `connections.content.0.role`; a
            type stands for any value of it.
        keys: all names of the answer's object, where that matters.
        keep: under which name the answer's `id` is kept.
    """

    method: str
    path: str
    body: Any
    status: int
    shows: Mapping[str, object] = field(default_factory=dict)
    keys: frozenset[str] | None = None
    keep: str = ""


def names(text: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(text.split())


SESSION = names(
    "id object sessionId createdAt mediaMode recordingMode defaultRecordingProperties"
    " customSessionId connections recording broadcasting forcedVideoCodec allowTranscoding"
)
CONNECTION = names(
    "id object type status connectionId sessionId createdAt activeAt location ip platform token"
    " serverData record role kurentoOptions customIceServers rtspUri adaptativeBitrate"
    " onlyPlayWithSubscribers networkCache clientData publishers subscribers"
)
TOKEN = names("id token connectionId createdAt session role data")
RECORDING = names(
    "id object name outputMode resolution frameRate recordingLayout sessionId createdAt size"
    " duration url hasAudio hasVideo status"
)
NONE = {"numberOfElements": 0, "content": []}
CAMERA = {"type": "IPCAM", "rtspUri": "rtsp://camera.example.io/one"}
OPTIONS = {"videoMaxSendBandwidth": 700, "allowedFilters": ["FaceOverlayFilter"]}
A, C = "sessions/a", "sessions/a/connection"
START = "recordings/start"


def refused(
    status: int, path: str, *bodies: Any, method: str = "POST", **fixed: Any
) -> Sequence[Call]:
    """A call for each body, with `fixed` in all of them."""
    return [Call(method, path, {**fixed, **body}, status) for body in bodies]


SESSIONS: Sequence[Call] = (
    Call("GET", "sessions", None, 200, NONE),
    Call("GET", A, None, 404),
    *refused(
        400,
        "sessions",
        {"mediaMode": "SIDEWAYS"},
        {"recordingMode": False},
        {"recordingMode": "NEVER"},
        {"customSessionId": 7},
        {"customSessionId": "not an id"},
        {"defaultRecordingProperties": "all"},
        {"defaultRecordingProperties": {"outputMode": "ORAL"}},
        {"defaultRecordingProperties": {"recordingLayout": "ROUND"}},
        {"forcedVideoCodec": "CINEPAK"},
        {"allowTranscoding": "yes"},
    ),
    Call("POST", "sessions", {"customSessionId": "a"}, 200, {"id": "a"}, SESSION),
    Call("POST", "sessions", {"customSessionId": "a"}, 409),
    Call("POST", "sessions", {}, 200, {"customSessionId": ""}, SESSION, keep="other"),
    Call("GET", "sessions", None, 200, {"numberOfElements": 2}),
    Call("DELETE", "sessions/{other}", None, 204),
    Call("DELETE", "sessions/{other}", None, 404),
    Call("DELETE", "sessions", None, 405),
    Call("PUT", "sessions", {}, 405),
    Call("GET", A, None, 200, {"connections": NONE, "recording": False}, SESSION),
    Call(
        "POST",
        "sessions",
        {"customSessionId": "b", "forcedVideoCodec": "H264", "allowTranscoding": True},
        200,
        {"forcedVideoCodec": "H264", "allowTranscoding": True},
    ),
    Call("DELETE", "sessions/b", None, 204),
)

CONNECTIONS: Sequence[Call] = (
    Call("GET", C, None, 404),
    Call("POST", C, {}, 404),
    Call("GET", f"{C}/nobody", None, 400),
    Call("DELETE", f"{C}/nobody", None, 400),
    Call("PATCH", f"{C}/nobody", {"role": "PUBLISHER"}, 404),
    Call("POST", "sessions", {"customSessionId": "a"}, 200),
    Call("GET", C, None, 200, NONE),
    Call("GET", f"{C}/nobody", None, 404),
    Call("DELETE", f"{C}/nobody", None, 404),
    Call("PATCH", f"{C}/nobody", {"role": "PUBLISHER"}, 404),
    *refused(
        400,
        C,
        {"type": False},
        {"type": "RADIO"},
        {"role": 123},
        {"role": "GUEST"},
        {"data": True},
        {"kurentoOptions": False},
        {"kurentoOptions": {"allowedFilters": "all"}},
        {"customIceServers": [{"url": "example.io"}]},
        {"customIceServers": [{"url": "turn:turn-without-login.example.io"}]},
        {"customIceServers": [{"url": "tern:turn.example.io"}]},
        {"customIceServers": [{"url": "turn:no-domain", "username": "u", "credential": "c"}]},
        {"customIceServers": [{"url": "stun:s.example.io", "username": "u", "credential": "c"}]},
        {"type": "IPCAM", "rtspUri": "camera.example.io"},
    ),
    Call(
        "POST",
        C,
        {"role": "MODERATOR", "data": "about a", "kurentoOptions": OPTIONS},
        200,
        {
            "status": "pending",
            "role": "MODERATOR",
            "serverData": "about a",
            "kurentoOptions": OPTIONS,
            "activeAt": None,
            "publishers": None,
            "subscribers": None,
        },
        CONNECTION,
        keep="one",
    ),
    Call(
        "POST",
        C,
        {
            "customIceServers": [
                {"url": "turn:turn.example.io", "username": "u", "credential": "c"},
                {"url": "stun:stun.example.io:3478"},
            ]
        },
        200,
        {
            "customIceServers.0.username": "u",
            "customIceServers.1": {"url": "stun:stun.example.io:3478"},
        },
        CONNECTION,
        keep="two",
    ),
    Call("GET", C, None, 200, {"numberOfElements": 2}),
    Call("GET", f"{C}?pendingConnections=false", None, 200, NONE),
    Call("GET", A, None, 200, {"connections.numberOfElements": 0}, SESSION),
    Call("GET", f"{A}?pendingConnections=true", None, 200, {"connections.numberOfElements": 2}),
    Call("GET", f"{C}/{{one}}", None, 200, {"role": "MODERATOR"}, CONNECTION),
    *refused(
        400,
        f"{C}/{{one}}",
        {"role": False},
        {"role": "GUEST"},
        {"record": 123},
        {"role": "PUBLISHER", "record": "no"},
        method="PATCH",
    ),
    Call("PATCH", f"{C}/{{one}}", {}, 200, {"role": "MODERATOR", "record": True}, CONNECTION),
    Call("PATCH", f"{C}/{{one}}", {"record": False}, 200, {"role": "MODERATOR", "record": False}),
    Call("PATCH", f"{C}/{{one}}", {"role": "SUBSCRIBER"}, 200, {"record": False}),
    Call(
        "PATCH",
        f"{C}/{{one}}",
        {"data": "another"},
        200,
        {"serverData": "about a", "role": "SUBSCRIBER"},
    ),
    Call("DELETE", f"{C}/{{one}}", None, 204),
    Call("DELETE", f"{C}/{{one}}", None, 404),
    Call("DELETE", f"{C}/{{two}}", None, 204),
)

TOKENS: Sequence[Call] = (
    Call("POST", "sessions", {"customSessionId": "a"}, 200),
    *refused(400, "tokens", {}, {"session": True}),
    *refused(
        400,
        "tokens",
        {"role": "GUEST"},
        {"data": 999},
        {"kurentoOptions": False},
        {"kurentoOptions": {"allowedFilters": "all"}},
        session="a",
    ),
    *refused(404, "tokens", {"session": "none"}),
    Call("POST", "tokens", {"session": "a"}, 200, {"role": "PUBLISHER", "data": ""}, TOKEN),
    Call(
        "POST",
        "tokens",
        {"session": "a", "role": "MODERATOR", "data": "x", "kurentoOptions": OPTIONS},
        200,
        {"role": "MODERATOR", "data": "x", "kurentoOptions": OPTIONS, "session": "a"},
        TOKEN | {"kurentoOptions"},
    ),
    Call("GET", C, None, 200, {"numberOfElements": 2}),
)

STREAMS_AND_SIGNALS: Sequence[Call] = (
    Call("DELETE", f"{A}/stream/none", None, 400),
    Call("POST", "sessions", {"customSessionId": "a"}, 200),
    Call("DELETE", f"{A}/stream/none", None, 404),
    *refused(400, "signal", {}, {"session": True}),
    *refused(400, "signal", {"to": 12}, {"to": [], "data": False}, {"type": True}, session="a"),
    *refused(404, "signal", {"session": "none"}),
    Call("POST", "signal", {"session": "a"}, 406),
    Call(
        "POST",
        C,
        CAMERA,
        200,
        {
            "status": "active",
            "activeAt": int,
            "location": "unknown",
            "platform": "IPCAM",
            "token": None,
            "role": None,
            "clientData": None,
            "adaptativeBitrate": True,
            "networkCache": 2000,
            "publishers.0.mediaOptions.typeOfVideo": "IPCAM",
            "subscribers": [],
        },
        CONNECTION,
        keep="camera",
    ),
    Call(
        "GET",
        A,
        None,
        200,
        {"connections.numberOfElements": 1, "mediaNodeId": str},
        SESSION | {"mediaNodeId"},
    ),
    Call("POST", "signal", {"session": "a"}, 200),
    Call("POST", "signal", {"session": "a", "to": ["{camera}"], "type": "t", "data": "d"}, 200),
    Call("POST", "signal", {"session": "a", "to": ["{camera}", "nobody"]}, 406),
    Call("DELETE", f"{C}/{{camera}}", None, 204),
    Call("GET", A, None, 404),
)

RECORDINGS: Sequence[Call] = (
    Call("GET", "recordings", None, 200, {"count": 0, "items": []}),
    Call("GET", "recordings/none", None, 404),
    Call("DELETE", "recordings/none", None, 404),
    *refused(400, START, {}, {"session": True}),
    *refused(404, START, {"session": "none"}, {"session": "none", "name": 999}),
    Call("POST", "sessions", {"customSessionId": "a"}, 200),
    *refused(406, START, {"session": "a"}, {"session": "a", "name": 999}),
    Call("POST", "sessions", {"customSessionId": "r", "mediaMode": "RELAYED"}, 200),
    *refused(409, START, {"session": "r"}),
    Call("POST", C, CAMERA, 200),
    *refused(
        400,
        START,
        {"name": 999},
        {"name": "no good"},
        {"outputMode": "ORAL"},
        {"recordingLayout": "ROUND"},
        {"customLayout": 7},
        {"hasAudio": "yes"},
        {"resolution": 720},
        {"frameRate": "many"},
        session="a",
    ),
    *refused(
        422,
        START,
        {"hasAudio": False, "hasVideo": False},
        {"resolution": "1920x2000"},
        {"resolution": "99x1080"},
        {"resolution": "wide"},
        {"frameRate": 0},
        {"frameRate": 121},
        {"shmSize": 134217727},
        session="a",
    ),
    Call("POST", START, {"session": "a"}, 200, {"status": "started", "url": None}, RECORDING),
    Call("POST", START, {"session": "a"}, 409),
    Call("GET", "recordings/a", None, 200, {"status": "started"}, RECORDING),
    Call("GET", A, None, 200, {"recording": True}),
    Call("DELETE", "recordings/a", None, 409),
    Call("POST", "recordings/stop", None, 405),
    Call("POST", "recordings/stop/none", None, 404),
    Call("POST", "recordings/stop/a", None, 200, {"status": "ready", "url": str}, RECORDING),
    Call("GET", "recordings", None, 200, {"count": 1, "items.0.id": "a"}),
    Call("POST", START, {"session": "a", "outputMode": "INDIVIDUAL"}, 200, {"id": "a~1"}),
    Call("POST", "recordings/stop/a~1", None, 200, {"status": "ready"}),
    Call("DELETE", "recordings/a~1", None, 204),
    Call("DELETE", "recordings", None, 405),
    Call("DELETE", "recordings/a", None, 204),
    Call("GET", "recordings", None, 200, {"count": 0}),
    Call("DELETE", A, None, 204),
    Call("DELETE", "sessions/r", None, 204),
)

BROADCASTS: Sequence[Call] = (
    *refused(400, "broadcast/start", {}, {"session": True}, {"session": "a"}),
    *refused(404, "broadcast/start", {"session": "a", "broadcastUrl": "rtmp://example.io/live"}),
    *refused(400, "broadcast/stop", {}, {"session": True}),
    *refused(404, "broadcast/stop", {"session": "a"}),
    Call("POST", "sessions", {"customSessionId": "a"}, 200),
    *refused(406, "broadcast/start", {"session": "a", "broadcastUrl": "rtmp://example.io/live"}),
    *refused(409, "broadcast/stop", {"session": "a"}),
    Call("POST", C, CAMERA, 200),
    *refused(400, "broadcast/start", {"broadcastUrl": "here"}, {"broadcastUrl": 7}, session="a"),
    *refused(
        422,
        "broadcast/start",
        {"resolution": "99x1080"},
        {"hasAudio": False, "hasVideo": False},
        session="a",
        broadcastUrl="rtmp://example.io/live",
    ),
    Call("POST", "broadcast/start", {"session": "a", "broadcastUrl": "rtmp://example.io/x"}, 200),
    Call("GET", A, None, 200, {"broadcasting": True}),
    *refused(409, "broadcast/start", {"session": "a", "broadcastUrl": "rtmp://example.io/x"}),
    Call("POST", "broadcast/stop", {"session": "a"}, 200),
    Call("GET", A, None, 200, {"broadcasting": False}),
)

# What the applications of OpenVidu's tutorials do: a session that may be there, and a token for it.
TUTORIALS: Sequence[Call] = (
    Call("POST", "sessions", {"customSessionId": "a"}, 200, {"id": "a"}),
    Call("POST", "sessions", {"customSessionId": "a"}, 409),
    Call("GET", "sessions/a", None, 200),
    Call("POST", C, {}, 200, {"token": str, "role": "PUBLISHER", "record": True}),
    Call("POST", C, None, 200, {"token": str}),
    Call("POST", "sessions/b/connection", {}, 404),
    Call("POST", "sessions", None, 200, {"id": str}),
)

ADMINISTRATION: Sequence[Call] = (
    Call("GET", "config", None, 200, {"OPENVIDU_RECORDING": True, "HTTPS_PORT": int}),
    Call(
        "GET",
        "health",
        None,
        200,
        {"status": "UP"},
        frozenset({"status", "disconnectedMediaNodes"}),
    ),
    Call(
        "GET", "status", None, 200, {"startTime": int, "lastRestartTime": int, "restartCounter": 0}
    ),
    Call("GET", "media-nodes", None, 200, {"numberOfElements": 1}),
    Call("GET", "nothing", None, 404),
)

PARTS: Mapping[str, Sequence[Call]] = {
    "sessions": SESSIONS,
    "connections": CONNECTIONS,
    "tokens": TOKENS,
    "streams and signals": STREAMS_AND_SIGNALS,
    "recordings": RECORDINGS,
    "broadcasts": BROADCASTS,
    "tutorials": TUTORIALS,
    "administration": ADMINISTRATION,
}
