"""A user's WebSocket, which speaks OpenVidu's JSON-RPC.

It is opened by anybody; `joinRoom` uses up a token, and `connect` brings back a user whose socket
broke. `ping` is answered at any time: a client without an answer gives the socket up, and with it
what it asked for. All else is worked off in order; `methods` has most of it. A user leaves at once
with `leaveRoom` alone: see `attendance`. Sources: `openvidu.signalling`.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from http.cookies import SimpleCookie

from websockets.frames import CloseCode, Frame, Opcode
from websockets.http11 import Request as Handshake
from websockets.protocol import State
from websockets.server import ServerProtocol

from lab.openvidu.node import methods
from lab.openvidu.node.attendance import Attendance, Attendee
from lab.openvidu.node.methods import RpcError
from lab.openvidu.node.objects import Connection, Json
from lab.openvidu.node.server_state import ServerState
from lab.openvidu.web.messages import Request, Takeover
from openvidu.signalling import (
    MISSED_PINGS,
    NOT_CONNECTED,
    RECONNECTED,
    SILENCE_REASON,
    UNKNOWN_SESSION,
)

_CHUNK = 16 * 1024
_COOKIE = "OVJSESSIONID"
"""Tells a browser, whatever sockets it opens."""


def accept(server_state: ServerState, attendance: Attendance, request: Request) -> Takeover:
    """Speak with a client."""

    async def run(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _Conversation(server_state, attendance, request, reader, writer).hold()

    return Takeover(run)


@dataclass(frozen=True)
class _Call:
    """What a client asked for."""

    method: str
    number: object
    params: Json


class _Conversation:
    """One open WebSocket."""

    def __init__(
        self,
        server_state: ServerState,
        attendance: Attendance,
        request: Request,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self._house = server_state
        self._attendance = attendance
        self._request = request
        self._reader, self._writer = reader, writer
        self._protocol = ServerProtocol()
        self._attendee: Attendee | None = None
        self._asked: asyncio.Queue[_Call | None] = asyncio.Queue()
        self._id = secrets.token_hex(12)
        self._patience: float | None = None
        cookie = SimpleCookie(request.headers.get("cookie", "")).get(_COOKIE)
        self._browser = cookie.value if cookie else secrets.token_hex(16).upper()

    async def hold(self) -> None:
        """Keep it open until either side ends it."""
        self._protocol.receive_data(self._request.head)
        for event in self._protocol.events_received():
            if isinstance(event, Handshake):
                response = self._protocol.accept(event)
                response.headers["Set-Cookie"] = f"{_COOKIE}={self._browser}; Path=/; HttpOnly"
                self._protocol.send_response(response)
        self._flush()
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._work())
                await self._read()
                self._asked.put_nowait(None)
        finally:
            if self._attendee:
                self._attendance.lose(self._attendee, self)

    def notify(self, method: str, params: Mapping[str, object]) -> None:
        """Tell the client something that it didn't ask for."""
        self._send({"method": method, "params": dict(params)})

    def hang_up(self) -> None:
        """Close it."""
        self._close(CloseCode.GOING_AWAY)
        self._writer.close()

    async def _read(self) -> None:
        try:
            while data := await self._receive():
                self._protocol.receive_data(data)
                for event in self._protocol.events_received():
                    if isinstance(event, Frame) and event.opcode is Opcode.TEXT:
                        self._hear(bytes(event.data))
                self._flush()
                if self._protocol.state is not State.OPEN:
                    return
        except TimeoutError:
            self._close(CloseCode.INTERNAL_ERROR, SILENCE_REASON)
        except ConnectionError:
            pass

    async def _receive(self) -> bytes:
        async with asyncio.timeout(self._patience):
            return await self._reader.read(_CHUNK)

    def _hear(self, text: bytes) -> None:
        """Take a JSON-RPC call; what is none is passed over."""
        try:
            said = json.loads(text)
            call = _Call(said["method"], said.get("id"), dict(said.get("params") or {}))
        except (ValueError, KeyError, TypeError):
            return
        if call.method == "ping":
            interval = call.params.get("interval")
            if self._patience is None and isinstance(interval, int):
                self._patience = MISSED_PINGS * interval / 1000
            self._send({"id": call.number, "result": {"value": "pong"}})
        else:
            self._asked.put_nowait(call)

    async def _work(self) -> None:
        """Answer what was asked for, in order; what there isn't is passed over."""
        while call := await self._asked.get():
            try:
                result = await self._outcome(call.method, call.params)
            except RpcError as error:
                said = {"code": error.code, "message": str(error)}
                self._send({"id": call.number, "error": said})
                continue
            if result is not None:
                self._send({"id": call.number, "result": {**result, "sessionId": self._id}})

    async def _outcome(self, method: str, params: Json) -> Json | None:
        match method:
            case "connect":
                return self._resume(str(params.get("sessionId", "")))
            case "joinRoom" if self._attendee is None:
                return await self._join(params)
            case "sessionStatus":
                return {"life": self._house.life}
        if self._attendee is None:
            raise RpcError(*NOT_CONNECTED)
        if method == "leaveRoom":
            attendee, self._attendee = self._attendee, None
            await self._attendance.leave(attendee, "disconnect")
            return {}
        return await methods.call(self._house, self._attendee.connection, method, params)

    def _resume(self, attendee_id: str) -> Json:
        found = self._attendance.resume(attendee_id, self)
        if found is None:
            raise RpcError(*UNKNOWN_SESSION)
        self._attendee, self._id = found, found.id
        return {"value": RECONNECTED}

    async def _join(self, params: Json) -> Json:
        ip = self._request.headers.get("x-real-ip", self._request.peer)

        def enter(connection: Connection) -> Json:
            # At once: another may join, and this one be told of it, before the answer is out.
            self._attendee = self._attendance.begin(connection, self, self._id)
            return methods.welcome(self._house, connection, self._browser[:16])

        return await methods.join(self._house, params, ip, enter)

    def _send(self, message: Json) -> None:
        if self._protocol.state is State.OPEN:
            self._protocol.send_text(json.dumps({**message, "jsonrpc": "2.0"}).encode())
        self._flush()

    def _close(self, code: CloseCode, reason: str = "") -> None:
        if self._protocol.state is State.OPEN:
            self._protocol.send_close(code, reason)
        self._flush()

    def _flush(self) -> None:
        for data in self._protocol.data_to_send():
            if data:
                self._writer.write(data)
