"""One call: a session over REST, and its users."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from lab.calls.plan import Plan
from lab.calls.rest import Api, RefusedError
from lab.calls.user import Returned, User


@dataclass(frozen=True)
class OpenCall:
    """A call whose users have all joined.

    Attributes:
        session: its session's id.
        node_ip: address of the node that carries it; empty where that can't be told.
        users: the participants.
    """

    session: str
    node_ip: str
    users: Sequence[User]

    async def hold(self, until: float, returned: Returned) -> None:
        """Keep it until the loop's clock says `until`; `returned` is told of reconnections.

        Raises:
            CutError: a user lost it.
        """
        await _all(user.hold(until, returned) for user in self.users)

    async def hang_up(self, returned: Returned) -> None:
        """End it properly.

        Raises:
            CutError: a user had lost it unnoticed.
        """
        await _all(user.leave(returned) for user in self.users)

    async def drop(self) -> None:
        """Close every socket, in whatever state it is."""
        await _drop(self.users)


async def open_call(rest: Api, plan: Plan) -> OpenCall:
    """Open a call, all users of which have joined.

    Raises:
        RefusedError: it could not be opened; nothing of it is left.
    """
    url = f"wss://{urlsplit(plan.door.url).netloc}"
    session = await rest.open_session()
    users: list[User] = []
    try:
        for _ in range(plan.participants):
            invitation = await rest.invite(session)
            users.append(await User.join(url, rest.tls, plan.pace, session, invitation))
    except RefusedError:
        await rest.end_session(session)
        await _drop(users)
        raise
    return OpenCall(session, await rest.address_of(session), users)


async def _drop(users: Iterable[User]) -> None:
    await asyncio.gather(*(user.drop() for user in users), return_exceptions=True)


async def _all(acts: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Do all at once; the first failure ends the rest, and is raised."""
    tasks = [asyncio.ensure_future(act) for act in acts]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
