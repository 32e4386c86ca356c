"""A WebSocket to OpenVidu, as openvidu-browser opens and uses it: JSON-RPC requests and answers."""

from __future__ import annotations

import asyncio
import json
import ssl
import time
from contextlib import suppress
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from scripts.calls.rest import RefusedError, Stage

_EVICTED = "participantEvicted"
_BROKEN = 1006
"""Close code of a connection that ended without one. Source: RFC 6455, 7.4.1."""


class BrokenError(Exception):
    """A socket broke, or doesn't answer.

    Attributes:
        code: the WebSocket's close code; 1006 where it broke without one.
    """

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code


class EvictedError(BrokenError):
    """The server has put the user out of the session."""


class Socket:
    """An open WebSocket.

    Attributes:
        heard: Unix seconds when the other side was last heard of.
    """

    def __init__(self, connection: ClientConnection) -> None:
        """Begin to read."""
        self._connection = connection
        self._asked = 0
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._own, self._evicted = "", ""
        self._reading = asyncio.create_task(self._read())
        self.heard = time.time()

    @classmethod
    async def open(cls, url: str, tls: ssl.SSLContext, seconds: float) -> Socket:
        """Open one.

        Raises:
            RefusedError: the other side won't, or doesn't answer within `seconds`.
        """
        try:
            # OpenVidu's own ping is used, and nothing between the users and the cluster.
            return cls(
                await connect(url, ssl=tls, open_timeout=seconds, ping_interval=None, proxy=None)
            )
        except InvalidStatus as error:
            raise RefusedError(
                error.response.status_code, f"WebSocket: {error}", Stage.SOCKET
            ) from error
        except (OSError, TimeoutError, InvalidHandshake, EOFError) as error:
            said = f"WebSocket: {str(error) or type(error).__name__}"
            raise RefusedError(0, said, Stage.SOCKET) from error

    async def ask(self, method: str, seconds: float, **params: Any) -> dict[str, Any]:
        """Make a request; its answer, with `result` or `error`.

        Raises:
            BrokenError: the socket broke, or no answer came within `seconds`.
        """
        self._asked += 1
        number = self._asked
        answer: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._answers[number] = answer
        request = {"jsonrpc": "2.0", "method": method, "params": params, "id": number}
        with suppress(ConnectionClosed):
            await self._connection.send(json.dumps(request))
        waiting = (answer, self._reading)
        await asyncio.wait(waiting, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        del self._answers[number]
        if answer.done():
            return answer.result()
        self._check()
        raise BrokenError(_BROKEN, f"no answer to {method} within {seconds:g} s")

    def watch_for_eviction(self, connection: str) -> None:
        """Count it as broken when the server says that this user was put out."""
        self._own = connection

    async def watch(self, seconds: float) -> None:
        """Wait, `seconds` at most, for the socket to break.

        Raises:
            BrokenError: it did.
        """
        await asyncio.wait((self._reading,), timeout=seconds)
        self._check()

    async def close(self) -> None:
        """Close it properly."""
        self._reading.cancel()
        await self._connection.close()

    def give_up(self) -> None:
        """Close it without a goodbye: the other side may never answer one."""
        self._reading.cancel()
        self._connection.transport.abort()

    async def _read(self) -> None:
        with suppress(ConnectionClosed):
            async for message in self._connection:
                self.heard = time.time()
                answer = json.loads(message)
                params = answer.get("params", {})
                if answer.get("method") == _EVICTED and params.get("connectionId") == self._own:
                    self._evicted = params["reason"]
                    return
                waiting = self._answers.get(answer.get("id"))
                if waiting and not waiting.done():
                    waiting.set_result(answer)

    def _check(self) -> None:
        if not self._reading.done():
            return
        if self._evicted:
            raise EvictedError(_BROKEN, f"the server ended it: {self._evicted}")
        code = self._connection.close_code or _BROKEN
        said = f": {found}" if (found := self._connection.close_reason) else ""
        how = "the connection broke" if code == _BROKEN else "the other side closed the connection"
        raise BrokenError(code, f"{how}{said}")
