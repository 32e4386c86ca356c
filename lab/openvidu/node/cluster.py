"""What the cluster knows, in Redis: written by each replication manager, read by all.

A node is in the set `replicationmanager:nodes`; its state in `...:node:<ip>` lives for a few
seconds and is renewed by a heartbeat, so that a node that crashed is missed. Its sessions are
in `...:sessions:<ip>`, the cluster's recordings in `...:recordings`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from lab.openvidu.node.objects import without_pending
from lab.openvidu.node.redis_link import RedisLink, Reply
from openvidu.api import CLUSTER_UP, node_id

STATE_SECONDS = 6
HEARTBEAT_SECONDS = 2.0
_PREFIX = "replicationmanager"
_NODES = f"{_PREFIX}:nodes"
_RECORDINGS = f"{_PREFIX}:recordings"

Json = dict[str, object]


@dataclass(frozen=True)
class Member:
    """One node as the cluster sees it.

    Attributes:
        ip: its private address.
        media_node: its media node object; `None` where its heartbeat is missing.
        sessions: its session objects by id.
    """

    ip: str
    media_node: Json | None
    sessions: Mapping[str, Json]

    @property
    def status(self) -> str:
        """The media node's status; empty where the heartbeat is missing."""
        return str(self.media_node["status"]) if self.media_node else ""

    @property
    def health(self) -> str:
        """`UP` or `DOWN`."""
        up = self.media_node is not None and self.media_node["connected"]
        return CLUSTER_UP if up else "DOWN"

    def describe(self, query: Mapping[str, str]) -> Json:
        """The media node object.

        `sessions`, `recordingIds` and `broadcasts` are in it only where the query has
        `sessions=true` or `recordings=true` (REST reference, "The Media Node object").
        """
        found = dict(self.media_node or {})
        if query.get("sessions") == "true":
            found["sessions"] = [without_pending(one) for one in self.sessions.values()]
        if query.get("recordings") == "true":
            found |= {
                "recordingIds": [k for k, v in self.sessions.items() if v["recording"]],
                "broadcasts": [k for k, v in self.sessions.items() if v["broadcasting"]],
            }
        return found


class Cluster:
    """The cluster's state in Redis."""

    def __init__(self, link: RedisLink, ip: str) -> None:
        self._link = link
        self._ip = ip

    async def join(self, media_node: Json, sessions: Mapping[str, Json]) -> bool:
        """Register this node with all its sessions; `True` where it was not registered."""
        key = _sessions(self._ip)
        commands: list[tuple[str, ...]] = [("SADD", _NODES, self._ip), ("DEL", key)]
        commands += [("HSET", key, name, json.dumps(value)) for name, value in sessions.items()]
        replies = await self._link.pipeline([*commands, self._beat(media_node)])
        return replies[0] == 1

    async def beat(self, media_node: Json) -> bool:
        """Renew this node's state; `True` where the cluster had lost it."""
        replies = await self._link.pipeline([("SADD", _NODES, self._ip), self._beat(media_node)])
        return replies[0] == 1

    async def store(
        self, media_node: Json, sessions: Mapping[str, Json | None], recordings: Mapping[str, Json]
    ) -> None:
        """Write what changed; `None` for a session that ended."""
        commands = [self._beat(media_node)]
        for name, value in sessions.items():
            if value is None:
                commands.append(("HDEL", _sessions(self._ip), name))
            else:
                commands.append(("HSET", _sessions(self._ip), name, json.dumps(value)))
        commands += [("HSET", _RECORDINGS, k, json.dumps(v)) for k, v in recordings.items()]
        await self._link.pipeline(commands)

    async def leave(self, ip: str = "") -> Member | None:
        """Take a node out; what was known of it, or `None` where another was quicker."""
        ip = ip or self._ip
        known = (await self._members([ip]))[0]
        replies = await self._link.pipeline(
            [("SREM", _NODES, ip), ("DEL", _state(ip)), ("DEL", _sessions(ip))]
        )
        return known if replies[0] == 1 else None

    async def members(self) -> list[Member]:
        """All registered nodes, in the order of their addresses."""
        ips = _texts(await self._link.call("SMEMBERS", _NODES))
        return await self._members(sorted(ips, key=_by_address))

    async def recordings(self) -> dict[str, Json]:
        """All recordings by id."""
        return _hash(await self._link.call("HGETALL", _RECORDINGS))

    async def forget_recording(self, recording_id: str) -> None:
        """Take a recording out of the list."""
        await self._link.call("HDEL", _RECORDINGS, recording_id)

    async def check(self) -> None:
        """Whether Redis can be reached with this password.

        Raises:
            RedisError: it can't.
        """
        await self._link.call("PING")

    def _beat(self, media_node: Json) -> tuple[str, ...]:
        return ("SET", _state(self._ip), json.dumps(media_node), "EX", str(STATE_SECONDS))

    async def _members(self, ips: list[str]) -> list[Member]:
        if not ips:
            return []
        commands = [("GET", _state(ip)) for ip in ips]
        commands += [("HGETALL", _sessions(ip)) for ip in ips]
        replies = await self._link.pipeline(commands)
        states, sessions = replies[: len(ips)], replies[len(ips) :]
        return [
            Member(ip, json.loads(state) if isinstance(state, bytes) else None, _hash(found))
            for ip, state, found in zip(ips, states, sessions, strict=True)
        ]


def health(members: list[Member]) -> tuple[int, Json]:
    """Status and body of GET /openvidu/api/health, for the nodes that are registered."""
    up = sum(member.health == CLUSTER_UP for member in members)
    if up and up == len(members):
        status, word = 200, CLUSTER_UP
    elif up:
        status, word = 409, "UNSTABLE"
    else:
        status, word = 503, "DOWN"
    nodes: Json = {}
    for member in members:
        lost = [] if member.health == CLUSTER_UP else [str((member.media_node or {}).get("id", ""))]
        nodes[node_id(member.ip)] = {
            "status": member.health,
            "id": node_id(member.ip),
            "uri": f"http://{member.ip}:5443",
            "disconnectedMediaNodes": [name for name in lost if name],
        }
    return status, {"clusterStatus": word, "nodes": nodes}


def _state(ip: str) -> str:
    return f"{_PREFIX}:node:{ip}"


def _sessions(ip: str) -> str:
    return f"{_PREFIX}:sessions:{ip}"


def _by_address(ip: str) -> tuple[int, ...]:
    return tuple(int(part) for part in ip.split("."))


def _texts(reply: Reply) -> list[str]:
    return [item.decode() for item in cast("list[bytes]", reply or [])]


def _hash(reply: Reply) -> dict[str, Json]:
    texts = _texts(reply)
    return {key: json.loads(value) for key, value in zip(texts[::2], texts[1::2], strict=True)}
