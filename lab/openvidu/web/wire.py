"""Reading HTTP/1.1 from a stream: heads and bodies, for the server and the client alike."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

HEAD_LIMIT = 64 * 1024
BODY_LIMIT = 64 * 1024 * 1024


class WireError(Exception):
    """What came is not HTTP/1.1 as this package speaks it, or ended too early."""


async def read_head(reader: asyncio.StreamReader) -> bytes | None:
    """The next head with its empty line, or `None` where the other side closed in between.

    Raises:
        WireError: the connection ended within a head, or the head is too long.
    """
    try:
        return await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as error:
        if error.partial.strip():
            raise WireError("the connection ended within a head") from error
        return None
    except asyncio.LimitOverrunError as error:
        raise WireError(f"a head is longer than {HEAD_LIMIT} bytes") from error


@dataclass(frozen=True)
class Head:
    """The first line, and the headers with names in lower case."""

    first: str
    headers: dict[str, str]


def parse_head(head: bytes) -> Head:
    """Take a head apart.

    Raises:
        WireError: a header line has no colon.
    """
    first, *lines = head.decode("latin-1").rstrip("\r\n").split("\r\n")
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon:
            raise WireError("a header line has no colon")
        headers[name.strip().lower()] = value.strip()
    return Head(first, headers)


async def read_body(
    reader: asyncio.StreamReader, headers: Mapping[str, str], *, until_end: bool = False
) -> bytes:
    """The body that `headers` announce.

    Args:
        reader: stands right behind the head.
        headers: names in lower case.
        until_end: without a length the body lasts until the end of the connection.

    Raises:
        WireError: the body is cut short, too long, or its length is no number.
    """
    try:
        if headers.get("transfer-encoding", "").lower() == "chunked":
            return await _read_chunks(reader)
        if "content-length" in headers:
            length = int(headers["content-length"])
            if not 0 <= length <= BODY_LIMIT:
                raise WireError(f"a body of {length} bytes, at most {BODY_LIMIT} are taken")
            return await reader.readexactly(length)
        return await reader.read() if until_end else b""
    except asyncio.IncompleteReadError as error:
        raise WireError(f"the body ended after {len(error.partial)} bytes") from error
    except ValueError as error:
        raise WireError("the length of the body is not a number") from error


async def _read_chunks(reader: asyncio.StreamReader) -> bytes:
    parts: list[bytes] = []
    while True:
        size = int((await reader.readuntil(b"\n")).split(b";")[0], 16)
        if size == 0:
            while (await reader.readuntil(b"\n")).strip():
                pass  # trailers
            return b"".join(parts)
        if size + sum(map(len, parts)) > BODY_LIMIT:
            raise WireError(f"a body of more than {BODY_LIMIT} bytes")
        parts.append(await reader.readexactly(size))
        await reader.readexactly(2)
