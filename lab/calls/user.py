"""A user of a call, whose socket is opened again when it breaks, as openvidu-browser does.

The picture goes on meanwhile: media doesn't pass through the socket. The user is cut off where
the server says so, when the socket is back, or where it isn't back before the server must have
evicted them. Sources: `openvidu.signalling`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any

from lab.calls.plan import Pace
from openvidu import signalling
from scripts.calls.participant import Participant
from scripts.calls.rest import RefusedError
from scripts.calls.socket import BrokenError, EvictedError, Socket
from scripts.calls.ways import Way

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


class ForgottenError(CutError):
    """The server doesn't know a user any more who comes back."""


class FellSilentError(CutError):
    """A user hears nothing of another one any more.

    Attributes:
        way: how the sound of their call goes.
    """

    def __init__(self, heard: float, way: Way, reason: str) -> None:
        super().__init__(heard, 0, reason)
        self.way = way


class User(Participant):
    """One participant, who has joined.

    Attributes:
        pace: their client's patience, once they have joined.
    """

    platform = "the lab's generator of calls"
    pace = Pace()

    async def hold(self, until: float, returned: Returned) -> None:
        """Stay, and ping, until the loop's clock says `until`.

        Args:
            until: in seconds of the loop's clock.
            returned: is told of each reconnection.

        Raises:
            CutError: the user has lost the call.
        """
        clock = asyncio.get_running_loop().time
        interval = int(self.pace.ping * 1000)
        while (left := until - clock()) > 0:
            try:
                await self._socket.ask("ping", self.pace.pong, interval=interval)
                await self._socket.watch(min(left, self.pace.ping))
            except BrokenError as broken:
                await self._come_back(broken, returned)

    async def leave(self, returned: Returned) -> None:
        """Leave the call properly.

        Raises:
            CutError: the socket had broken unnoticed, and the user lost the call with it.
        """
        while True:
            try:
                await self._socket.ask("leaveRoom", self.pace.answer)
            except BrokenError as broken:
                try:
                    await self._come_back(broken, returned)
                except ForgottenError as cut:
                    # It keeps whose socket broke for so long: whom it doesn't know sooner has left,
                    # and only the answer was lost.
                    if time.time() < cut.heard + signalling.AWAY_SECONDS:
                        return
                    raise
            else:
                return

    async def _come_back(self, broken: BrokenError, returned: Returned) -> None:
        heard, noticed = self._socket.heard, time.time()
        self._socket.give_up()
        if isinstance(broken, EvictedError):
            raise CutError(heard, broken.code, str(broken))
        tried = ""
        while time.time() < heard + self.pace.longest_away:
            # A socket that breaks again at once is one more try that failed.
            try:
                refused = await self._reconnect()
            except (RefusedError, BrokenError) as error:
                tried = f", and reconnecting failed: {error}"
                await asyncio.sleep(self.pace.retry)
                continue
            if refused:
                reason = f"{broken}; then: {refused['message']} ({refused['code']})"
                is_forgotten = refused["code"] == signalling.UNKNOWN_SESSION[0]
                raise (ForgottenError if is_forgotten else CutError)(heard, broken.code, reason)
            returned(heard, noticed)
            return
        limit = f"not back within {self.pace.longest_away:g} s"
        raise CutError(heard, broken.code, f"{broken}; {limit}{tried}")

    async def _reconnect(self) -> Mapping[str, Any]:
        """Open another socket, and resume the session; the server's error where it refuses."""
        self._socket = await Socket.open(f"{self._url}&reconnect=true", self._tls, self.pace.answer)
        try:
            answer = await self._socket.ask(
                "connect", self.pace.answer, sessionId=self._rpc_session, reconnect=True
            )
        except BrokenError:
            self._socket.give_up()
            raise
        return answer.get("error") or {}
