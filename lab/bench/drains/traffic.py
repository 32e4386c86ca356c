"""Requests from outside, all the time: `python -m lab.bench.drains.traffic URL AUTHORITY`.

Runs until its standard input ends; then it prints, as JSON, how many requests it made, and what
those got that failed. Each request has a connection of its own, as if from another user; nothing
is tried again.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import sys
from collections import Counter

import httpx

CLIENTS = 20
PAUSE_SECONDS = 0.15
"""Between two requests of one client."""
_ANSWER_SECONDS = 10.0


class Traffic:
    """Clients that ask for one page again and again."""

    def __init__(self, url: str, http: httpx.AsyncClient) -> None:
        """Choose the page; nothing is asked."""
        self._url = url
        self._http = http
        self.requests = 0
        self.failed = Counter[str]()

    async def ask_until(self, over: asyncio.Event, pause: float) -> None:
        """Be one client."""
        while not over.is_set():
            await self._ask()
            await asyncio.sleep(pause)

    async def _ask(self) -> None:
        try:
            answer = await self._http.get(self._url)
        except httpx.HTTPError as error:
            self.failed[type(error).__name__] += 1
        else:
            if answer.status_code != httpx.codes.OK:
                self.failed[str(answer.status_code)] += 1
        self.requests += 1


async def _run(url: str, authority: str) -> Traffic:
    over = asyncio.Event()
    asyncio.get_running_loop().add_reader(sys.stdin.fileno(), over.set)
    http = httpx.AsyncClient(
        verify=ssl.create_default_context(cafile=authority),
        timeout=_ANSWER_SECONDS,
        trust_env=False,
        limits=httpx.Limits(max_keepalive_connections=0),
    )
    async with http, asyncio.TaskGroup() as clients:
        traffic = Traffic(url, http)
        for number in range(CLIENTS):
            clients.create_task(_late(traffic, over, number))
    return traffic


async def _late(traffic: Traffic, over: asyncio.Event, number: int) -> None:
    """One client; not all ask at the same moment."""
    await asyncio.sleep(PAUSE_SECONDS * number / CLIENTS)
    await traffic.ask_until(over, PAUSE_SECONDS)


if __name__ == "__main__":
    done = asyncio.run(_run(sys.argv[1], sys.argv[2]))
    sys.stdout.write(json.dumps({"requests": done.requests, "failed": dict(done.failed)}))
