"""Answers as the faults `drain` and `api` ask for them."""

from __future__ import annotations

import asyncio

from lab.openvidu.faults import Fault
from lab.openvidu.web.messages import Response, Takeover, json_response, reason


def answer(fault: Fault, default: str) -> Response | Takeover:
    """The wrong answer that `fault` asks for: a status, or one of the ways to fail.

    `hang` accepts and never answers, `half` ends in the middle of the body, `not-json` is a page
    with status 200, `close` ends the connection at once.
    """
    wanted = fault.option("answer", default)
    match wanted:
        case "hang":
            return Takeover(_hang)
        case "half":
            return Takeover(_half)
        case "close":
            return Takeover(_close)
        case "not-json":
            return Response(200, b"<html>Welcome</html>", "text/html")
        case status:
            code = int(status)
            return json_response({"status": code, "error": reason(code)}, code)


async def _hang(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    await reader.read()


async def _half(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 400\r\n\r\n"
    writer.write(head.encode() + b'{"id": "media_')
    await writer.drain()


async def _close(_: asyncio.StreamReader, __: asyncio.StreamWriter) -> None:
    return
