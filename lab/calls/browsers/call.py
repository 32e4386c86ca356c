"""A call between browsers: what its users see, and what their clients say to the application.

A client says `sessionDisconnected` where its user has lost the call. While it says nothing the call
goes on for the application, whatever the user sees: a picture that stands is measured, and counts
as a cut only where it still stands at the call's end.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any

from lab.calls.browsers.chromium import Chromium, PageError
from lab.calls.plan import LONGEST_SILENCE, Plan
from lab.calls.report import Seen
from lab.calls.user import CutError, Returned
from scripts.calls.rest import Api, RefusedError, Stage

FIRST_SECONDS = 30.0
"""Until pictures of all others are there."""
_JOIN_SECONDS = 30.0
_LEAVE_SECONDS = 10.0
_LOST = "sessionDisconnected"


class BrowserUser:
    """One participant: a page that has joined."""

    def __init__(self, chromium: Chromium, name: str, number: int) -> None:
        """Choose the page; it isn't opened.

        Args:
            chromium: whose page it is.
            name: the page's, of its own.
            number: the user's in the call, from 1.
        """
        self._chromium, self._name, self._number = chromium, name, number
        self._broken: Mapping[str, Any] | None = None
        self._returned: Returned | None = None
        self.lost: asyncio.Future[Mapping[str, Any]] = asyncio.get_running_loop().create_future()
        self.said: list[dict[str, Any]] = []

    async def join(self, token: str) -> None:
        """Open the page, and join.

        Raises:
            PageError: that failed; the text is the client's.
        """
        self._chromium.listen(self._name, self._hear)
        await self._chromium.ask("join", self._name, _JOIN_SECONDS, token=token)

    async def see(self, others: int) -> None:
        """Wait until pictures of so many others have come.

        Raises:
            PageError: they don't come.
        """
        facts = {"others": others, "within": FIRST_SECONDS}
        await self._chromium.ask("see", self._name, FIRST_SECONDS + _LEAVE_SECONDS, **facts)

    async def measure(self) -> Mapping[str, float]:
        """What was seen so far: `longest`, `since` and `now`, in milliseconds.

        Raises:
            PageError: the page doesn't answer.
        """
        measured: Mapping[str, float] = await self._chromium.ask(
            "measure", self._name, _LEAVE_SECONDS
        )
        return measured

    async def hold(self, returned: Returned) -> None:
        """Stay, without an end.

        Raises:
            CutError: the client says that the call is lost.
        """
        self._returned = returned
        lost = await asyncio.shield(self.lost)
        raise CutError(lost["heard"] / 1000, 0, _words(lost))

    async def leave(self) -> None:
        """Leave the call properly.

        Raises:
            CutError: the call was lost before.
        """
        if self.lost.done():
            lost = self.lost.result()
            raise CutError(lost["heard"] / 1000, 0, _words(lost))
        with suppress(PageError):
            await self._chromium.ask("leave", self._name, _LEAVE_SECONDS)

    async def drop(self) -> None:
        """Close the page, in whatever state it is."""
        self._chromium.listen(self._name, None)
        with suppress(PageError):
            await self._chromium.ask("close", self._name, _LEAVE_SECONDS)

    def _hear(self, said: Mapping[str, Any]) -> None:
        words, at = _words(said), said["at"] / 1000
        self.said.append({"at": round(at, 3), "user": self._number, "words": words})
        match said["said"]:
            case "reconnecting":
                self._broken = said
            case "reconnected" if self._broken and self._returned:
                self._returned(self._broken["heard"] / 1000, self._broken["at"] / 1000)
            case str(name) if name == _LOST and not self.lost.done():
                self.lost.set_result(said)


@dataclass(frozen=True)
class BrowserCall:
    """A call whose users have all joined, and see each other.

    Attributes:
        chromium: has their pages.
        session: its session's id.
        node_ip: address of the node that carries it; empty where that can't be told.
        users: the participants.
    """

    chromium: Chromium
    session: str
    node_ip: str
    users: Sequence[BrowserUser]

    async def hold(self, until: float, returned: Returned) -> None:
        """Keep it until the loop's clock says `until`; `returned` is told of reconnections.

        Raises:
            CutError: a user lost it.
        """
        holding = [asyncio.create_task(user.hold(returned)) for user in self.users]
        holding.append(asyncio.create_task(self._chromium_ends()))
        left = until - asyncio.get_running_loop().time()
        try:
            done, _ = await asyncio.wait(
                holding, timeout=max(0.0, left), return_when=asyncio.FIRST_COMPLETED
            )
            for task in done:
                task.result()
        finally:
            for task in holding:
                task.cancel()
            await asyncio.gather(*holding, return_exceptions=True)

    async def hang_up(self, _: Returned) -> None:
        """End it properly.

        Raises:
            CutError: a user had lost it unnoticed.
        """
        for user in self.users:
            with suppress(PageError):
                measured = await user.measure()
                if measured["now"] > LONGEST_SILENCE * 1000:
                    reason = f"no picture for more than {LONGEST_SILENCE:g} s, and not a word"
                    raise CutError(measured["since"] / 1000, 0, reason)
        for user in self.users:
            await user.leave()

    async def witnessed(self) -> dict[str, dict[str, Any]]:
        """What its users saw so far, as the record has it."""
        return {"browser": asdict(await self._seen())}

    async def _chromium_ends(self) -> None:
        await self.chromium.ended.wait()
        raise CutError(time.time(), 0, "Chromium has ended, whatever became of the call")

    async def _seen(self) -> Seen:
        """The end is the first one that a client told of."""
        measured = []
        for user in self.users:
            with suppress(PageError):
                measured.append(await user.measure())
        worst = max(measured, key=lambda one: one["longest"], default={"longest": 0, "since": 0})
        said = sorted((one for user in self.users for one in user.said), key=lambda one: one["at"])
        ends = [one["words"] for one in said if one["words"].startswith(_LOST)]
        ended = ends[0] if ends else "not a word"
        return Seen(round(worst["longest"]), round(worst["since"] / 1000, 3), ended, tuple(said))

    async def drop(self) -> None:
        """Close every page."""
        await _drop(self.users)


async def open_browser_call(rest: Api, plan: Plan, chromium: Chromium, name: str) -> BrowserCall:
    """Open a call between browsers, who see each other.

    Args:
        rest: the cluster's API.
        plan: says how many participants.
        chromium: has their pages.
        name: the call's, of which those of its pages are made.

    Raises:
        RefusedError: it could not be opened; nothing of it is left.
    """
    session = await rest.open_session()
    numbers = range(1, plan.participants + 1)
    users = [BrowserUser(chromium, f"{name}/{number}", number) for number in numbers]
    try:
        for user in users:
            await user.join(await rest.invite(session))
        node = await rest.address_of(session)
        await asyncio.gather(*(user.see(len(users) - 1) for user in users))
        return BrowserCall(chromium, session, node, users)
    except (RefusedError, PageError) as error:
        with suppress(RefusedError):
            await rest.end_session(session)
        await _drop(users)
        if isinstance(error, RefusedError):
            raise
        raise RefusedError(0, f"in the browser: {error}", Stage.MEDIA) from error


async def _drop(users: Sequence[BrowserUser]) -> None:
    await asyncio.gather(*(user.drop() for user in users), return_exceptions=True)


def _words(said: Mapping[str, Any]) -> str:
    return f"{said['said']}: {said['about']}" if said["about"] else str(said["said"])
