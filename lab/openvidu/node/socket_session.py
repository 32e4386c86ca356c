"""A user's WebSocket: holds a connection of a session for as long as it is open.

`/openvidu?sessionId=...&token=...`; without a token it is a guest. OpenVidu's client speaks
JSON-RPC here: `ping` is answered with a pong, `leaveRoom` ends the connection, everything else
gets an empty result.
"""

from __future__ import annotations

import asyncio
import json

from websockets.frames import CloseCode, Frame, Opcode
from websockets.http11 import Request as Handshake
from websockets.protocol import State
from websockets.server import ServerProtocol

from lab.openvidu.node.book import RefusedError
from lab.openvidu.node.house import House, now
from lab.openvidu.node.objects import Connection
from lab.openvidu.web.messages import Request, Response, Takeover, json_response

_CHUNK = 16 * 1024


async def accept(house: House, request: Request) -> Response | Takeover:
    """Let the user in, or answer why not."""
    session_id, token = request.query.get("sessionId", ""), request.query.get("token", "")
    ip = request.headers.get("x-real-ip", request.peer)
    try:
        connection = await house.change(lambda book: book.join(session_id, token, ip, now()))
    except RefusedError as error:
        return json_response({"status": error.status, "message": str(error)}, error.status)

    async def run(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        reason = "networkDisconnect"
        try:
            reason = await _Conversation(house, connection, reader, writer).hold(request.head)
        finally:
            await house.change(lambda book: book.leave(connection, reason, now()))

    return Takeover(run)


class _Conversation:
    """One open WebSocket."""

    def __init__(
        self,
        house: House,
        connection: Connection,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self._connection = connection
        self._reader, self._writer = reader, writer
        self._ended = house.end_of(connection.session_id)
        self._protocol = ServerProtocol()

    async def hold(self, head: bytes) -> str:
        """Keep it open until either side ends it; why the user left."""
        self._protocol.receive_data(head)
        for event in self._protocol.events_received():
            if isinstance(event, Handshake):
                self._protocol.send_response(self._protocol.accept(event))
        self._flush()
        ending = asyncio.create_task(self._ended.wait())
        reading = asyncio.create_task(self._read())
        try:
            await asyncio.wait((ending, reading), return_when=asyncio.FIRST_COMPLETED)
            if not reading.done():
                self._close(CloseCode.GOING_AWAY)
                return "sessionClosedByServer"
            return reading.result()
        finally:
            ending.cancel()
            reading.cancel()

    async def _read(self) -> str:
        try:
            while data := await self._reader.read(_CHUNK):
                self._protocol.receive_data(data)
                for event in self._protocol.events_received():
                    if isinstance(event, Frame) and self._ends_with(event):
                        self._close(CloseCode.NORMAL_CLOSURE)
                        return "disconnect"
                self._flush()
                if self._protocol.state is not State.OPEN:
                    return "disconnect"
        except ConnectionError:
            pass
        return "networkDisconnect"

    def _ends_with(self, frame: Frame) -> bool:
        """Answer the JSON-RPC call in a frame; whether the user left with it."""
        if frame.opcode is not Opcode.TEXT:
            return False
        try:
            call = json.loads(bytes(frame.data))
            method, number = call["method"], call.get("id")
        except (ValueError, KeyError, TypeError):
            return False
        result = {"value": "pong"} if method == "ping" else {"id": self._connection.id}
        answer = {"jsonrpc": "2.0", "id": number, "result": result}
        self._protocol.send_text(json.dumps(answer).encode())
        return bool(method == "leaveRoom")

    def _close(self, code: CloseCode) -> None:
        if self._protocol.state is State.OPEN:
            self._protocol.send_close(code)
        self._flush()

    def _flush(self) -> None:
        for data in self._protocol.data_to_send():
            if data:
                self._writer.write(data)
