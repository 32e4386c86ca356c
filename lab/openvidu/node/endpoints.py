"""OpenVidu Server's HTTP side: the REST API of this node's sessions, and their WebSockets.

Source: REST reference of OpenVidu 2.30.0; statuses as documented there for each method, and as
OpenVidu Server answers where the reference says nothing.
"""

from __future__ import annotations

from collections.abc import Collection

from lab.openvidu import faults
from lab.openvidu.node import captures, misbehaviour, rest_answers, socket_session, streams
from lab.openvidu.node.attendance import Attendance
from lab.openvidu.node.bodies import RefusedError, session_id
from lab.openvidu.node.gateway import STORED_HEADER
from lab.openvidu.node.objects import Json, listed
from lab.openvidu.node.rest_answers import API, PUBLIC_URL
from lab.openvidu.node.server_state import ServerState, now
from lab.openvidu.web.messages import (
    Request,
    Response,
    Takeover,
    html_response,
    json_response,
    login_wanted,
    text_response,
)
from openvidu import api

_INSPECTOR = "<!doctype html><title>OpenVidu Inspector</title><h1>OpenVidu Inspector</h1>"


class Endpoints:
    """Answers what comes in on 5443."""

    def __init__(self, server_state: ServerState) -> None:
        self._house = server_state
        self._attendance = Attendance(server_state)

    async def handle(self, request: Request) -> Response | Takeover:
        """Answer one request."""
        if request.wants_websocket:
            return socket_session.accept(self._house, self._attendance, request)
        answer = rest_answers.preflight(request) or await self._answer(request)
        return rest_answers.for_any_origin(request, answer)

    async def _answer(self, request: Request) -> Response | Takeover:
        if request.path.startswith("/inspector") or request.path.startswith("/dashboard"):
            return html_response(_INSPECTOR)
        if not request.path.startswith(API):
            return text_response("OpenVidu Server\n")
        path = request.path.rstrip("/")
        if path == PUBLIC_URL:
            return text_response(f"https://{self._house.config.host}")
        if not request.has_login(api.USER, self._house.config.secret):
            return login_wanted("OpenVidu")
        try:
            return await self._api(request, path)
        except RefusedError as error:
            return rest_answers.refusal(error, path)

    async def _api(self, request: Request, path: str) -> Response | Takeover:
        body, parts = _body(request), path.removeprefix(f"{API}/").split("/")
        match request.method, parts:
            case "GET", ["config"]:
                return json_response(self._house.config.describe())
            case "GET", ["status"]:
                return json_response(self._house.starts())
            case "PATCH", ["media-nodes", _]:
                return await self._drain(body)
            case _, ["sessions", *rest]:
                return await self._sessions(request, rest, body)
            case "POST", ["recordings", *rest]:
                return await self._recordings(rest, body, self._stored_ids(request))
            case "POST", ["tokens" | "signal" | "broadcast", *_]:
                return await self._told_by_body(parts, body)
        raise RefusedError(404)

    async def _told_by_body(self, parts: list[str], body: Json) -> Response:
        """What names its session in the body."""
        change = self._house.change
        match parts:
            case ["tokens"]:
                return json_response(await self._token(body))
            case ["signal"]:
                await change(lambda store: store.signal(body, now(), None))
            case ["broadcast", "start"]:
                await change(lambda store: captures.start_broadcast(store, body))
            case ["broadcast", "stop"]:
                await change(lambda store: captures.stop_broadcast(store, body))
            case _:
                raise RefusedError(404)
        return Response(200)

    def _stored_ids(self, request: Request) -> Collection[str]:
        """The ids of the recordings that there are, which the replication manager knows."""
        return request.headers.get(STORED_HEADER.lower(), "").split(",")

    async def _drain(self, body: Json) -> Response | Takeover:
        fault = faults.strike("drain")
        if fault:
            return misbehaviour.answer(fault, "405")
        status = await self._house.set_status(body)
        if status == 400:
            raise RefusedError(400, f"the media node is {self._house.status}")
        return Response(204) if status == 204 else json_response(self._house.media_node())

    async def _token(self, body: Json) -> Json:
        wanted = session_id(body)
        kept = {name: value for name, value in body.items() if name != "record"}
        made = await self._house.change(lambda store: store.invite(wanted, kept, now()))
        shown = made.describe()
        options = shown["kurentoOptions"]
        return {
            "id": made.token,
            "token": made.token,
            "connectionId": made.id,
            "createdAt": made.created,
            "session": wanted,
            "role": made.role,
            "data": shown["serverData"],
            **({"kurentoOptions": options} if options else {}),
        }

    async def _sessions(self, request: Request, parts: list[str], body: Json) -> Response:
        server_state, store = self._house, self._house.store
        pending = request.query.get("pendingConnections")
        match request.method, parts:
            case "GET", []:
                return json_response(listed(self._shown(pending == "true")))
            case "POST", []:
                if server_state.status != api.RUNNING:
                    raise RefusedError(503, f"the node is {server_state.status}")
                made = await server_state.change(lambda store: store.create(body, now()))
                return json_response(made.describe(server_state.media_node_of(made)))
            case "GET", [name]:
                found = store.session(name)
                return json_response(
                    found.describe(server_state.media_node_of(found), pending=pending == "true")
                )
            case "DELETE", [name]:
                await server_state.change(
                    lambda store: store.end(name, "sessionClosedByServer", now())
                )
                return Response(204)
            case "DELETE", [name, "stream", stream]:
                await server_state.change(
                    lambda store: streams.force_unpublish(store, name, stream, now())
                )
                return Response(204)
            case _, [name, "connection", *rest]:
                return await self._connections(request, name, rest, body)
        raise RefusedError(405)

    def _shown(self, pending: bool) -> list[Json]:
        own = self._house.store.sessions.values()
        state = self._house
        return [one.describe(state.media_node_of(one), pending=pending) for one in own]

    async def _connections(
        self, request: Request, session: str, parts: list[str], body: Json
    ) -> Response:
        server_state, store = self._house, self._house.store
        match request.method, parts:
            case "POST", []:
                made = await server_state.change(lambda store: store.invite(session, body, now()))
                return json_response(made.describe())
            case "GET", []:
                found = store.session(session)
                all_of_them = request.query.get("pendingConnections") != "false"
                users = list(found.connections.values()) if all_of_them else found.active
                return json_response(listed([user.describe() for user in users]))
            case "GET", [name]:
                return json_response(store.connection(session, name).describe())
            case "PATCH", [name]:
                changed = await server_state.change(lambda store: store.update(session, name, body))
                return json_response(changed.describe())
            case "DELETE", [name]:
                await server_state.change(lambda store: store.revoke(session, name, now()))
                return Response(204)
        raise RefusedError(405)

    async def _recordings(self, parts: list[str], body: Json, stored: Collection[str]) -> Response:
        server_state = self._house
        match parts:
            case ["start"]:
                made = await server_state.change(
                    lambda store: captures.start_recording(store, body, now(), stored)
                )
            case ["stop", name]:
                made = await server_state.change(
                    lambda store: captures.stop_recording(store, name, now())
                )
            case _:
                raise RefusedError(405)
        return json_response(made.describe())


def _body(request: Request) -> Json:
    if not request.body.strip():
        return {}
    try:
        body = request.json()
    except ValueError as error:
        raise RefusedError(400, "the body is not JSON") from error
    if not isinstance(body, dict):
        raise RefusedError(400, "the body is not an object")
    return body
