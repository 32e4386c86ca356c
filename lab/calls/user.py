"""A user of a call, whose socket is opened again when it breaks, as openvidu-browser does.

The picture goes on meanwhile: media doesn't pass through the socket. The user is cut off where
the server says so, when the socket is back, or where it isn't back before the server must have
evicted them. Sources: `lab.openvidu.signalling`.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Callable
from typing import Any

from lab.calls.plan import Pace, Way
from lab.calls.rest import RefusedError
from lab.calls.socket import BrokenError, EvictedError, Socket
from lab.openvidu.signalling import NO_MEDIA_NODE

_PLATFORM = "the lab's generator of calls"
Returned = Callable[[float, float], None]
"""Is told of each reconnection: when the cluster was last heard of, and when the socket was seen
to be broken, in Unix seconds."""


class CutError(Exception):
    """A user lost their call.

    Attributes:
        heard: Unix seconds when the cluster was last heard of before.
        code: the close code with which the socket broke; 1006 without one.
    """

    def __init__(self, heard: float, code: int, reason: str) -> None:
        super().__init__(reason)
        self.heard = heard
        self.code = code


class SilentError(CutError):
    """A user hears nothing of another one any more.

    Attributes:
        way: how the sound of their call goes.
    """

    def __init__(self, heard: float, way: Way, reason: str) -> None:
        super().__init__(heard, 0, reason)
        self.way = way


class User:
    """One participant, who has joined.

    Attributes:
        turn: the node's TURN server: `url`, `username`, `credential`.
        told: the one that the user was told to take: the same, or the operator's own.
    """

    def __init__(
        self,
        url: str,
        tls: ssl.SSLContext,
        pace: Pace,
        socket: Socket,
        rpc_session: str,
        turn: dict[str, str],
        told: dict[str, str],
    ) -> None:
        self._url = url
        self._tls = tls
        self._pace = pace
        self._socket = socket
        self._rpc_session = rpc_session
        self.turn = turn
        self.told = told

    @classmethod
    async def join(
        cls, url: str, tls: ssl.SSLContext, pace: Pace, session: str, invitation: str
    ) -> User:
        """Join a session.

        Args:
            url: where the cluster takes WebSockets.
            tls: whom to trust there.
            pace: the client's patience.
            session: its id.
            invitation: the token, as the API gave it.

        Raises:
            RefusedError: it can't be joined.
        """
        url = f"{url}/openvidu?sessionId={session}"
        socket = await Socket.open(url, tls, pace.answer)
        try:
            answer = await socket.ask(
                "joinRoom",
                pace.answer,
                session=session,
                token=invitation,
                platform=_PLATFORM,
                metadata="",
                secret="",
            )
        except BrokenError as error:
            socket.give_up()
            raise RefusedError(0, f"joinRoom: {error}") from error
        if "result" not in answer:
            socket.give_up()
            refused = answer.get("error", {})
            # The server has no media node just now: another try may do better.
            status = 503 if refused.get("code") == NO_MEDIA_NODE else refused.get("code", 0)
            raise RefusedError(status, f"joinRoom: {refused}")
        joined = answer["result"]
        socket.watch_for_eviction(joined["id"])
        turn = {
            "url": f"turn:{joined['coturnIp']}:{joined['coturnPort']}",
            "username": joined["turnUsername"],
            "credential": joined["turnCredential"],
        }
        told = joined["customIceServers"][0]
        return cls(url, tls, pace, socket, joined["sessionId"], turn, told)

    async def hold(self, until: float, returned: Returned) -> None:
        """Stay, and ping, until the loop's clock says `until`.

        Args:
            until: in seconds of the loop's clock.
            returned: is told of each reconnection.

        Raises:
            CutError: the user has lost the call.
        """
        clock = asyncio.get_running_loop().time
        interval = int(self._pace.ping * 1000)
        while (left := until - clock()) > 0:
            try:
                await self._socket.ask("ping", self._pace.pong, interval=interval)
                await self._socket.watch(min(left, self._pace.ping))
            except BrokenError as broken:
                await self._come_back(broken, returned)

    async def leave(self, returned: Returned) -> None:
        """Leave the call properly.

        Raises:
            CutError: the socket had broken unnoticed, and the user lost the call with it.
        """
        while True:
            try:
                await self._socket.ask("leaveRoom", self._pace.answer)
            except BrokenError as broken:
                await self._come_back(broken, returned)
            else:
                return

    async def ask(self, method: str, **params: Any) -> dict[str, Any]:
        """Ask for something while the call is being opened; the result.

        Raises:
            RefusedError: it isn't to be had.
        """
        try:
            answer = await self._socket.ask(method, self._pace.answer, **params)
        except BrokenError as error:
            raise RefusedError(0, f"{method}: {error}") from error
        if "result" not in answer:
            refused = answer.get("error", {})
            raise RefusedError(refused.get("code", 0), f"{method}: {refused}")
        result: dict[str, Any] = answer["result"]
        return result

    async def drop(self) -> None:
        """Close the socket, in whatever state it is."""
        await self._socket.close()

    async def _come_back(self, broken: BrokenError, returned: Returned) -> None:
        heard, noticed = self._socket.heard, time.time()
        self._socket.give_up()
        if isinstance(broken, EvictedError):
            raise CutError(heard, broken.code, str(broken))
        tried = ""
        while time.time() < heard + self._pace.longest_away:
            # A socket that breaks again at once is one more try that failed.
            try:
                refused = await self._reconnect()
            except (RefusedError, BrokenError) as error:
                tried = f", and reconnecting failed: {error}"
                await asyncio.sleep(self._pace.retry)
                continue
            if refused:
                raise CutError(heard, broken.code, f"{broken}; then: {refused}")
            returned(heard, noticed)
            return
        limit = f"not back within {self._pace.longest_away:g} s"
        raise CutError(heard, broken.code, f"{broken}; {limit}{tried}")

    async def _reconnect(self) -> str:
        """Open another socket, and resume the session; the server's refusal where it refuses."""
        self._socket = await Socket.open(
            f"{self._url}&reconnect=true", self._tls, self._pace.answer
        )
        try:
            answer = await self._socket.ask(
                "connect", self._pace.answer, sessionId=self._rpc_session, reconnect=True
            )
        except BrokenError:
            self._socket.give_up()
            raise
        error = answer.get("error")
        return f"{error['message']} ({error['code']})" if error else ""
