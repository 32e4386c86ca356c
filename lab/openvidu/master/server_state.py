"""A single master's sessions and its media nodes: all that it knows, it knows by itself."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from urllib.parse import urlsplit

from lab.openvidu.node.cluster import Json
from lab.openvidu.node.membership import Report
from lab.openvidu.node.objects import Session
from lab.openvidu.node.recordings import Uploader
from lab.openvidu.node.server_state import Heard, ServerState
from lab.openvidu.node.webhooks import Courier, Webhooks

_SECONDS = 2.0


def is_master(values: Mapping[str, str]) -> bool:
    """Whether this server is a single master, and not one of a cluster's nodes."""
    return "MULTI_MASTER_NODE_ID" not in values


class MasterState(ServerState):
    """The master's sessions.

    Attributes:
        recordings: by id.
        media_nodes: the media nodes of KMS_URIS as they are now.
    """

    def __init__(self, values: Mapping[str, str], uploader: Uploader) -> None:
        super().__init__(values, uploader)
        self._courier = Courier(Webhooks.parse(values))
        self._uris: list[str] = json.loads(values.get("KMS_URIS") or "[]")
        self.recordings: dict[str, Json] = {}
        self.media_nodes: list[Json] = []
        self._hosts: dict[str, str] = {}

    async def remove_recording(self, recording_id: str) -> None:
        """Remove a recording and its file."""
        await self._uploader.remove(self.recordings.pop(recording_id))

    async def has_media_node(self, session: Session) -> bool:
        """Whether one can be reached; the one that was asked for, or the least loaded, is taken.

        Source: openvidu-node-client 2.30.0, `SessionProperties.mediaNode`: "the less loaded Media
        Node at the moment the first user joins the session", unless it's named.
        """
        await self.look_at_media_nodes()
        there = [str(one["id"]) for one in self.media_nodes if one["connected"]]
        if not session.joined:
            # Those that have ended are on none.
            self._hosts = {one: on for one, on in self._hosts.items() if one in self.store.sessions}
            load = Counter(self._hosts.values())
            wanted = session.properties.get("mediaNode", {"id": ""})
            fit = [one for one in there if wanted in ({"id": ""}, {"id": one})]
            if not fit:
                return False
            self._hosts[session.id] = min(fit, key=lambda one: load[one])
        return self.media_node_of(session) in there

    def media_node_of(self, session: Session) -> str:
        """The media node that was taken for a session."""
        return self._hosts.get(session.id, "")

    async def look_at_media_nodes(self) -> None:
        """See which media nodes can be reached."""
        connected = await asyncio.gather(*map(_is_reachable, self._uris))
        self.media_nodes = [
            {
                "id": f"media_{urlsplit(uri).hostname}",
                "object": "mediaNode",
                "ip": urlsplit(uri).hostname,
                "uri": uri,
                "connected": there,
                "status": "running",
            }
            for uri, there in zip(self._uris, connected, strict=True)
        ]

    async def _send(self, report: Report) -> Heard:
        """Keep what a node would tell its cluster."""
        self.recordings |= report.recordings
        self._courier.send(report.events)
        return Heard.WRITTEN


async def _is_reachable(uri: str) -> bool:
    place = urlsplit(uri)
    with suppress(OSError, TimeoutError):
        async with asyncio.timeout(_SECONDS):
            _, writer = await asyncio.open_connection(place.hostname, place.port)
        writer.close()
        return True
    return False
