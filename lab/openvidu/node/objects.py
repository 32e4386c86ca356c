"""Sessions, connections and recordings, and how the REST API shows them.

Source: REST reference, "The Session object", "The Connection object", "The Recording object";
webhook reference, "recordingStatusChanged".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

Event = dict[str, object]
"""A webhook event."""


@dataclass
class Connection:
    """One user of a session: `pending` until the token is used, then `active`."""

    id: str
    session_id: str
    token: str
    created: int
    ip: str = ""
    active_since: int = 0
    data: str = ""

    def describe(self) -> dict[str, object]:
        """The connection object."""
        return {
            "id": self.id,
            "object": "connection",
            "type": "WEBRTC",
            "status": "active" if self.active_since else "pending",
            "sessionId": self.session_id,
            "createdAt": self.created,
            "activeAt": self.active_since or None,
            "ip": self.ip or None,
            "token": self.token,
            "serverData": self.data,
            "role": "PUBLISHER",
            "publishers": [],
            "subscribers": [],
        }


@dataclass
class Recording:
    """One recording; `status` goes from `started` over `stopped` to `ready` or `failed`."""

    id: str
    session_id: str
    name: str
    created: int
    status: str = "started"
    duration: float = 0.0
    size: int = 0
    url: str | None = None
    reason: str | None = None

    def describe(self) -> dict[str, object]:
        """The recording object."""
        return {
            "id": self.id,
            "object": "recording",
            "name": self.name,
            "outputMode": "COMPOSED",
            "hasAudio": True,
            "hasVideo": True,
            "resolution": "1280x720",
            "frameRate": 25,
            "recordingLayout": "BEST_FIT",
            "sessionId": self.session_id,
            "createdAt": self.created,
            "size": self.size,
            "duration": self.duration,
            "url": self.url,
            "status": self.status,
        }

    def event(self, now: int) -> Event:
        """The webhook event of its present status."""
        return {
            "event": "recordingStatusChanged",
            "timestamp": now,
            "sessionId": self.session_id,
            "startTime": self.created,
            "duration": self.duration,
            "id": self.id,
            "name": self.name,
            "outputMode": "COMPOSED",
            "size": self.size,
            "status": self.status,
            "reason": self.reason,
        }


@dataclass
class Session:
    """One session with its connections."""

    id: str
    created: int
    properties: Mapping[str, object]
    connections: dict[str, Connection] = field(default_factory=dict)
    recording: Recording | None = None

    @property
    def active(self) -> list[Connection]:
        """The connections whose user is there."""
        return [connection for connection in self.connections.values() if connection.active_since]

    def describe(self, media_node_id: str) -> dict[str, object]:
        """The session object; `sessionId` beside `id`, as older clients read it."""
        return {
            "id": self.id,
            "sessionId": self.id,
            "object": "session",
            "createdAt": self.created,
            "mediaMode": "ROUTED",
            "recordingMode": self.properties.get("recordingMode", "MANUAL"),
            "customSessionId": self.properties.get("customSessionId", ""),
            "connections": {
                "numberOfElements": len(self.active),
                "content": [connection.describe() for connection in self.active],
            },
            "recording": self.recording is not None,
            "broadcasting": False,
            "mediaNodeId": media_node_id,
        }
