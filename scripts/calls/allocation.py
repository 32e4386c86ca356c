"""Asks a TURN server for an address to send from, as a browser does before it sends by it."""

from __future__ import annotations

import asyncio
from typing import cast

from aioice.stun import TransactionError, TransactionFailed
from aioice.turn import create_turn_endpoint

from scripts.calls.outcomes import Fault, NoRelay
from scripts.calls.ways import TurnServer, Way

_SECONDS = 5.0
_REFUSAL_SECONDS = 1.0
_DENIED = (401, 403, 441)
"""Unauthorized, Forbidden, Wrong Credentials. Source: RFC 8656, 19, and RFC 8489, 14.8."""


async def ask(way: Way, url: str, username: str, credential: str) -> NoRelay | None:
    """Have an address, and give it back; why there is none.

    Args:
        way: how the server is reached.
        url: where OpenVidu says that it is.
        username: as OpenVidu gave it.
        credential: likewise.
    """
    try:
        server = TurnServer.of(url)
    except ValueError as error:
        return NoRelay(url, Fault.OTHER, str(error))
    try:
        async with asyncio.timeout(_SECONDS):
            relay, _ = await create_turn_endpoint(
                asyncio.DatagramProtocol,
                (server.host, server.port),
                username,
                credential,
                ssl=server.tls,
                transport=way.transport,
            )
    except TransactionFailed as error:
        code = error.response.attributes.get("ERROR-CODE", (0, ""))[0]
        fault = Fault.DENIED if code in _DENIED else Fault.OTHER
        return NoRelay(url, fault, str(error))
    except ConnectionRefusedError as error:
        return NoRelay(url, Fault.CLOSED, str(error))
    except TimeoutError:
        refuses = way.transport == "udp" and await _refuses(server)
        fault = Fault.CLOSED if refuses else Fault.NO_ANSWER
        return NoRelay(url, fault, f"no answer within {_SECONDS:g} s")
    except (OSError, TransactionError) as error:
        return NoRelay(url, Fault.NO_ANSWER, str(error))
    relay.close()
    return None


class _Probe(asyncio.DatagramProtocol):
    """Sends an empty datagram, and waits for the system to say that nobody takes it."""

    def __init__(self) -> None:
        self.refused = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send it."""
        cast(asyncio.DatagramTransport, transport).sendto(b"\0")

    def error_received(self, exc: Exception) -> None:
        """The machine has answered by ICMP: the port is closed."""
        if isinstance(exc, ConnectionRefusedError) and not self.refused.done():
            self.refused.set_result(True)


async def _refuses(server: TurnServer) -> bool:
    """Whether nobody listens for UDP: aioice's client waits for an answer all the same."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(_REFUSAL_SECONDS):
            transport, probe = await loop.create_datagram_endpoint(
                _Probe, remote_addr=(server.host, server.port)
            )
            try:
                return bool(await probe.refused)
            finally:
                transport.close()
    except OSError:  # A TimeoutError, too.
        return False
