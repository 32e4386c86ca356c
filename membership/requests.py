"""HTTP requests inside the cluster: straight to the machine, and over within a limit.

A proxy that the environment names answers for itself and not for a node, so none is used; and an
answer that drips, or never ends, is none.
"""

from __future__ import annotations

import asyncio
import os
import re
import ssl
import zlib
from collections.abc import Mapping
from typing import Any

import httpx

from membership.errors import ProgramError

MOST_BYTES = 16 * 2**20
"""Of an answer, as it comes and inflated: many times what the largest cluster has to say."""

_HEADERS = {"Accept-Encoding": "identity"}
_INFLATED = ("gzip", "deflate")
"""How some answer all the same. Source: RFC 9110, "Content Codings"."""
_ANY_HEADER = 47
"""For zlib: either of the two."""
_CONNECT_SECONDS = 3.5
"""What opens a connection is sent again after 1 and 3 s if it's lost, and then only after 7.
Source: RFC 6298, 2 and 5; tcp(7), tcp_syn_retries."""


class RequestError(ProgramError):
    """There is no whole answer.

    Attributes:
        is_refused: nothing listens: the machine said so.
        is_unconnected: no connection was made, so nothing was asked.
    """

    def __init__(
        self, reason: str, *, is_refused: bool = False, is_unconnected: bool = False
    ) -> None:
        super().__init__(reason)
        self.is_refused = is_refused
        self.is_unconnected = is_unconnected


def request(
    method: str,
    url: str,
    *,
    seconds: float,
    body: Mapping[str, Any] | None = None,
    login: tuple[str, str] | None = None,
    trusted: ssl.SSLContext | None = None,
) -> httpx.Response:
    """Ask, and read the whole answer.

    Args:
        method: of HTTP.
        url: where.
        seconds: limit of all of it, from the connection to the last byte.
        body: is sent as JSON.
        login: user and password.
        trusted: the authorities whose certificates are taken; httpx's own by default.

    Raises:
        RequestError: there is no whole answer within the limit.
    """
    try:
        return asyncio.run(_request(method, url, seconds, body, login, trusted))
    except TimeoutError:
        raise RequestError(f"no whole answer within {seconds:g} s") from None
    except httpx.ConnectError as error:
        cause = _system_error(error)
        said = os.strerror(cause.errno or 0) if cause else str(error) or "there is no connection"
        refused = isinstance(cause, ConnectionRefusedError)
        raise RequestError(said, is_refused=refused, is_unconnected=True) from None
    except httpx.ConnectTimeout:
        raise RequestError("the connection isn't taken in time", is_unconnected=True) from None
    except httpx.HTTPError as error:
        raise RequestError(_in_words(error)) from None
    except (httpx.InvalidURL, httpx.StreamError, httpx.CookieConflict, UnicodeError) as error:
        raise RequestError(f"there is no such request: {error}") from None


async def _request(
    method: str,
    url: str,
    seconds: float,
    body: Mapping[str, Any] | None,
    login: tuple[str, str] | None,
    trusted: ssl.SSLContext | None,
) -> httpx.Response:
    # A connection that is taken late is told apart from an answer that comes late.
    limits = httpx.Timeout(seconds, connect=min(seconds / 2, _CONNECT_SECONDS))
    verify = True if trusted is None else trusted
    async with (
        asyncio.timeout(seconds),
        httpx.AsyncClient(
            timeout=limits, trust_env=False, headers=_HEADERS, verify=verify
        ) as client,
        client.stream(method, url, json=body, auth=login) as answer,
    ):
        content = bytearray()
        async for part in answer.aiter_raw():
            content += part
            if len(content) > MOST_BYTES:
                raise RequestError(f"an answer of more than {MOST_BYTES} bytes")
        headers = httpx.Headers(answer.headers)
        inflated = _inflated(bytes(content), headers.pop("Content-Encoding", "identity"))
        return httpx.Response(answer.status_code, headers=headers, content=inflated)


def _inflated(content: bytes, encoding: str) -> bytes:
    """What an answer says, which is never more than may come: httpx would inflate all of it."""
    if encoding == "identity" or not content:
        return content
    if encoding not in _INFLATED:
        raise RequestError(f"an answer that is encoded as {encoding}, which wasn't asked for")
    inflating = zlib.decompressobj(_ANY_HEADER)
    try:
        found = inflating.decompress(content, MOST_BYTES)
    except zlib.error:
        raise RequestError(f"an answer that is no {encoding}, as it says") from None
    if inflating.unconsumed_tail:
        raise RequestError(f"an answer of more than {MOST_BYTES} bytes")
    if not inflating.eof:
        raise RequestError("an answer that ends in its middle")
    return found


def _system_error(error: BaseException | None) -> OSError | None:
    """What the system said, below what libraries made of it."""
    found = None
    while error is not None:
        if isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        if isinstance(error, OSError) and error.errno is not None:
            found = error
        error = error.__cause__ or error.__context__
    return found


def _in_words(error: httpx.HTTPError) -> str:
    """Why there is no answer, without the names that Python has for it."""
    if isinstance(error, httpx.TimeoutException):
        return "no answer in time"
    said = re.sub(r"^\[Errno -?\d+\] ", "", str(error))
    return f"the connection ends without an answer ({said})" if said else "no answer"
