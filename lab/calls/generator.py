"""Makes the calls of a plan and records what becomes of each.

A call that nobody answers, or that is answered 502, 503 or 504, is asked for twice more, as its
users would press "join" again; after that, or after any other answer, it counts as refused. Each
try is in the record.
"""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any

from lab.calls.browsers.call import BrowserCall, open_browser_call
from lab.calls.browsers.chromium import Chromium
from lab.calls.call import NoSoundError, OpenCall, open_call
from lab.calls.plan import Plan
from lab.calls.record import Record
from lab.calls.runs import HANG_UP
from lab.calls.user import CutError, FellSilentError
from scripts.calls.rest import Api, RefusedError

PAUSES = (1.0, 2.0)
"""Seconds before each further try."""
_OPENING_AT_A_TIME = 16
_LOOK_SECONDS = 0.2


class Generator:
    """Makes calls until its plan is carried out, or it is asked to stop."""

    def __init__(self, plan: Plan, record: Record, request: Path, name: str) -> None:
        """Choose plan and record; nothing is done.

        Args:
            plan: the calls to make.
            record: what becomes of them goes here.
            request: file in which it is asked to stop.
            name: first part of its calls' ids.
        """
        self._plan = plan
        self._record = record
        self._request = request
        self._name = name
        self._numbers = count(1)
        self._opening = asyncio.Semaphore(_OPENING_AT_A_TIME)
        self._stopping = asyncio.Event()
        self._hanging_up = asyncio.Event()
        self._unanswered = plan.count
        self._chromium: Chromium | None = None
        self.settled = asyncio.Event()
        """Is set when each call of the beginning is open or refused; at once with `over`."""

    async def run(self) -> None:
        """Make the calls; returns when the last one is over."""
        if self._plan.over:
            self.settled.set()
        door = self._plan.door
        rest = Api(door.url, door.secret, door.trust(), self._plan.pace.answer)
        watching = asyncio.create_task(self._watch_request())
        try:
            async with self._browsers(), asyncio.TaskGroup() as group:
                for place, delay in enumerate(self._delays()):
                    group.create_task(self._keep_calling(rest, delay, place))
        finally:
            watching.cancel()
            await rest.close()

    @asynccontextmanager
    async def _browsers(self) -> AsyncIterator[None]:
        """One Chromium for all calls between browsers, where there are any."""
        if not self._plan.browsers:
            yield
            return
        profile = self._request.with_suffix(".chromium")
        self._chromium = await Chromium.start(profile)
        try:
            yield
        finally:
            await self._chromium.stop()
            shutil.rmtree(profile, ignore_errors=True)

    def _delays(self) -> Iterator[float]:
        for place in range(self._plan.count):
            yield self._plan.over * place / self._plan.count

    async def _keep_calling(self, rest: Api, delay: float, place: int) -> None:
        """One call; with `keep` one after the other."""
        if delay:
            await _either(self._stopping, delay)
        first = True
        while not self._stopping.is_set() and (first or self._plan.keep):
            await self._call(rest, place, first=first)
            first = False
        if first:
            self._count_first()

    async def _call(self, rest: Api, place: int, *, first: bool) -> None:
        number = next(self._numbers)
        name = f"{self._name}-{number}"
        length = self._plan.lengths.choose(self._plan.seed, number)
        self._record.write("begun", call=name, length=length)
        try:
            await self._make(rest, name, length, place, first=first)
        except RefusedError as error:
            facts: dict[str, Any] = {"status": error.status, "reason": str(error)}
            if isinstance(error, NoSoundError):
                facts |= {"node": error.node_ip, "unheard": error.way}
            self._record.write("refused", call=name, **facts)
            if first:
                self._count_first()
            await _either(self._stopping, PAUSES[0])
        except CutError as error:
            facts = {"heard": round(error.heard, 3), "code": error.code, "reason": str(error)}
            if isinstance(error, FellSilentError):
                facts["unheard"] = error.way
            self._record.write("cut", call=name, **facts)

    async def _make(self, rest: Api, name: str, length: float, place: int, *, first: bool) -> None:
        """Open the call, on a further try where that may help, and hold it."""
        call = await self._open(rest, name, place)
        try:
            if first:
                self._count_first()
            await self._hold(call, name, length)
        finally:
            for what, facts in (await call.witnessed()).items():
                self._record.write(what, call=name, **facts)
            await call.drop()

    async def _open(self, rest: Api, name: str, place: int) -> OpenCall | BrowserCall:
        for pause in PAUSES:
            try:
                return await self._try(rest, name, place)
            except RefusedError as error:
                if not error.transient:
                    raise
                self._record.write("tried", call=name, status=error.status, reason=str(error))
                await asyncio.sleep(pause)
        return await self._try(rest, name, place)

    async def _try(self, rest: Api, name: str, place: int) -> OpenCall | BrowserCall:
        """Open the call that belongs to a place: the first ones are between browsers."""
        plan = self._plan
        async with self._opening:
            if self._chromium and place < plan.browsers:
                return await open_browser_call(rest, plan, self._chromium, name)
            return await open_call(rest, plan, plan.media.way_of(place - plan.browsers))

    async def _hold(self, call: OpenCall | BrowserCall, name: str, length: float) -> None:
        at = time.time()
        until = asyncio.get_running_loop().time() + length
        facts = {"session": call.session, "node": call.node_ip}
        if isinstance(call, OpenCall) and call.sound:
            facts["heard"] = call.sound.way
        self._record.write("opened", at=at, call=name, **facts)

        def returned(heard: float, noticed: float) -> None:
            away = round(time.time() - noticed, 3)
            self._record.write(
                "reconnected", at=noticed, call=name, heard=round(heard, 3), seconds=away
            )

        holding = asyncio.create_task(call.hold(until, returned))
        asked = asyncio.create_task(self._hanging_up.wait())
        try:
            await asyncio.wait((holding, asked), return_when=asyncio.FIRST_COMPLETED)
            early = not holding.done()
            if not early:
                holding.result()
        finally:
            holding.cancel()
            asked.cancel()
            await asyncio.gather(holding, asked, return_exceptions=True)
        await call.hang_up(returned)
        self._record.write("ended", call=name, **({"hung_up": True} if early else {}))

    def _count_first(self) -> None:
        self._unanswered -= 1
        if not self._unanswered:
            self.settled.set()

    async def _watch_request(self) -> None:
        while True:
            if self._request.exists():
                self._stopping.set()
                if self._request.read_text() == HANG_UP:
                    self._hanging_up.set()
            await asyncio.sleep(_LOOK_SECONDS)


async def _either(event: asyncio.Event, seconds: float) -> None:
    """Wait for an event, `seconds` at most."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return
