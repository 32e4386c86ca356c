"""TCP connections as Go's `net.Dialer` makes them.

Source: Go, net/dial.go and net/tcpsock.go: keep-alive probes from 15 s of silence on, every 15 s,
9 times; so a connection whose peer vanished ends after about 150 s.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from typing import Final

from lab.providers.command.errnos import reason_of
from lab.providers.command.retrying import DialError

_PORTS: Final = range(65536)
_KEEPALIVE: Final = (
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 15),
    (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 15),
    (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 9),
    (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
)


async def dial_tcp(host: str, port: int, timeout: float | None) -> socket.socket:
    """Connect to the first address of the host that answers.

    Raises:
        DialError: None did, within `timeout` seconds for all of them.
    """
    if port not in _PORTS:  # the C library would take some other port
        raise DialError(f"dial tcp: address {port}: invalid port")
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(timeout):
            try:
                found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            except (socket.gaierror, UnicodeError) as error:
                raise DialError(f"dial tcp: lookup {host}: no such host") from error
            return await _first_that_answers(found)
    except TimeoutError as error:
        raise DialError(f"dial tcp {_shown(host, port)}: i/o timeout") from error


_AddressInfo = tuple[socket.AddressFamily, socket.SocketKind, int, str, tuple[object, ...]]


async def _first_that_answers(found: Sequence[_AddressInfo]) -> socket.socket:
    failure: DialError | None = None
    for family, kind, protocol, _, address in found:
        try:
            return await _connect(family, kind, protocol, address)
        except OSError as error:
            reason = reason_of(error)
            shown = _shown(str(address[0]), address[1])
            failure = failure or DialError(f"dial tcp {shown}: connect: {reason}")
    raise failure or DialError("dial tcp: no suitable address found")


async def _connect(
    family: int, kind: int, protocol: int, address: tuple[object, ...]
) -> socket.socket:
    connection = socket.socket(family, kind, protocol)
    try:
        connection.setblocking(False)
        for option in _KEEPALIVE:
            connection.setsockopt(*option)
        await asyncio.get_running_loop().sock_connect(connection, address)
    except BaseException:
        connection.close()
        raise
    return connection


def _shown(host: str, port: object) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
