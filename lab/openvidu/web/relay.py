"""Passing a request on to another server, and its answer back, byte by byte.

What the other server sends arrives as it was sent: half an answer stays half an answer, and a
WebSocket stays open as long as both sides keep it.
"""

from __future__ import annotations

import asyncio
import contextlib

from lab.openvidu.web.messages import Request, Response, Takeover
from lab.openvidu.web.wire import HEAD_LIMIT

_CONNECT_SECONDS = 2.0


async def relay(request: Request, host: str, port: int) -> Response | Takeover:
    """Pass `request` on to `host:port`; 502 where nothing listens there."""
    try:
        async with asyncio.timeout(_CONNECT_SECONDS):
            upstream = await asyncio.open_connection(host, port, limit=HEAD_LIMIT)
    except OSError:
        return Response(502, b'{"error":"Bad Gateway"}', "application/json")
    upstream[1].write(_head_to_pass_on(request) + request.body)

    async def run(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upward = asyncio.create_task(_copy(reader, upstream[1]))
        try:
            await _copy(upstream[0], writer)
        finally:
            upward.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await upward
            upstream[1].close()

    return Takeover(run)


def _head_to_pass_on(request: Request) -> bytes:
    lines = request.head.decode("latin-1").split("\r\n")
    dropped = ("connection:", "transfer-encoding:", "content-length:", "expect:", "keep-alive:")
    kept = [line for line in lines if line and not line.lower().startswith(dropped)]
    kept.append(f"Connection: {'Upgrade' if request.wants_websocket else 'close'}")
    kept.append(f"Content-Length: {len(request.body)}")
    return "\r\n".join(kept).encode("latin-1") + b"\r\n\r\n"


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()
