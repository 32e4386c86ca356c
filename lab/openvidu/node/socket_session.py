"""A user's WebSocket, which speaks OpenVidu's JSON-RPC.

`/openvidu?sessionId=...&token=...` joins; without a token the user is a guest. With
`reconnect=true` it only opens, and `connect` brings a user back whose socket broke. `ping` is
answered with a pong, `leaveRoom` ends the connection, everything else gets an empty result.

A user who hangs up, with `leaveRoom` or a normal close, leaves at once. Otherwise they may come
back: see `attendance`. Sources: `lab.openvidu.signalling`.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

from websockets.frames import CloseCode, Frame, Opcode
from websockets.http11 import Request as Handshake
from websockets.protocol import State
from websockets.server import ServerProtocol

from lab.openvidu.node.attendance import Attendance, Attendee
from lab.openvidu.node.book import RefusedError
from lab.openvidu.node.house import House, now
from lab.openvidu.node.objects import Connection
from lab.openvidu.signalling import (
    MISSED_PINGS,
    NOT_CONNECTED,
    RECONNECTED,
    SILENCE_REASON,
    UNKNOWN_SESSION,
)
from lab.openvidu.web.messages import Request, Response, Takeover, json_response

_CHUNK = 16 * 1024
_HANGS_UP = (CloseCode.NORMAL_CLOSURE, CloseCode.GOING_AWAY, CloseCode.NO_STATUS_RCVD)


async def accept(house: House, attendance: Attendance, request: Request) -> Response | Takeover:
    """Let the user in, or answer why not."""
    connection = None
    if request.query.get("reconnect") != "true":
        session_id, token = request.query.get("sessionId", ""), request.query.get("token", "")
        ip = request.headers.get("x-real-ip", request.peer)
        try:
            connection = await house.change(lambda book: book.join(session_id, token, ip, now()))
        except RefusedError as error:
            return json_response({"status": error.status, "message": str(error)}, error.status)

    async def run(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        conversation = _Conversation(house, attendance, reader, writer)
        await conversation.hold(request.head, connection)

    return Takeover(run)


class _Conversation:
    """One open WebSocket."""

    def __init__(
        self,
        house: House,
        attendance: Attendance,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self._house = house
        self._attendance = attendance
        self._reader, self._writer = reader, writer
        self._protocol = ServerProtocol()
        self._attendee: Attendee | None = None
        self._ending: asyncio.Task[None] | None = None
        self._patience: float | None = None
        self._left = False

    async def hold(self, head: bytes, connection: Connection | None) -> None:
        """Keep it open until either side ends it.

        Args:
            head: the handshake.
            connection: who joined with it; None where somebody wants to come back.
        """
        self._protocol.receive_data(head)
        for event in self._protocol.events_received():
            if isinstance(event, Handshake):
                self._protocol.send_response(self._protocol.accept(event))
        if connection:
            self._carry(self._attendance.begin(connection, self))
        self._flush()
        try:
            await self._read()
        finally:
            if self._ending:
                self._ending.cancel()
            if self._attendee and self._left:
                await self._attendance.leave(self._attendee, "disconnect")
            elif self._attendee:
                self._attendance.lose(self._attendee, self)

    def _carry(self, attendee: Attendee) -> None:
        self._attendee = attendee
        ended = self._house.end_of(attendee.connection.session_id)
        self._ending = asyncio.create_task(self._close_after(ended))

    async def _close_after(self, ended: asyncio.Event) -> None:
        await ended.wait()
        self._close(CloseCode.GOING_AWAY)
        self._writer.close()

    async def _read(self) -> None:
        try:
            while data := await self._receive():
                self._protocol.receive_data(data)
                for event in self._protocol.events_received():
                    if isinstance(event, Frame):
                        self._take(event)
                self._flush()
                if self._left or self._protocol.state is not State.OPEN:
                    return
        except TimeoutError:
            self._close(CloseCode.INTERNAL_ERROR, SILENCE_REASON)
        except ConnectionError:
            pass

    async def _receive(self) -> bytes:
        async with asyncio.timeout(self._patience):
            return await self._reader.read(_CHUNK)

    def _take(self, frame: Frame) -> None:
        if frame.opcode is Opcode.CLOSE:
            said = self._protocol.close_rcvd
            self._left = said is not None and said.code in _HANGS_UP
        elif frame.opcode is Opcode.TEXT:
            self._answer(bytes(frame.data))

    def _answer(self, text: bytes) -> None:
        """Answer a JSON-RPC call; what is none is passed over."""
        try:
            call = json.loads(text)
            method, number, params = call["method"], call.get("id"), dict(call.get("params") or {})
        except (ValueError, KeyError, TypeError):
            return
        answer = {"jsonrpc": "2.0", "id": number, **self._outcome(method, params)}
        self._protocol.send_text(json.dumps(answer).encode())
        if method == "leaveRoom" and self._attendee:
            self._left = True
            self._close(CloseCode.NORMAL_CLOSURE)

    def _outcome(self, method: str, params: dict[str, Any]) -> dict[str, object]:
        if method == "connect":
            found = self._attendance.resume(str(params.get("sessionId", "")), self)
            if found is None:
                return {"error": UNKNOWN_SESSION}
            self._carry(found)
            return {"result": {"value": RECONNECTED, "sessionId": found.id}}
        if self._attendee is None:
            return {"error": NOT_CONNECTED}
        if method == "ping":
            interval = params.get("interval")
            if self._patience is None and isinstance(interval, int):
                self._patience = MISSED_PINGS * interval / 1000
            return {"result": {"value": "pong"}}
        return {"result": {"id": self._attendee.connection.id, "sessionId": self._attendee.id}}

    def _close(self, code: CloseCode, reason: str = "") -> None:
        if self._protocol.state is State.OPEN:
            self._protocol.send_close(code, reason)
        self._flush()

    def _flush(self) -> None:
        for data in self._protocol.data_to_send():
            if data:
                self._writer.write(data)
