"""An HTTP server around one handler function."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import ssl
import sys
import traceback
from collections.abc import Awaitable, Callable
from http import HTTPStatus

from lab.openvidu.web.messages import Handler, Request, Response, Takeover
from lab.openvidu.web.wire import HEAD_LIMIT, WireError, parse_head, read_body, read_head

# A peer whose machine vanished sends nothing: the kernel asks after 10 s, and gives up after 25 s.
_KEEPALIVE = ((socket.TCP_KEEPIDLE, 10), (socket.TCP_KEEPINTVL, 5), (socket.TCP_KEEPCNT, 3))

_TERMINATED = 128 + signal.SIGTERM


async def listen(
    handler: Handler,
    port: int,
    *,
    host: str = "0.0.0.0",  # noqa: S104 - the hosts' firewalls decide who gets here
    tls: ssl.SSLContext | None = None,
) -> asyncio.Server:
    """Serve `handler` on `host:port` until the returned server is closed.

    Raises:
        OSError: the port is taken.
    """

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        raw: socket.socket = writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option, value in _KEEPALIVE:
            raw.setsockopt(socket.IPPROTO_TCP, option, value)
        try:
            await _converse(handler, reader, writer)
        except (WireError, ConnectionError, ssl.SSLError, TimeoutError):
            pass  # the other side is gone or talks nonsense: nobody to tell
        finally:
            writer.close()
            with contextlib.suppress(OSError, ssl.SSLError):
                await writer.wait_closed()

    return await asyncio.start_server(
        connected, host, port, ssl=tls, limit=HEAD_LIMIT, reuse_address=True, backlog=512
    )


async def _converse(
    handler: Handler, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    peer = (writer.get_extra_info("peername") or ("?",))[0]
    while (text := await read_head(reader)) is not None:
        head = parse_head(text)
        headers = head.headers
        method, _, rest = head.first.partition(" ")
        target, _, version = rest.partition(" ")
        if headers.get("expect", "").lower() == "100-continue":
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        body = await read_body(reader, headers)
        answer = await _answer(handler, Request(method, target, headers, body, peer, text))
        if isinstance(answer, Takeover):
            await answer.run(reader, writer)
            return
        keep = version == "HTTP/1.1" and headers.get("connection", "").lower() != "close"
        writer.write(answer.encode(head_only=method == "HEAD", keep_alive=keep))
        await writer.drain()
        if not keep:
            return


async def _answer(handler: Handler, request: Request) -> Response | Takeover:
    try:
        return await handler(request)
    except ConnectionError:
        raise
    except Exception:  # a server outlives a request that it can't handle
        traceback.print_exc(file=sys.stdout)
        return Response(HTTPStatus.INTERNAL_SERVER_ERROR, b"internal error\n")


def run(main: Callable[[asyncio.Event], Awaitable[None]]) -> None:
    """Run a service until SIGTERM or SIGINT, and exit as one that was ended by it.

    Args:
        main: gets the event that is set when the service has been asked to stop.
    """

    async def supervised() -> bool:
        stopping = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stopping.set)
        await main(stopping)
        return stopping.is_set()

    if asyncio.run(supervised()):
        # Success would keep `restart: on-failure` from bringing it back after a reboot.
        sys.exit(_TERMINATED)


def log(text: str) -> None:
    """Print a line where `docker logs` finds it at once."""
    # A full disk is no reason to stop.
    with contextlib.suppress(OSError):
        print(text, flush=True)  # noqa: T201 - standard output is a container's log
