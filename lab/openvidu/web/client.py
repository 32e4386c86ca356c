"""An HTTP client for one request at a time."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from lab.openvidu.web.wire import HEAD_LIMIT, WireError, parse_head, read_body, read_head

_TRUST = Path("/etc/ssl/certs/ca-certificates.crt")
"""The host's trust store: an interpreter may bring another of its own."""


class UnreachableError(Exception):
    """No whole answer came.

    Attributes:
        address: `host:port` of the other side.
    """

    def __init__(self, address: str, reason: str) -> None:
        super().__init__(f"{address}: {reason}")
        self.address = address


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> object:
        """The body as JSON.

        Raises:
            ValueError: the body is not JSON.
        """
        return json.loads(self.body)


def basic_login(user: str, password: str) -> dict[str, str]:
    """The header of HTTP Basic authentication."""
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


async def request(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
    seconds: float = 5.0,
) -> Answer:
    """Send one request and read the whole answer.

    Args:
        method: `GET`, `POST`, ...
        url: absolute, `http` or `https`; https is checked against the host's trust store.
        headers: added to Host, Content-Length and Connection.
        body: sent as it is.
        seconds: limit for all of it.

    Raises:
        UnreachableError: no connection, no whole answer, or not within `seconds`.
    """
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    address = f"{parts.hostname}:{port}"
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    lines = {"Host": parts.netloc, "Content-Length": str(len(body)), "Connection": "close"}
    lines |= headers or {}
    head = f"{method} {target} HTTP/1.1\r\n" + "".join(f"{k}: {v}\r\n" for k, v in lines.items())
    trust = _TRUST if _TRUST.exists() else None
    tls = ssl.create_default_context(cafile=trust) if parts.scheme == "https" else None
    try:
        async with asyncio.timeout(seconds):
            reader, writer = await asyncio.open_connection(
                parts.hostname, port, ssl=tls, limit=HEAD_LIMIT
            )
            try:
                writer.write(head.encode("latin-1") + b"\r\n" + body)
                await writer.drain()
                return await _read_answer(reader, method)
            finally:
                writer.close()
                with contextlib.suppress(OSError, ssl.SSLError):
                    await writer.wait_closed()
    except TimeoutError as error:
        raise UnreachableError(address, f"no answer within {seconds:g} s") from error
    except (OSError, WireError, ssl.SSLError) as error:
        raise UnreachableError(address, str(error) or type(error).__name__) from error


async def _read_answer(reader: asyncio.StreamReader, method: str) -> Answer:
    text = await read_head(reader)
    if text is None:
        raise WireError("the connection was closed without an answer")
    head = parse_head(text)
    status = int(head.first.split(" ")[1])
    without_body = method == "HEAD" or status in (204, 304)
    body = b"" if without_body else await read_body(reader, head.headers, until_end=True)
    return Answer(status, head.headers, body)
