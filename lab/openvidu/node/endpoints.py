"""OpenVidu Server's HTTP side: the REST API of this node's sessions, and their WebSockets.

Source: REST reference of OpenVidu 2.30.0; statuses as documented there for each method.
"""

from __future__ import annotations

from collections.abc import Mapping

from lab.openvidu import faults
from lab.openvidu.node import misbehaviour, socket_session
from lab.openvidu.node.attendance import Attendance
from lab.openvidu.node.book import RefusedError
from lab.openvidu.node.house import House, now
from lab.openvidu.web.messages import (
    Request,
    Response,
    Takeover,
    html_response,
    json_response,
    login_wanted,
    text_response,
)
from openvidu import api, environment

RECORDINGS = "/openvidu/api/recordings"
_SECRETS = ("SECRET", "PASSWORD", "LICENSE", "ACCESS_KEY")
_INSPECTOR = "<!doctype html><title>OpenVidu Inspector</title><h1>OpenVidu Inspector</h1>"


class Endpoints:
    """Answers what comes in on 5443."""

    def __init__(self, house: House, values: Mapping[str, str]) -> None:
        self._house = house
        self._attendance = Attendance(house)
        self._values = values

    async def handle(self, request: Request) -> Response | Takeover:
        """Answer one request."""
        if request.wants_websocket:
            return await socket_session.accept(self._house, self._attendance, request)
        if request.path.startswith("/inspector") or request.path.startswith("/dashboard"):
            return html_response(_INSPECTOR)
        if not request.path.startswith("/openvidu/api"):
            return text_response("OpenVidu Server\n")
        if not request.has_login(api.USER, self._values[environment.OPENVIDU_SECRET]):
            return login_wanted("OpenVidu")
        try:
            return await self._api(request, request.path.rstrip("/"))
        except RefusedError as error:
            return json_response({"status": error.status, "message": str(error)}, error.status)

    async def _api(self, request: Request, path: str) -> Response | Takeover:
        if path == api.CONFIG:
            return json_response(self._configuration())
        if path.startswith(f"{api.MEDIA_NODES}/") and request.method == "PATCH":
            return await self._drain(request)
        if path == api.SESSIONS and request.method == "GET":
            own = self._house.book.sessions.values()
            content = [one.describe(self._house.media_node_id) for one in own]
            return json_response({"numberOfElements": len(content), "content": content})
        if path.startswith(api.SESSIONS):
            parts = path.removeprefix(api.SESSIONS).strip("/").split("/")
            return await self._sessions(request, [part for part in parts if part])
        if path.startswith(RECORDINGS) and request.method == "POST":
            return await self._recordings(request, path.removeprefix(RECORDINGS).strip("/"))
        raise RefusedError(404, "Not Found")

    async def _drain(self, request: Request) -> Response | Takeover:
        fault = faults.strike("drain")
        if fault:
            return misbehaviour.answer(fault, "405")
        status = await self._house.set_status(_body(request))
        if status == 400:
            raise RefusedError(400, f"the media node is {self._house.status}")
        return Response(204) if status == 204 else json_response(self._house.media_node())

    async def _sessions(self, request: Request, parts: list[str]) -> Response:
        house, body = self._house, _body(request)
        match request.method, parts:
            case "POST", []:
                if house.status != api.RUNNING:
                    raise RefusedError(503, f"the node is {house.status}")
                session = await house.change(lambda book: book.create(body, now()))
                return json_response(session.describe(house.media_node_id))
            case "GET", [name]:
                return json_response(house.book.session(name).describe(house.media_node_id))
            case "DELETE", [name]:
                await house.change(lambda book: book.end(name, "sessionClosedByServer", now()))
                return Response(204)
            case "POST", [name, "connection"]:
                data = str(body.get("data", ""))
                made = await house.change(lambda book: book.invite(name, data, now()))
                return json_response(made.describe())
            case "GET", [name, "connection"]:
                content = [c.describe() for c in house.book.session(name).connections.values()]
                return json_response({"numberOfElements": len(content), "content": content})
            case "DELETE", [name, "connection", connection]:
                await house.change(lambda book: book.revoke(name, connection, now()))
                return Response(204)
            case _:
                raise RefusedError(405, "Method Not Allowed")

    async def _recordings(self, request: Request, wanted: str) -> Response:
        house = self._house
        if wanted == "start":
            body = _body(request)
            name = str(body.get("session", ""))
            made = await house.change(
                lambda book: book.record(name, str(body.get("name", "")), now())
            )
            return json_response(made.describe())
        if not wanted.startswith("stop/"):
            raise RefusedError(405, "Method Not Allowed")
        stopped = await house.change(
            lambda book: book.stop_recording(wanted.removeprefix("stop/"), now())
        )
        return json_response(stopped.describe())

    def _configuration(self) -> dict[str, str]:
        return {
            name: value
            for name, value in self._values.items()
            if name.startswith(("OPENVIDU_", "DOMAIN_", "HTTPS_"))
            and not any(word in name for word in _SECRETS)
        }


def _body(request: Request) -> dict[str, object]:
    if not request.body.strip():
        return {}
    try:
        body = request.json()
    except ValueError as error:
        raise RefusedError(400, "the body is not JSON") from error
    if not isinstance(body, dict):
        raise RefusedError(400, "the body is not an object")
    return body
