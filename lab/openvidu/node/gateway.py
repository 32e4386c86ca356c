"""The replication manager's HTTP side: who is to answer a request, in the whole cluster.

What concerns the cluster is answered from Redis, and so is the same through every node. A
session's requests and WebSockets go to the node that holds it, a new session to this node, or
to another where this one waits to terminate.
Source: page, port 4443 and "Check cluster and nodes health"; REST reference.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

from lab.openvidu import faults
from lab.openvidu.node import administration, misbehaviour, rest_answers
from lab.openvidu.node.bodies import RefusedError
from lab.openvidu.node.cluster import Cluster, Member, health
from lab.openvidu.node.configuration import Settings
from lab.openvidu.node.membership import Membership, Report
from lab.openvidu.node.objects import listed, without_pending
from lab.openvidu.node.recordings import Uploader
from lab.openvidu.node.redis_link import RedisError
from lab.openvidu.node.rest_answers import API, PUBLIC_URL, RECORDINGS
from lab.openvidu.s3.client import BucketError
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
STORED_HEADER = "X-Lab-Stored-Recordings"
"""Tells the server that is to record which ids are taken in the cluster."""
_BY_BODY = (f"{API}/tokens", f"{API}/signal", f"{API}/broadcast")
"""What names its session in the body."""
_LOOPBACK = "127.0.0.1"


class Gateway:
    """Answers what comes in on 4443."""

    def __init__(
        self,
        settings: Settings,
        cluster: Cluster,
        membership: Membership,
        env_file: Path,
        uploader: Uploader | None,
    ) -> None:
        """Put it together; without an uploader there are no recordings."""
        self._settings = settings
        self._cluster = cluster
        self._membership = membership
        self._env_file = env_file
        self._uploader = uploader

    async def handle(self, request: Request) -> Response | Takeover:
        """Answer one request; 503 where the cluster's state can't be read."""
        try:
            answer = rest_answers.preflight(request) or await self._route(request)
        except RefusedError as error:
            answer = rest_answers.refusal(error, request.path)
        except RedisError as error:
            answer = json_response({"status": 503, "error": f"Redis: {error}"}, 503)
        return rest_answers.for_any_origin(request, answer)

    async def _route(self, request: Request) -> Response | Takeover:
        path = request.path
        if path in ("/", api.NODE_HEALTH):
            return self._node_health()
        if path in (REPORT_PATH, administration.RESTART_PATH):
            return await self._internal(request)
        if path == API or path.startswith(f"{API}/"):
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
        path = request.path.rstrip("/")
        if path == PUBLIC_URL:
            return await relay(request, _LOOPBACK, ports.API)
        if not request.has_login(api.USER, self._settings.secret):
            return login_wanted("OpenVidu")
        if request.method == "POST" and path.startswith(_BY_BODY):
            return await self._to_holder(request, _named(request))
        for prefix, answer in (
            (api.HEALTH, self._health),
            (api.RESTART, self._restart),
            (api.MEDIA_NODES, self._media_nodes),
            (api.SESSIONS, self._sessions),
            (RECORDINGS, self._recordings),
        ):
            if path == prefix or path.startswith(f"{prefix}/"):
                return await answer(request, path.removeprefix(prefix).strip("/"))
        return await relay(request, _LOOPBACK, ports.API)

    async def _health(self, _: Request, __: str) -> Response:
        status, body = health(await self._cluster.members())
        return json_response(body, status)

    async def _restart(self, request: Request, _: str) -> Response:
        if request.method != "POST":
            raise RefusedError(405)
        members = await self._cluster.members()
        return await administration.restart_all(self._settings, members, request)

    async def _media_nodes(self, request: Request, wanted: str) -> Response | Takeover:
        if request.method not in ("GET", "PATCH"):
            raise RefusedError(405)
        members = [member for member in await self._cluster.members() if member.media_node]
        if not wanted and request.method == "GET":
            return json_response(listed([member.describe(request.query) for member in members]))
        for member in members:
            if member.media_node and member.media_node["id"] == wanted:
                if request.method == "GET":
                    return json_response(member.describe(request.query))
                return await self._to(request, member)
        raise RefusedError(404)

    async def _sessions(self, request: Request, wanted: str) -> Response | Takeover:
        if wanted:
            return await self._to_holder(request, wanted.partition("/")[0])
        members = await self._cluster.members()
        if request.method == "GET":
            content = [session for member in members for session in member.sessions.values()]
            if request.query.get("pendingConnections") != "true":
                content = [without_pending(session) for session in content]
            return json_response(listed(content))
        if request.method == "POST":
            return await self._new_session(request, members)
        raise RefusedError(405)

    async def _new_session(self, request: Request, members: list[Member]) -> Response | Takeover:
        custom = _named(request, "customSessionId")
        if any(custom in member.sessions for member in members):
            raise RefusedError(409)
        if self._membership.status == api.RUNNING and self._membership.server_is_up:
            return await relay(request, _LOOPBACK, ports.API)
        running = [member for member in members if member.status == api.RUNNING]
        if not running:
            raise RefusedError(503, "no node takes new sessions")
        return await self._to(request, min(running, key=lambda member: len(member.sessions)))

    async def _recordings(self, request: Request, wanted: str) -> Response | Takeover:
        found = await self._cluster.recordings()
        if request.method == "POST" and wanted == "start":
            stored = f"{STORED_HEADER}: {','.join(found)}\r\n\r\n".encode()
            told = replace(request, head=request.head.removesuffix(b"\r\n") + stored)
            return await self._to_holder(told, _named(request))
        if request.method == "POST":
            return await self._to_holder(request, wanted.removeprefix("stop/").partition("~")[0])
        if self._uploader is None:
            raise RefusedError(501)
        match request.method:
            case "GET" if not wanted:
                return json_response({"count": len(found), "items": list(found.values())})
            case "GET" | "DELETE" if wanted and wanted not in found:
                raise RefusedError(404)
            case "GET":
                return json_response(found[wanted])
            case "DELETE" if wanted and found[wanted]["status"] == "started":
                raise RefusedError(409)
            case "DELETE" if wanted:
                try:
                    await self._uploader.remove(found[wanted])
                except BucketError as error:
                    raise RefusedError(500, str(error)) from error
                await self._cluster.forget_recording(wanted)
                return Response(204)
        raise RefusedError(405)

    async def _socket(self, request: Request) -> Response | Takeover:
        return await self._to_holder(request, request.query["sessionId"])

    async def _to_holder(self, request: Request, session_id: str) -> Response | Takeover:
        """Where nobody holds the session, this node's own server says so, each in its way."""
        for member in await self._cluster.members():
            if session_id in member.sessions:
                return await self._to(request, member)
        return await relay(request, _LOOPBACK, ports.API)

    async def _to(self, request: Request, member: Member) -> Response | Takeover:
        own = member.ip == self._settings.ip
        return await relay(request, _LOOPBACK if own else member.ip, ports.API)


def _named(request: Request, field: str = "session") -> str:
    """The session that a body names; empty where the server will find fault with it."""
    try:
        body = request.json() if request.body else {}
    except ValueError:
        return ""
    name = body.get(field) if isinstance(body, dict) else None
    return name if isinstance(name, str) else ""


async def _no_answer(_: asyncio.StreamReader, __: asyncio.StreamWriter) -> None:
    return
