"""One call: a session over REST, its users, and what they hear of each other."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from lab.calls.plan import Plan, Way
from lab.calls.rest import Api, RefusedError
from lab.calls.user import Returned, User

if TYPE_CHECKING:
    from lab.calls.sound import Sound


@dataclass(frozen=True)
class OpenCall:
    """A call whose users have all joined.

    Attributes:
        session: its session's id.
        node_ip: address of the node that carries it; empty where that can't be told.
        users: the participants.
        sound: of a call that has some.
    """

    session: str
    node_ip: str
    users: Sequence[User]
    sound: Sound | None = None

    async def hold(self, until: float, returned: Returned) -> None:
        """Keep it until the loop's clock says `until`; `returned` is told of reconnections.

        Raises:
            CutError: a user lost it.
        """
        listening = asyncio.create_task(self.sound.listen()) if self.sound else None
        holding = asyncio.create_task(_all(user.hold(until, returned) for user in self.users))
        both = [task for task in (holding, listening) if task]
        try:
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            for task in both:
                if task.done():
                    task.result()
        finally:
            for task in both:
                task.cancel()
            await asyncio.gather(*both, return_exceptions=True)

    async def hang_up(self, returned: Returned) -> None:
        """End it properly.

        Raises:
            CutError: a user had lost it unnoticed.
        """
        await _all(user.leave(returned) for user in self.users)

    async def drop(self) -> None:
        """Close every socket, in whatever state it is."""
        if self.sound:
            await self.sound.close()
        await _drop(self.users)


async def open_call(rest: Api, plan: Plan, way: Way | None = None) -> OpenCall:
    """Open a call, all users of which have joined, and hear each other if sound has a way.

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
        node = await rest.address_of(session)
        return OpenCall(session, node, users, await _begin(users, node, way) if way else None)
    except RefusedError:
        await rest.end_session(session)
        await _drop(users)
        raise


async def _begin(users: Sequence[User], node: str, way: Way) -> Sound:
    from lab.calls.sound import Sound  # noqa: PLC0415 - takes as long as all of the rest

    return await Sound.begin(users, node, way)


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
