"""HTTP requests and responses as values."""

from __future__ import annotations

import asyncio
import base64
import binascii
import hmac
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import parse_qsl, unquote, urlsplit

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass(frozen=True)
class Request:
    """A request that was read in full.

    Attributes:
        method: `GET`, `POST`, ...
        target: path and query as they were sent.
        headers: names in lower case.
        body: decoded from chunks where it came in chunks.
        peer: the other side's address.
        head: the request line and headers as they were received.
    """

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes
    peer: str
    head: bytes = b""

    @property
    def raw_path(self) -> str:
        """The path as it was sent, percent signs and all."""
        return urlsplit(self.target).path

    @property
    def path(self) -> str:
        """The decoded path, without query."""
        return unquote(self.raw_path)

    @property
    def raw_query(self) -> str:
        """The query as it was sent."""
        return urlsplit(self.target).query

    @property
    def query(self) -> dict[str, str]:
        """The decoded query; of a repeated name the last value."""
        return dict(parse_qsl(self.raw_query, keep_blank_values=True))

    @property
    def wants_websocket(self) -> bool:
        """Whether the client asks to speak WebSocket on this connection."""
        return self.headers.get("upgrade", "").lower() == "websocket"

    def has_login(self, user: str, password: str) -> bool:
        """Whether the HTTP Basic credentials are `user` and `password`."""
        scheme, _, encoded = self.headers.get("authorization", "").partition(" ")
        try:
            given = base64.b64decode(encoded, validate=True)
        except binascii.Error:
            return False
        return scheme.lower() == "basic" and hmac.compare_digest(
            given, f"{user}:{password}".encode()
        )

    def json(self) -> object:
        """The body as JSON.

        Raises:
            ValueError: the body is not JSON.
        """
        return json.loads(self.body)


@dataclass(frozen=True)
class Response:
    """A response with a body that is at hand."""

    status: int
    body: bytes = b""
    content_type: str = "text/plain; charset=utf-8"
    headers: Mapping[str, str] = field(default_factory=dict)

    def encode(self, *, head_only: bool = False, keep_alive: bool = True) -> bytes:
        """The bytes to send; `head_only` for an answer to HEAD."""
        lines = [f"HTTP/1.1 {self.status} {reason(self.status)}"]
        headers = {"Content-Type": self.content_type, "Content-Length": str(len(self.body))}
        headers |= self.headers
        headers["Connection"] = "keep-alive" if keep_alive else "close"
        if self.status == HTTPStatus.NO_CONTENT:
            del headers["Content-Type"], headers["Content-Length"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        head = "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"
        return head if head_only else head + self.body


@dataclass(frozen=True)
class Takeover:
    """Instead of a response: hand the connection to `run`, and close it afterwards."""

    run: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


Handler = Callable[[Request], Awaitable[Response | Takeover]]


def reason(status: int) -> str:
    """The phrase that goes with a status."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"


def json_response(value: object, status: int = HTTPStatus.OK) -> Response:
    """`value` as a JSON response."""
    return Response(status, json.dumps(value).encode(), "application/json")


def text_response(text: str, status: int = HTTPStatus.OK) -> Response:
    """`text` as a plain response."""
    return Response(status, text.encode())


def html_response(text: str) -> Response:
    """`text` as a page."""
    return Response(HTTPStatus.OK, text.encode(), "text/html; charset=utf-8")


def login_wanted(realm: str) -> Response:
    """The answer to a request without the right credentials."""
    return Response(
        HTTPStatus.UNAUTHORIZED,
        b'{"error":"Unauthorized"}',
        "application/json",
        {"WWW-Authenticate": f'Basic realm="{realm}"'},
    )
