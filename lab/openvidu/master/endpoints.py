"""A single master's REST API: what a node leaves to its replication manager, it answers itself.

Source: REST reference of OpenVidu 2.30.0, "GET /openvidu/api/health", "Session", "Media Nodes".
"""

from __future__ import annotations

from collections.abc import Collection

from lab.openvidu.master.server_state import MasterState
from lab.openvidu.node import captures
from lab.openvidu.node.bodies import RefusedError
from lab.openvidu.node.endpoints import Endpoints
from lab.openvidu.node.objects import listed
from lab.openvidu.node.rest_answers import API
from lab.openvidu.web.messages import Request, Response, Takeover, json_response

_STATUSES = {"UP": 200, "UNSTABLE": 409, "DOWN": 503}


class MasterEndpoints(Endpoints):
    """Answers what comes in on 5443 of a single master."""

    def __init__(self, server_state: MasterState) -> None:
        super().__init__(server_state)
        self._master = server_state

    async def _api(self, request: Request, path: str) -> Response | Takeover:
        match request.method, path.removeprefix(f"{API}/").split("/"):
            case "GET", ["health"]:
                return await self._health()
            case "GET", ["media-nodes"]:
                await self._master.look_at_media_nodes()
                return json_response(listed(self._master.media_nodes))
            case "GET" | "DELETE" as method, ["recordings", *names]:
                captures.check_enabled(self._master.store)
                return await self._stored(method, "/".join(names))
        return await super()._api(request, path)

    async def _stored(self, method: str, name: str) -> Response:
        found = self._master.recordings
        if not name and method == "GET":
            return json_response({"count": len(found), "items": list(found.values())})
        if not name:
            raise RefusedError(405)
        if name not in found:
            raise RefusedError(404)
        if method == "GET":
            return json_response(found[name])
        if found[name]["status"] == "started":
            raise RefusedError(409)
        await self._master.remove_recording(name)
        return Response(204)

    def _stored_ids(self, request: Request) -> Collection[str]:
        return self._master.recordings

    async def _health(self) -> Response:
        await self._master.look_at_media_nodes()
        away = [one["id"] for one in self._master.media_nodes if not one["connected"]]
        there = len(self._master.media_nodes) - len(away)
        status = "DOWN" if not there else "UNSTABLE" if away else "UP"
        return json_response({"status": status, "disconnectedMediaNodes": away}, _STATUSES[status])
