"""Who is on which WebSocket, and who is away from theirs but still in the session.

A user whose socket is closed without `leaveRoom`, by whatever code, stays in the session for
`AWAY_SECONDS`, so that a node which drains waits for them; then they are evicted. Sources:
`openvidu.signalling`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from lab.openvidu.node.objects import Connection
from lab.openvidu.node.server_state import ServerState, now
from lab.openvidu.node.session_store import Notice
from lab.openvidu.web.server import log
from openvidu.signalling import AWAY_SECONDS, LINGER_SECONDS


class Socket(Protocol):
    """A client's open WebSocket."""

    def notify(self, method: str, params: Mapping[str, object]) -> None:
        """Tell the client something that it didn't ask for."""

    def hang_up(self) -> None:
        """Close it."""


@dataclass(eq=False)
class Attendee:
    """A user's JSON-RPC session, which may outlive the socket that it began on.

    Attributes:
        connection: the user in the book.
        socket: what carries it now.
        id: what the client names when it comes back.
    """

    connection: Connection
    socket: Socket
    id: str
    leaving: asyncio.Task[None] | None = None


class Attendance:
    """The users of this node."""

    def __init__(self, server_state: ServerState) -> None:
        self._house = server_state
        self._attendees: dict[str, Attendee] = {}
        self._lingering: set[asyncio.Task[None]] = set()
        server_state.on_notices(self._deliver)

    def begin(self, connection: Connection, socket: Socket, attendee_id: str) -> Attendee:
        """A user has joined through a socket."""
        attendee = Attendee(connection, socket, attendee_id)
        self._attendees[attendee.id] = attendee
        return attendee

    def resume(self, attendee_id: str, socket: Socket) -> Attendee | None:
        """A user is back, on another socket; None where there is no such user (any more)."""
        attendee = self._attendees.get(attendee_id)
        if attendee is None or not self._is_in_session(attendee.connection):
            return None
        attendee.socket = socket
        if attendee.leaving:
            attendee.leaving.cancel()
            attendee.leaving = None
            log(f"{attendee.connection.id} is back")
        return attendee

    def lose(self, attendee: Attendee, socket: Socket) -> None:
        """A socket is closed: unless another carries the user by now, their time runs."""
        if attendee.socket is not socket:
            return
        if not self._is_in_session(attendee.connection):
            self._attendees.pop(attendee.id, None)
        elif attendee.leaving is None:
            attendee.leaving = asyncio.create_task(self._evict(attendee))
            log(f"{attendee.connection.id} is away, for {AWAY_SECONDS:g} s at most")

    async def leave(self, attendee: Attendee, reason: str, *, evict: bool = False) -> None:
        """A user is gone for good; fine where the session is, too."""
        self._attendees.pop(attendee.id, None)
        self._linger(attendee.socket)
        await self._house.change(
            lambda store: store.leave(attendee.connection, reason, now(), evict=evict)
        )

    def _deliver(self, notices: Iterable[Notice]) -> None:
        by_connection = {one.connection.id: one for one in self._attendees.values()}
        for notice in notices:
            attendee = by_connection.get(notice.to)
            if attendee is None:
                continue
            attendee.socket.notify(notice.method, notice.params)
            evicted = notice.method == "participantEvicted"
            if evicted and notice.params["connectionId"] == notice.to:
                self._attendees.pop(attendee.id, None)
                self._linger(attendee.socket)

    def _linger(self, socket: Socket) -> None:
        """Leave it to a client that is out to close its socket, for a while."""

        async def close() -> None:
            await asyncio.sleep(LINGER_SECONDS)
            socket.hang_up()

        task = asyncio.create_task(close())
        self._lingering.add(task)
        task.add_done_callback(self._lingering.discard)

    def _is_in_session(self, connection: Connection) -> bool:
        session = self._house.store.sessions.get(connection.session_id)
        return session is not None and connection.id in session.connections

    async def _evict(self, attendee: Attendee) -> None:
        await asyncio.sleep(AWAY_SECONDS)
        log(f"{attendee.connection.id} is evicted")
        # Nobody finds, and so nobody cancels this any more: who comes back now comes too late.
        await self.leave(attendee, "networkDisconnect", evict=True)
