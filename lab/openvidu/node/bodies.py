"""What the bodies of REST requests may say: parsed once into properties, or refused.

Properties are kept under the names that they have in the API, as the API shows them again.
Source: REST reference of OpenVidu 2.30.0, "Session", "Connection", "Signal", "Recording" and
"Broadcast"; the refusals of OpenVidu Server 2.30.0.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar
from urllib.parse import urlsplit

from lab.openvidu.node.turn_credentials import credentials

Json = dict[str, object]
Value = TypeVar("Value")

CODECS = ("MEDIA_SERVER_PREFERRED", "NONE", "VP8", "VP9", "H264")
ROLES = ("SUBSCRIBER", "PUBLISHER", "MODERATOR")
_MODES = ("COMPOSED", "COMPOSED_QUICK_START", "INDIVIDUAL")
_LAYOUTS = (
    "BEST_FIT",
    "PICTURE_IN_PICTURE",
    "VERTICAL_PRESENTATION",
    "HORIZONTAL_PRESENTATION",
    "CUSTOM",
)
_SESSION_ID = re.compile(r"[A-Za-z0-9_-]+")
_RECORDING_NAME = re.compile(r"[A-Za-z0-9_~-]+")
_SIDE = r"[1-9]\d{2}|1\d{3}"
_RESOLUTION = re.compile(f"({_SIDE})x({_SIDE})")
_HOST = r"(?:[A-Za-z0-9-]+\.)+[A-Za-z0-9-]+|localhost|\[[0-9A-Fa-f:.]+\]"
_ICE_URL = re.compile(
    rf"(?:stuns?:(?:{_HOST})(?::\d+)?|turns?:(?:{_HOST})(?::\d+)?(?:\?transport=(?:udp|tcp))?)"
)
_CAMERA_SCHEMES = ("file", "rtsp", "rtsps", "http", "https")
_LEAST_SHARED_MEMORY = 134217728
_BANDWIDTHS = tuple(
    f"video{end}{way}Bandwidth" for way in ("Recv", "Send") for end in ("Max", "Min")
)
_WORDS = {str: "text", bool: "true or false", int: "a number", list: "a list", dict: "an object"}

RECORDING_DEFAULTS: Json = {
    "name": "",
    "hasAudio": True,
    "hasVideo": True,
    "outputMode": "COMPOSED",
    "recordingLayout": "BEST_FIT",
    "resolution": "1280x720",
    "frameRate": 25,
    "shmSize": 536870912,
}


class RefusedError(Exception):
    """A request that the REST reference answers with an error.

    Attributes:
        status: the HTTP status.
    """

    def __init__(self, status: int, message: str = "") -> None:
        super().__init__(message)
        self.status = status


def take(body: Mapping[str, object], name: str, kind: type[Value], default: Value) -> Value:
    """A field of a body; `default` where it is null or not there.

    Raises:
        RefusedError: 400 where it is of another type.
    """
    value = body.get(name)
    if value is None:
        return default
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise RefusedError(400, f"{name} is not {_WORDS[kind]}")
    return value


def session_id(body: Mapping[str, object]) -> str:
    """The `session` of a body that must have one.

    Raises:
        RefusedError: 400.
    """
    named = take(body, "session", str, "")
    if not named:
        raise RefusedError(400, "session is missing")
    return named


def session_properties(body: Mapping[str, object], codec: str, transcoding: bool) -> Json:
    """The properties of a new session.

    Args:
        body: of POST sessions.
        codec: OPENVIDU_STREAMS_FORCED_VIDEO_CODEC.
        transcoding: OPENVIDU_STREAMS_ALLOW_TRANSCODING.

    Raises:
        RefusedError: 400.
    """
    wanted = take(body, "customSessionId", str, "")
    if wanted and not _SESSION_ID.fullmatch(wanted):
        raise RefusedError(400, "customSessionId takes 0-9, a-z, A-Z, - and _ only")
    properties: Json = {
        "mediaMode": _choice(body, "mediaMode", ("ROUTED", "RELAYED")),
        "recordingMode": _choice(body, "recordingMode", ("MANUAL", "ALWAYS")),
    }
    try:
        given = take(body, "defaultRecordingProperties", dict, {})
        properties["defaultRecordingProperties"] = recording_properties(given, RECORDING_DEFAULTS)
    except RefusedError as refused:
        raise RefusedError(400, f"defaultRecordingProperties: {refused}") from refused
    properties |= {
        "customSessionId": wanted,
        "forcedVideoCodec": _choice(body, "forcedVideoCodec", (codec, *CODECS)),
        "allowTranscoding": take(body, "allowTranscoding", bool, transcoding),
    }
    media_node = take(body, "mediaNode", dict, {})
    if media_node:
        properties["mediaNode"] = {"id": take(media_node, "id", str, "")}
    return properties


def recording_properties(body: Mapping[str, object], default: Mapping[str, object]) -> Json:
    """The properties of a recording, those that go with its output mode.

    Args:
        body: of POST recordings/start or broadcast/start, or a session's default properties.
        default: what counts where the body says nothing.

    Raises:
        RefusedError: 400 for a type or word, 422 for a value out of bounds.
    """
    name = take(body, "name", str, "") or default["name"]
    if name and not _RECORDING_NAME.fullmatch(str(name)):
        raise RefusedError(400, "name takes 0-9, a-z, A-Z, -, _ and ~ only")
    asked: Json = {
        "name": name,
        "hasAudio": take(body, "hasAudio", bool, bool(default["hasAudio"])),
        "hasVideo": take(body, "hasVideo", bool, bool(default["hasVideo"])),
        "outputMode": _choice(body, "outputMode", (str(default["outputMode"]), *_MODES)),
    }
    picture = _picture(body, default)
    ignore = take(body, "ignoreFailedStreams", bool, bool(default.get("ignoreFailedStreams")))
    if not (asked["hasAudio"] or asked["hasVideo"]):
        raise RefusedError(422, "neither hasAudio nor hasVideo")
    if asked["outputMode"] == "INDIVIDUAL":
        return asked | {"ignoreFailedStreams": ignore}
    _check_picture(picture)
    return asked | picture if asked["hasVideo"] else asked


def _picture(body: Mapping[str, object], default: Mapping[str, object]) -> Json:
    """What a composed recording looks like."""
    default = {**RECORDING_DEFAULTS, **default}
    layout = _choice(body, "recordingLayout", (str(default["recordingLayout"]), *_LAYOUTS))
    custom = take(body, "customLayout", str, str(default.get("customLayout", "")))
    found: Json = {"recordingLayout": layout}
    for name, kind in (("resolution", str), ("frameRate", int), ("shmSize", int)):
        found[name] = take(body, name, kind, default[name])
    return found | {"customLayout": custom} if layout == "CUSTOM" else found


def _check_picture(picture: Mapping[str, Any]) -> None:
    if not _RESOLUTION.fullmatch(picture["resolution"]):
        raise RefusedError(422, "resolution is not WIDTHxHEIGHT, each from 100 to 1999")
    if not 1 <= picture["frameRate"] <= 120:
        raise RefusedError(422, "frameRate is not from 1 to 120")
    if picture["shmSize"] < _LEAST_SHARED_MEMORY:
        raise RefusedError(422, f"shmSize is less than {_LEAST_SHARED_MEMORY}")


def connection_properties(body: Mapping[str, object]) -> Json:
    """The properties of a new connection.

    Raises:
        RefusedError: 400.
    """
    kind = _choice(body, "type", ("WEBRTC", "IPCAM"))
    web, camera = kind == "WEBRTC", kind == "IPCAM"
    return {
        "type": kind,
        "record": take(body, "record", bool, True),
        "role": _choice(body, "role", ("PUBLISHER", *ROLES)) if web else None,
        "kurentoOptions": _kurento_options(body) if web else None,
        "customIceServers": _ice_servers(body) if web else [],
        "rtspUri": _camera(body) if camera else None,
        "adaptativeBitrate": take(body, "adaptativeBitrate", bool, True) if camera else None,
        "onlyPlayWithSubscribers": (
            take(body, "onlyPlayWithSubscribers", bool, True) if camera else None
        ),
        "networkCache": take(body, "networkCache", int, 2000) if camera else None,
        "serverData": take(body, "data", str, ""),
    }


def changed_properties(body: Mapping[str, object]) -> Json:
    """What PATCH of a connection changes; other fields are passed over.

    Raises:
        RefusedError: 400.
    """
    asked: Json = {}
    if body.get("role") is not None:
        asked["role"] = _choice(body, "role", ROLES)
    if body.get("record") is not None:
        asked["record"] = take(body, "record", bool, True)
    return asked


def _choice(body: Mapping[str, object], name: str, words: Sequence[str]) -> str:
    """One of the words; the first where the body says nothing."""
    chosen = take(body, name, str, words[0])
    if chosen not in words:
        raise RefusedError(400, f"{name} is none of {', '.join(dict.fromkeys(words))}")
    return chosen


def _kurento_options(body: Mapping[str, object]) -> Json | None:
    given = take(body, "kurentoOptions", dict, {})
    if not given:
        return None
    options: Json = {n: take(given, n, int, 0) for n in _BANDWIDTHS if given.get(n) is not None}
    if given.get("allowedFilters") is not None:
        options["allowedFilters"] = list(map(str, take(given, "allowedFilters", list, [])))
    return options


def _ice_servers(body: Mapping[str, object]) -> list[Json]:
    servers = take(body, "customIceServers", list, [])
    return [ice_server(one if isinstance(one, dict) else {}) for one in servers]


def ice_server(given: Mapping[str, object]) -> Json:
    """A STUN or TURN server as a client is told of it, with credentials that are good now.

    Raises:
        RefusedError: 400 for what is none.
    """
    url = take(given, "url", str, "")
    if not _ICE_URL.fullmatch(url):
        raise RefusedError(400, "customIceServers: url is none of a STUN or TURN server")
    user, password = take(given, "username", str, ""), take(given, "credential", str, "")
    secret = take(given, "staticAuthSecret", str, "")
    if url.startswith("stun"):
        if user or password:
            raise RefusedError(400, "customIceServers: a STUN server takes no credentials")
        return {"url": url}
    if secret and (user or password):
        raise RefusedError(400, "customIceServers: staticAuthSecret goes without credentials")
    if secret:
        user, password = credentials(secret)
    if not (user and password):
        raise RefusedError(400, "customIceServers: a TURN server wants credentials")
    return {"url": url, "username": user, "credential": password}


def _camera(body: Mapping[str, object]) -> str:
    uri = take(body, "rtspUri", str, "")
    if urlsplit(uri).scheme not in _CAMERA_SCHEMES:
        raise RefusedError(400, f"rtspUri begins with none of {', '.join(_CAMERA_SCHEMES)}")
    return uri
