"""Sessions, connections, streams and recordings, and how the REST API shows them.

Source: REST reference, "The Session object", "The Connection object", "The Recording object";
webhook reference, "recordingStatusChanged"; the fields of OpenVidu Server 2.30.0, one by one.
"""

from __future__ import annotations

import secrets
import string
from collections.abc import Mapping
from dataclasses import dataclass, field

Event = dict[str, object]
"""A webhook event."""
Json = dict[str, object]

_LETTERS_AND_DIGITS = string.ascii_letters + string.digits
_SHOWN_OF_RECORDINGS = (
    "outputMode",
    "resolution",
    "frameRate",
    "recordingLayout",
    "customLayout",
    "hasAudio",
    "hasVideo",
)


def identifier(prefix: str, length: int) -> str:
    """A new id: the prefix, a capital letter, and letters and digits up to `length`."""
    rest = (secrets.choice(_LETTERS_AND_DIGITS) for _ in range(length - 1))
    return f"{prefix}_{secrets.choice(string.ascii_uppercase)}{''.join(rest)}"


@dataclass
class Stream:
    """What one user publishes.

    Attributes:
        media: `hasAudio` and so on, as the REST API and the other clients are told.
        rtsp_uri: of an IP camera.
    """

    id: str
    created: int
    media: Json
    rtsp_uri: str | None = None

    def describe(self) -> Json:
        """The publisher object."""
        uri = {"rtspUri": self.rtsp_uri} if self.rtsp_uri else {}
        return {"createdAt": self.created, "streamId": self.id, **uri, "mediaOptions": self.media}

    def event(self) -> Event:
        """What webhooks say of it."""
        video = ("videoSource", "typeOfVideo"), ("videoFramerate", "frameRate")
        shown = (*video, ("videoDimensions", "videoDimensions")) if self.media["hasVideo"] else ()
        return {
            **{name: self.media.get(own) for name, own in shown},
            "audioEnabled": self.media["hasAudio"],
            "videoEnabled": self.media["hasVideo"],
        }


@dataclass
class Connection:
    """One user of a session: `pending` until the token is used, then `active`.

    Attributes:
        properties: as `bodies.connection_properties` has them.
        stream: what the user publishes.
        received: when the user began to receive a stream, by its id.
    """

    id: str
    session_id: str
    token: str | None
    created: int
    properties: Json
    active_since: int = 0
    ip: str = ""
    platform: str = ""
    client_data: str | None = ""
    stream: Stream | None = None
    received: dict[str, int] = field(default_factory=dict)

    @property
    def role(self) -> object:
        """What the user may do; None of an IP camera."""
        return self.properties["role"]

    @property
    def metadata(self) -> str:
        """What the other clients are told: the client's own data, and the server's."""
        both = self.client_data, str(self.properties["serverData"])
        return "%/%".join(part for part in both if part)

    def describe(self) -> Json:
        """The connection object."""
        active = bool(self.active_since)
        received = [{"createdAt": at, "streamId": key} for key, at in self.received.items()]
        return {
            "id": self.id,
            "object": "connection",
            "status": "active" if active else "pending",
            "connectionId": self.id,
            "sessionId": self.session_id,
            "createdAt": self.created,
            "activeAt": self.active_since or None,
            "location": "unknown" if active else None,
            "ip": self.ip if active else None,
            "platform": self.platform if active else None,
            "token": self.token,
            **self.properties,
            "clientData": self.client_data if active else None,
            "publishers": ([self.stream.describe()] if self.stream else []) if active else None,
            "subscribers": received if active else None,
        }

    def event(self) -> Event:
        """What webhooks say of the participant."""
        return {
            "participantId": self.id,
            "connectionId": self.id,
            "location": "unknown",
            "ip": self.ip,
            "platform": self.platform,
            "clientData": self.client_data or "",
            "serverData": self.properties["serverData"],
        }


@dataclass
class Recording:
    """One recording; `status` goes from `started` over `stopped` to `ready` or `failed`.

    Attributes:
        properties: as `bodies.recording_properties` has them.
    """

    id: str
    session_id: str
    session_created: int
    properties: Json
    created: int
    status: str = "started"
    duration: float = 0.0
    size: int = 0
    url: str | None = None
    reason: str | None = None

    @property
    def name(self) -> str:
        """The name of its file, without the extension."""
        return str(self.properties["name"] or self.id)

    @property
    def extension(self) -> str:
        """Of its file."""
        if self.properties["outputMode"] == "INDIVIDUAL":
            return "zip"
        return "mp4" if self.properties["hasVideo"] else "webm"

    def _shown(self) -> Json:
        there = (name for name in _SHOWN_OF_RECORDINGS if name in self.properties)
        return {name: self.properties[name] for name in there}

    def describe(self) -> Json:
        """The recording object."""
        return {
            "id": self.id,
            "object": "recording",
            "name": self.name,
            **self._shown(),
            "sessionId": self.session_id,
            "createdAt": self.created,
            "size": self.size,
            "duration": self.duration,
            "url": self.url,
            "status": self.status,
        }

    def event(self, now: int) -> Event:
        """The webhook event of its present status."""
        ended = self.status in ("ready", "failed")
        return {
            "event": "recordingStatusChanged",
            "sessionId": self.session_id,
            "uniqueSessionId": f"{self.session_id}_{self.session_created}",
            "timestamp": now,
            "startTime": self.created,
            "duration": self.duration if ended else 0.0,
            **({"reason": self.reason} if self.reason else {}),
            "id": self.id,
            "name": self.name,
            **self._shown(),
            "size": self.size,
            "status": self.status,
        }


@dataclass
class Session:
    """One session with its connections.

    Attributes:
        properties: as `bodies.session_properties` has them.
        joined: whether somebody has joined yet: from then on it is on a media node.
    """

    id: str
    created: int
    properties: Json
    connections: dict[str, Connection] = field(default_factory=dict)
    recording: Recording | None = None
    broadcasting: bool = False
    joined: bool = False

    @property
    def active(self) -> list[Connection]:
        """The connections whose user is there."""
        return [connection for connection in self.connections.values() if connection.active_since]

    def describe(self, media_node_id: str, *, pending: bool = False) -> Json:
        """The session object; with `pending`, connections whose user isn't there, too."""
        shown = list(self.connections.values()) if pending else self.active
        return {
            "id": self.id,
            "object": "session",
            "sessionId": self.id,
            "createdAt": self.created,
            "recording": self.recording is not None,
            "broadcasting": self.broadcasting,
            **self.properties,
            "connections": listed([connection.describe() for connection in shown]),
            **({"mediaNodeId": media_node_id} if self.joined else {}),
        }

    def event(self) -> Event:
        """What webhooks say of it, whatever the event."""
        return {"sessionId": self.id, "uniqueSessionId": f"{self.id}_{self.created}"}


def listed(content: list[Json]) -> Json:
    """A list as the REST API shows it."""
    return {"numberOfElements": len(content), "content": content}


def without_pending(session: Mapping[str, object]) -> Json:
    """A session object that was made with pending connections, without them."""
    connections = session["connections"]
    content = connections["content"] if isinstance(connections, dict) else []
    return {**session, "connections": listed([c for c in content if c["status"] == "active"])}
