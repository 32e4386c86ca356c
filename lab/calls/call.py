"""One call: a session over REST, its users, and what they hear of each other."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from lab.calls.plan import Plan
from lab.calls.user import Returned, User
from openvidu import ports
from scripts.calls.rest import Api, RefusedError
from scripts.calls.ways import Way

if TYPE_CHECKING:
    from lab.calls.sound import CallSound


class NoSoundError(RefusedError):
    """A call was opened, and its users don't hear each other: another try does no better.

    Attributes:
        node_ip: address of the node that carries it; empty where that can't be told.
        way: how their sound goes.
    """

    def __init__(self, node_ip: str, way: Way, reason: str) -> None:
        super().__init__(0, reason)
        self.node_ip = node_ip
        self.way = way
        self.transient = False


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
    sound: CallSound | None = None

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

    async def witnessed(self) -> dict[str, dict[str, Any]]:
        """What its users heard so far, as the record has it."""
        return {"sound": self.sound.heard} if self.sound else {}

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
    url = f"wss://{urlsplit(rest.url).netloc}"
    session = await rest.open_session()
    users: list[User] = []
    try:
        for _ in range(plan.participants):
            invitation = await rest.invite(session)
            user = await User.join(url, rest.tls, plan.pace.answer, session, invitation)
            user.pace = plan.pace
            users.append(user)
        node = await rest.address_of(session)
        return OpenCall(session, node, users, await _begin(users, node, way) if way else None)
    except RefusedError:
        with suppress(RefusedError):
            await rest.end_session(session)
        await _drop(users)
        raise


async def _begin(users: Sequence[User], node: str, way: Way) -> CallSound:
    # Takes as long as all of the rest.
    from lab.calls.sound import CallSound  # noqa: PLC0415
    from scripts.calls.sound import SilentError  # noqa: PLC0415

    told = users[0].turn["url"]
    if way is Way.TURN_SERVER and told == users[0].nodes_turn["url"]:
        reason = (
            f"{way}: found the node's TURN server, {told}, expected one of the operator's own. "
            "Start a lab that has one: uv run lab --name turn up --example turn"
        )
        raise NoSoundError(node, way, reason)
    try:
        return await CallSound.begin(users, way)
    except SilentError as error:
        question = "is it open in the security group, and on the machine?"
        where = _where(node, way, users[0])
        raise NoSoundError(node, way, f"{error}; expected by {where}: {question}") from error


def _where(node: str, way: Way, user: User) -> str:
    """By which ports sound is expected."""
    match way:
        case Way.STRAIGHT:
            return f"UDP {ports.MEDIA_FIRST}-{ports.MEDIA_LAST} of {node}"
        case Way.TURN_SERVER:
            return user.turn["url"]
        case _:
            return f"{way.transport.upper()} of {user.nodes_turn['url']}"


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
