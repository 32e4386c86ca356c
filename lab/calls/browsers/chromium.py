"""One Chromium for all users of a generator's calls, and what is said to and by their pages."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any

from lab.calls.browsers.installed import HERE
from lab.cloud.requirements import find_program

_START_SECONDS = 60.0
_STOP_SECONDS = 10.0
_LONGEST_LINE = 2**20
Listener = Callable[[Mapping[str, Any]], None]
"""Is told what a user's client says."""


class PageError(Exception):
    """A page couldn't do what it was asked for, or Chromium is gone; the text says what it said."""


class Chromium:
    """A Chromium that runs, and its pages: one a user.

    Attributes:
        ended: is set when it runs no more.
    """

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        """Take over a process of `pages.mjs`."""
        self._process = process
        self._numbers = count(1)
        self._asked: dict[int, asyncio.Future[Any]] = {}
        self._listeners: dict[str, Listener] = {}
        self.ended = asyncio.Event()
        self._reading = asyncio.create_task(self._read())

    @classmethod
    async def start(cls, profile: Path) -> Chromium:
        """Start one, without a page.

        Args:
            profile: folder for its files, which is made.

        Raises:
            PageError: it doesn't start.
        """
        profile.mkdir(parents=True, exist_ok=True)
        process = await asyncio.create_subprocess_exec(
            "node",
            str(HERE / "pages.mjs"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=_LONGEST_LINE,
            env={
                **os.environ,
                "CHROMIUM": find_program("chromium") or "chromium",
                "PROFILE": str(profile),
                # Whatever Chromium keeps elsewhere belongs to the lab, too.
                "HOME": str(profile),
            },
        )
        assert process.stdout  # noqa: S101
        with suppress(TimeoutError):
            async with asyncio.timeout(_START_SECONDS):
                if await process.stdout.readline():
                    return cls(process)
        with suppress(ProcessLookupError):
            process.kill()
        raise PageError("Chromium doesn't start: see the lab's log/calls.log")

    async def ask(self, act: str, user: str, seconds: float, **facts: Any) -> Any:
        """Have a user's page do something; its answer.

        Args:
            act: one of those in `pages.mjs`.
            user: whose page; `join` makes it.
            seconds: to wait for the answer.
            facts: what belongs to it.

        Raises:
            PageError: it failed, or took too long.
        """
        number = next(self._numbers)
        asked = self._asked[number] = asyncio.get_running_loop().create_future()
        line = json.dumps({"id": number, "act": act, "user": user, **facts}) + "\n"
        assert self._process.stdin  # noqa: S101
        try:
            async with asyncio.timeout(seconds):
                self._process.stdin.write(line.encode())
                return await asked
        except TimeoutError:
            raise PageError(f"{act}: no answer of the page within {seconds:g} s") from None
        finally:
            del self._asked[number]

    def listen(self, user: str, listener: Listener | None) -> None:
        """Who is told what a user's client says; nobody any more, without one."""
        if listener:
            self._listeners[user] = listener
        else:
            self._listeners.pop(user, None)

    async def stop(self) -> None:
        """Close all pages, and end."""
        assert self._process.stdin  # noqa: S101
        self._process.stdin.close()
        try:
            async with asyncio.timeout(_STOP_SECONDS):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
        self._reading.cancel()
        await asyncio.gather(self._reading, return_exceptions=True)

    async def _read(self) -> None:
        assert self._process.stdout  # noqa: S101
        while line := await self._process.stdout.readline():
            self._take(json.loads(line))
        self.ended.set()
        for asked in self._asked.values():
            if not asked.done():
                asked.set_exception(PageError("Chromium has ended"))

    def _take(self, message: Mapping[str, Any]) -> None:
        if listener := self._listeners.get(message.get("user", "")):
            listener(message)
        asked = self._asked.get(message.get("id", 0))
        if asked is None or asked.done():
            return
        if "error" in message:
            asked.set_exception(PageError(message["error"]))
        else:
            asked.set_result(message["answer"])
