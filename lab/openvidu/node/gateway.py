"""The replication manager's HTTP side: who is to answer a request, in the whole cluster.

What concerns the cluster is answered from Redis, and so is the same through every node. A
session's requests and WebSockets go to the node that holds it, a new session to this node, or
to another where this one waits to terminate.
Source: page, port 4443 and "Check cluster and nodes health"; REST reference.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

from lab.openvidu import faults
from lab.openvidu.node import administration, misbehaviour
from lab.openvidu.node.cluster import Cluster, Member, health
from lab.openvidu.node.configuration import Settings
from lab.openvidu.node.membership import Membership, Report
from lab.openvidu.node.redis_link import RedisError
from lab.openvidu.web.messages import (
    Request,
    Response,
    Takeover,
    json_response,
    login_wanted,
    text_response,
)
from lab.openvidu.web.relay import relay
from openvidu import api, ports

REPORT_PATH = "/openvidu/replication-manager-webhook"
_RECORDINGS = "/openvidu/api/recordings"
_API = "/openvidu/api"
_LOOPBACK = "127.0.0.1"


class Gateway:
    """Answers what comes in on 4443."""

    def __init__(
        self, settings: Settings, cluster: Cluster, membership: Membership, env_file: Path
    ) -> None:
        self._settings = settings
        self._cluster = cluster
        self._membership = membership
        self._env_file = env_file

    async def handle(self, request: Request) -> Response | Takeover:
        """Answer one request; 503 where the cluster's state can't be read."""
        try:
            return await self._route(request)
        except RedisError as error:
            return json_response({"status": 503, "error": f"Redis: {error}"}, 503)

    async def _route(self, request: Request) -> Response | Takeover:
        path = request.path
        if path in ("/", api.NODE_HEALTH):
            return self._node_health()
        if path in (REPORT_PATH, administration.RESTART_PATH):
            return await self._internal(request)
        if path == _API or path.startswith(f"{_API}/"):
            return await self._api(request)
        if request.wants_websocket and "sessionId" in request.query:
            return await self._socket(request)
        return await relay(request, _LOOPBACK, ports.API)

    async def _internal(self, request: Request) -> Response:
        """What OpenVidu Server and the other nodes' replication managers ask for."""
        if request.path == REPORT_PATH:
            if request.query.get("OPENVIDU_SECRET") != self._settings.secret:
                return login_wanted("replication-manager")
            await self._membership.take(Report.parse(request.json()))
        else:
            if not request.has_login(api.USER, self._settings.secret):
                return login_wanted("replication-manager")
            administration.restart_this_node(self._env_file.parent)
        return Response(204)

    def _node_health(self) -> Response | Takeover:
        """200, or no answer at all."""
        if self._membership.server_is_up:
            return text_response("OK\n")
        return Takeover(_no_answer)

    async def _api(self, request: Request) -> Response | Takeover:
        fault = faults.strike("api")
        if fault:
            return misbehaviour.answer(fault, "503")
        if not request.has_login(api.USER, self._settings.secret):
            return login_wanted("OpenVidu")
        path = request.path.rstrip("/")
        for prefix, answer in (
            (api.HEALTH, self._health),
            (api.RESTART, self._restart),
            (api.MEDIA_NODES, self._media_nodes),
            (api.SESSIONS, self._sessions),
            (_RECORDINGS, self._recordings),
        ):
            if path == prefix or path.startswith(f"{prefix}/"):
                return await answer(request, path.removeprefix(prefix).strip("/"))
        return await relay(request, _LOOPBACK, ports.API)

    async def _health(self, _: Request, __: str) -> Response:
        status, body = health(await self._cluster.members())
        return json_response(body, status)

    async def _restart(self, request: Request, _: str) -> Response:
        if request.method != "POST":
            return json_response({"status": 405, "error": "Method Not Allowed"}, 405)
        members = await self._cluster.members()
        return await administration.restart_all(self._settings, members, request)

    async def _media_nodes(self, request: Request, wanted: str) -> Response | Takeover:
        if request.method not in ("GET", "PATCH"):
            return json_response({"status": 405, "error": "Method Not Allowed"}, 405)
        members = [member for member in await self._cluster.members() if member.media_node]
        if not wanted and request.method == "GET":
            content = [member.describe(request.query) for member in members]
            return json_response({"numberOfElements": len(content), "content": content})
        for member in members:
            if member.media_node and member.media_node["id"] == wanted:
                if request.method == "GET":
                    return json_response(member.describe(request.query))
                return await self._to(request, member)
        return json_response({"status": 404, "error": "Not Found"}, 404)

    async def _sessions(self, request: Request, wanted: str) -> Response | Takeover:
        if wanted:
            return await self._to_holder(request, wanted.partition("/")[0])
        members = await self._cluster.members()
        if request.method == "GET":
            content = [session for member in members for session in member.sessions.values()]
            return json_response({"numberOfElements": len(content), "content": content})
        if request.method == "POST":
            return await self._new_session(request, members)
        return json_response({"status": 405, "error": "Method Not Allowed"}, 405)

    async def _new_session(self, request: Request, members: list[Member]) -> Response | Takeover:
        try:
            body = request.json() if request.body else {}
        except ValueError:
            return json_response({"status": 400, "error": "the body is not JSON"}, 400)
        custom = body.get("customSessionId") if isinstance(body, dict) else None
        if custom and any(custom in member.sessions for member in members):
            return json_response({"status": 409, "error": "Conflict"}, 409)
        if self._membership.status == api.RUNNING and self._membership.server_is_up:
            return await relay(request, _LOOPBACK, ports.API)
        running = [member for member in members if member.status == api.RUNNING]
        if not running:
            return json_response({"status": 503, "error": "no node takes new sessions"}, 503)
        return await self._to(request, min(running, key=lambda member: len(member.sessions)))

    async def _recordings(self, request: Request, wanted: str) -> Response | Takeover:
        if request.method == "GET":
            found = await self._cluster.recordings()
            if not wanted:
                return json_response({"count": len(found), "items": list(found.values())})
            if wanted in found:
                return json_response(found[wanted])
            return json_response({"status": 404, "error": "Not Found"}, 404)
        session_id = wanted.removeprefix("stop/")
        if wanted == "start":
            try:
                body = request.json()
            except ValueError:
                return json_response({"status": 400, "error": "the body is not JSON"}, 400)
            session_id = str(body.get("session", "")) if isinstance(body, dict) else ""
        return await self._to_holder(request, session_id)

    async def _socket(self, request: Request) -> Response | Takeover:
        answer = await self._to_holder(request, request.query["sessionId"])
        gone = isinstance(answer, Response) and answer.status == 404
        if gone and request.query.get("reconnect") == "true":
            # openvidu-browser wants to be told by `connect`: else it would try for ever.
            return await relay(request, _LOOPBACK, ports.API)
        return answer

    async def _to_holder(self, request: Request, session_id: str) -> Response | Takeover:
        for member in await self._cluster.members():
            if session_id in member.sessions:
                return await self._to(request, member)
        return json_response({"status": 404, "error": "Not Found"}, 404)

    async def _to(self, request: Request, member: Member) -> Response | Takeover:
        own = member.ip == self._settings.ip
        return await relay(request, _LOOPBACK if own else member.ip, ports.API)


async def _no_answer(_: asyncio.StreamReader, __: asyncio.StreamWriter) -> None:
    return
