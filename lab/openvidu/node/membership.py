"""This node's membership of the cluster: joining, heartbeat, leaving, missing the others.

OpenVidu Server tells the replication manager what changed (`Report`); this writes it to Redis
and sends the webhooks. Source: page, "Node Management"; webhook reference, HANodeRegistered,
HANodeDeregistered, mediaNodeStatusChanged and nodeCrashed.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast

from lab.openvidu.node.cluster import HEARTBEAT_SECONDS, Cluster, Json, Member
from lab.openvidu.node.redis_link import RedisError
from lab.openvidu.node.statuses import TERMINATED
from lab.openvidu.node.webhooks import Courier
from lab.openvidu.web.server import log
from openvidu.api import node_id

_STALE_SECONDS = 3 * HEARTBEAT_SECONDS


@dataclass(frozen=True)
class Report:
    """What OpenVidu Server reports.

    Attributes:
        media_node: its media node object.
        complete: whether `sessions` are all there are, as after its start.
        sessions: what changed, by id; `None` where a session ended.
        recordings: recordings that changed, by id.
        events: webhook events that happened.
    """

    media_node: Json
    complete: bool = False
    sessions: dict[str, Json | None] = field(default_factory=dict)
    recordings: dict[str, Json] = field(default_factory=dict)
    events: list[Json] = field(default_factory=list)

    @classmethod
    def parse(cls, raw: object) -> Report:
        """Read a report from JSON.

        Raises:
            TypeError: it is not a report.
        """
        if not isinstance(raw, dict):
            raise TypeError("a report is an object")
        return cls(**cast("dict[str, Json]", raw))  # type: ignore[arg-type]


class Membership:
    """Keeps the cluster's picture of this node right."""

    def __init__(self, ip: str, cluster: Cluster, courier: Courier, banner: str) -> None:
        self._ip = ip
        self._cluster = cluster
        self._courier = courier
        self._banner = banner
        self._media_node: Json | None = None
        self._heard = 0.0
        self._leaving: list[Callable[[], None]] = []
        self._left = False
        # A heartbeat on its way to Redis while the node leaves would register it anew.
        self._writing = asyncio.Lock()

    @property
    def server_is_up(self) -> bool:
        """Whether OpenVidu Server of this node has been heard of lately."""
        return self._media_node is not None and time.monotonic() - self._heard < _STALE_SECONDS

    @property
    def status(self) -> str:
        """The media node's status; empty before the first report."""
        return str(self._media_node["status"]) if self._media_node else ""

    def on_leaving(self, call: Callable[[], None]) -> None:
        """Have `call` called when the node leaves for good."""
        self._leaving.append(call)

    async def take(self, report: Report) -> None:
        """Write a report to Redis, and send its events.

        Raises:
            RedisError: the cluster's state can't be written.
        """
        async with self._writing:
            await self._take(report)

    async def _take(self, report: Report) -> None:
        self._heard = time.monotonic()
        before, self._media_node = self._media_node, report.media_node
        if report.media_node["status"] == TERMINATED:
            await self._leave_cluster()
        if self._left:
            self._courier.send(report.events)
            return
        if before is None or report.complete:
            sessions = {key: value for key, value in report.sessions.items() if value}
            joined = await self._cluster.join(report.media_node, sessions)
            if before is None or joined:
                self._announce()
            if report.recordings:
                await self._cluster.store(report.media_node, {}, report.recordings)
        elif report.sessions or report.recordings:
            await self._cluster.store(report.media_node, report.sessions, report.recordings)
        else:
            await self._cluster.beat(report.media_node)
        self._courier.send(report.events)

    async def leave(self) -> None:
        """Deregister this node, if it is registered."""
        try:
            async with self._writing:
                await self._leave_cluster()
        except RedisError as error:
            log(f"the node could not be deregistered: {error}")

    async def _leave_cluster(self) -> None:
        known = await self._cluster.leave()
        self._left = True
        for call in self._leaving:
            call()
        if known:
            log(f"node {node_id(self._ip)} deregistered")
            self._courier.send([self._own_event("HANodeDeregistered")])

    async def watch(self) -> None:
        """Miss the nodes whose heartbeat stopped, for as long as this node is a member."""
        while True:
            await asyncio.sleep(HEARTBEAT_SECONDS)
            try:
                missing = [m for m in await self._cluster.members() if m.media_node is None]
                for member in missing:
                    if member.ip != self._ip and await self._cluster.leave(member.ip):
                        self._mourn(member)
            except RedisError as error:
                log(f"the cluster's state can't be read: {error}")

    def _announce(self) -> None:
        log(f"node {node_id(self._ip)} registered")
        log(self._banner)
        self._courier.send([self._own_event("HANodeRegistered")])

    def _mourn(self, member: Member) -> None:
        now = int(time.time() * 1000)
        ended = list(member.sessions)
        log(f"node {node_id(member.ip)} crashed with {len(ended)} sessions")
        crashed: Json = {
            "event": "nodeCrashed",
            "timestamp": now,
            "id": node_id(member.ip),
            "environmentId": node_id(member.ip),
            "ip": member.ip,
            "uri": f"http://{member.ip}:5443",
            "nodeRole": "masternode",
            "sessionIds": ended,
            "recordingIds": [key for key, value in member.sessions.items() if value["recording"]],
            "broadcasts": [],
        }
        destroyed: list[Json] = [
            {
                "event": "sessionDestroyed",
                "timestamp": now,
                "sessionId": session_id,
                "startTime": session["createdAt"],
                "reason": "nodeCrashed",
            }
            for session_id, session in member.sessions.items()
        ]
        self._courier.send([crashed, *destroyed])

    def _own_event(self, event: str) -> Json:
        now = int(time.time() * 1000)
        return {"timestamp": now, "event": event, "nodeId": node_id(self._ip), "ip": self._ip}
