"""A single master's REST API: what a node leaves to its replication manager, it answers itself.

Source: REST reference of OpenVidu 2.30.0, "GET /openvidu/api/health", "Session", "Media Nodes".
"""

from __future__ import annotations

from collections.abc import Mapping

from lab.openvidu.master.house import MasterHouse
from lab.openvidu.node.endpoints import RECORDINGS, Endpoints
from lab.openvidu.web.messages import Request, Response, Takeover, json_response
from openvidu import api

_STATUSES = {"UP": 200, "UNSTABLE": 409, "DOWN": 503}


class MasterEndpoints(Endpoints):
    """Answers what comes in on 5443 of a single master."""

    def __init__(self, house: MasterHouse, values: Mapping[str, str]) -> None:
        super().__init__(house, values)
        self._master = house

    async def handle(self, request: Request) -> Response | Takeover:
        """Answer one request; without a media node nobody can join."""
        if request.wants_websocket:
            await self._master.look_at_media_nodes()
            if not any(one["connected"] for one in self._master.media_nodes):
                refusal = {"status": 503, "message": "There is no available Media Node"}
                return json_response(refusal, 503)
        return await super().handle(request)

    async def _api(self, request: Request, path: str) -> Response | Takeover:
        match request.method, path:
            case "GET", api.HEALTH:
                return await self._health()
            case "GET", api.MEDIA_NODES:
                await self._master.look_at_media_nodes()
                return _list(self._master.media_nodes)
            case "GET", api.SESSIONS:
                sessions = self._master.book.sessions.values()
                return _list([one.describe(self._master.media_node_id) for one in sessions])
            case "GET", found if found == RECORDINGS:
                recordings = list(self._master.recordings.values())
                return json_response({"count": len(recordings), "items": recordings})
        return await super()._api(request, path)

    async def _health(self) -> Response:
        await self._master.look_at_media_nodes()
        away = [one["id"] for one in self._master.media_nodes if not one["connected"]]
        there = len(self._master.media_nodes) - len(away)
        status = "DOWN" if not there else "UNSTABLE" if away else "UP"
        return json_response({"status": status, "disconnectedMediaNodes": away}, _STATUSES[status])


def _list(content: list[dict[str, object]]) -> Response:
    return json_response({"numberOfElements": len(content), "content": content})
