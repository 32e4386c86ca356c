"""Answers as the faults `drain` and `api` ask for them."""

from __future__ import annotations

import asyncio

from lab.openvidu.faults import Fault
from lab.openvidu.web.messages import Response, Takeover, json_response, reason


def answer(fault: Fault, default: str) -> Response | Takeover:
    """The wrong answer that `fault` asks for: a status, or one of the ways to fail.

    `hang` accepts and never answers, `half` ends in the middle of the body, `drip` goes on for
    ever, a byte at a time, `not-json` is a page with status 200, `close` ends the connection at
    once.
    """
    wanted = fault.option("answer", default)
    match wanted:
        case "hang":
            return Takeover(_hang)
        case "half":
            return Takeover(_half)
        case "drip":
            return Takeover(_drip)
        case "close":
            return Takeover(_close)
        case "not-json":
            return Response(200, b"<html>Welcome</html>", "text/html")
        case status:
            code = int(status)
            return json_response({"status": code, "error": reason(code)}, code)


_DRIP_SECONDS = 1.0
"""Less than any limit of a read: only one of the whole answer ends it."""


async def _hang(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    await reader.read()


async def _half(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 400\r\n\r\n"
    writer.write(head.encode() + b'{"id": "media_')
    await writer.drain()


async def _drip(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    # nginx hands on what it gets at once.
    head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Accel-Buffering: no\r\n\r\n"
    writer.write(head.encode())
    # Until whoever asks is gone, which a later byte tells.
    while True:
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(_DRIP_SECONDS)


async def _close(_: asyncio.StreamReader, __: asyncio.StreamWriter) -> None:
    return
