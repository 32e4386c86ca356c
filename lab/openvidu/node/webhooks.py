"""Webhooks: events that are sent to the application.

Source: page, "Enable Webhook Events"; webhook reference of OpenVidu 2.30.0.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lab.openvidu.node.configuration import DEFAULT_EVENTS
from lab.openvidu.web.client import UnreachableError, request
from lab.openvidu.web.server import log
from openvidu import environment

_SECONDS = 5.0


@dataclass(frozen=True)
class Webhooks:
    """Where events go, and which.

    Attributes:
        endpoint: empty where webhooks are off.
        headers: sent with each event.
        events: names of the events to send.
    """

    endpoint: str
    headers: Mapping[str, str]
    events: frozenset[str]

    @classmethod
    def parse(cls, values: Mapping[str, str]) -> Webhooks:
        """Read the OPENVIDU_WEBHOOK family of an `.env`."""
        on = values.get("OPENVIDU_WEBHOOK", "false").lower() == "true"
        headers = environment.items(values.get("OPENVIDU_WEBHOOK_HEADERS", ""))
        return cls(
            endpoint=values.get("OPENVIDU_WEBHOOK_ENDPOINT", "") if on else "",
            headers={n.strip(): v.strip() for n, _, v in (h.partition(":") for h in headers)},
            events=frozenset(
                environment.items(values.get("OPENVIDU_WEBHOOK_EVENTS") or DEFAULT_EVENTS)
            ),
        )

    async def send(self, events: Sequence[Mapping[str, object]]) -> None:
        """Send events one after the other; one that can't be delivered is lost, and logged."""
        for event in events if self.endpoint else ():
            if event["event"] not in self.events:
                continue
            headers = {"Content-Type": "application/json", **self.headers}
            body = json.dumps(event).encode()
            try:
                await request("POST", self.endpoint, headers=headers, body=body, seconds=_SECONDS)
            except UnreachableError as error:
                log(f"webhook {event['event']} was not delivered: {error}")


class Courier:
    """Sends events in the background, in the order in which they happened."""

    def __init__(self, webhooks: Webhooks) -> None:
        self._webhooks = webhooks
        self._queue: asyncio.Queue[Mapping[str, object]] = asyncio.Queue()
        self._task = asyncio.create_task(self._deliver())

    def send(self, events: Sequence[Mapping[str, object]]) -> None:
        """Put events in the queue."""
        for event in events if self._webhooks.endpoint else ():
            self._queue.put_nowait(event)

    async def finish(self, seconds: float) -> None:
        """Wait until all is delivered, at most `seconds`."""
        try:
            async with asyncio.timeout(seconds):
                await self._queue.join()
        except TimeoutError:
            log(f"{self._queue.qsize()} webhook events were not delivered in time")

    async def _deliver(self) -> None:
        while True:
            event = await self._queue.get()
            try:
                await self._webhooks.send([event])
            finally:
                self._queue.task_done()
