"""Who is on which WebSocket, and who is away from theirs but still in the session.

A user whose socket broke stays in the session for `AWAY_SECONDS`, so that a node which drains
waits for them; then they are evicted. Sources: `lab.openvidu.signalling`.
"""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass, field

from lab.openvidu.node.house import House, now
from lab.openvidu.node.objects import Connection
from lab.openvidu.signalling import AWAY_SECONDS
from lab.openvidu.web.server import log


@dataclass(eq=False)
class Attendee:
    """A user's JSON-RPC session, which may outlive the socket that it began on.

    Attributes:
        connection: the user in the book.
        socket: whatever stands for the socket that carries it now.
        id: what the client names when it comes back.
    """

    connection: Connection
    socket: object
    id: str = field(default_factory=lambda: secrets.token_hex(12))
    leaving: asyncio.Task[None] | None = None


class Attendance:
    """The users of this node."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._attendees: dict[str, Attendee] = {}

    def begin(self, connection: Connection, socket: object) -> Attendee:
        """A user has joined through a socket."""
        attendee = Attendee(connection, socket)
        self._attendees[attendee.id] = attendee
        return attendee

    def resume(self, attendee_id: str, socket: object) -> Attendee | None:
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

    def lose(self, attendee: Attendee, socket: object) -> None:
        """A socket broke: unless another carries the user by now, their time runs."""
        if attendee.socket is not socket:
            return
        if not self._is_in_session(attendee.connection):
            self._attendees.pop(attendee.id, None)
        elif attendee.leaving is None:
            attendee.leaving = asyncio.create_task(self._evict(attendee))
            log(f"{attendee.connection.id} is away, for {AWAY_SECONDS:g} s at most")

    async def leave(self, attendee: Attendee, reason: str) -> None:
        """A user is gone for good; fine where the session is, too."""
        self._attendees.pop(attendee.id, None)
        await self._house.change(lambda book: book.leave(attendee.connection, reason, now()))

    def _is_in_session(self, connection: Connection) -> bool:
        session = self._house.book.sessions.get(connection.session_id)
        return session is not None and connection.id in session.connections

    async def _evict(self, attendee: Attendee) -> None:
        await asyncio.sleep(AWAY_SECONDS)
        log(f"{attendee.connection.id} is evicted")
        # Nobody finds, and so nobody cancels this any more: who comes back now comes too late.
        await self.leave(attendee, "networkDisconnect")
