"""OpenVidu Server's state and its life: sessions, media node status, reports, the end.

Every change is made in one place, `change`, which tells the clients, starts uploads, reports to
the replication manager, and lets the node go when it waits to terminate and nothing is left.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from enum import Enum, auto
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from lab.openvidu import faults
from lab.openvidu.docker.host import HostFile
from lab.openvidu.node import sdp, statuses
from lab.openvidu.node.administration import stop_this_node
from lab.openvidu.node.cluster import HEARTBEAT_SECONDS, Json
from lab.openvidu.node.gateway import REPORT_PATH
from lab.openvidu.node.membership import Report
from lab.openvidu.node.objects import Recording, Session
from lab.openvidu.node.recordings import Uploader
from lab.openvidu.node.server_config import ServerConfig
from lab.openvidu.node.session_store import Notice, SessionStore
from lab.openvidu.web.client import UnreachableError, request
from lab.openvidu.web.server import log
from openvidu import ports
from openvidu.api import RUNNING, WAITING_IDLE_TO_TERMINATE

if TYPE_CHECKING:
    from lab.openvidu.node.media import Media

_MANAGER_RETRY_SECONDS = 0.2
_LAST_ANSWER_SECONDS = 0.2
Result = TypeVar("Result")


def now() -> int:
    """UTC in milliseconds, as OpenVidu tells time."""
    return int(time.time() * 1000)


class Heard(Enum):
    """What became of a report to the replication manager."""

    WRITTEN = auto()
    """It is in Redis."""
    NOT_WRITTEN = auto()
    """The replication manager has it, and Redis doesn't."""
    NOT_AT_ALL = auto()
    """The replication manager doesn't answer."""


class ServerState:
    """The node's sessions and status.

    All sessions are reported when the replication manager is new, and changes from then on. So a
    Redis that was restarted knows the node again after a heartbeat, and its sessions only as they
    change: the base's Redis has no volume, and loses what the cluster knows.
    """

    def __init__(self, values: Mapping[str, str], uploader: Uploader) -> None:
        self._ip = values.get("MULTI_MASTER_NODE_ID", "127.0.0.1")
        self._install = Path(values.get("DOTENV_PATH", "."))
        self._uploader = uploader
        self._environment_id = f"node_{secrets.token_hex(6)}"
        self._launched = now()
        self._reported = asyncio.Lock()
        self._complete = False
        self._known: dict[str, Json] = {}
        self._deliver: Callable[[Sequence[Notice]], None] = lambda _: None
        self._leaving: asyncio.Task[None] | None = None
        self.media: Media | None = None
        self.config = ServerConfig(values, Path.cwd())
        self.status = RUNNING
        self.store = SessionStore(
            self.config.host,
            recording_enabled=self.config.on("OPENVIDU_RECORDING"),
            codec=self.config.text("OPENVIDU_STREAMS_FORCED_VIDEO_CODEC"),
            transcoding=self.config.on("OPENVIDU_STREAMS_ALLOW_TRANSCODING"),
        )

    @property
    def media_node_id(self) -> str:
        """The media node's id, new at each start, and not the node's id."""
        return f"media_{self._environment_id}"

    def media_node(self) -> Json:
        """The media node object, without its sessions."""
        connected = faults.look("media-disconnected") is None
        return {
            "id": self.media_node_id,
            "object": "mediaNode",
            "environmentId": self._environment_id,
            "ip": self._ip,
            "uri": f"ws://{self._ip}:8888/kurento",
            "launchingTime": self._launched,
            "connected": connected,
            "connectionTime": self._launched,
            "load": min(100.0, round(0.5 * len(self.store.sessions), 2)),
            "status": self.status,
        }

    @property
    def life(self) -> int:
        """Tells a client that comes back whether the server is the one that it knew."""
        return self._launched

    def starts(self) -> Json:
        """When the server started; each restart is a new process, which began with none."""
        times = {"startTime": self._launched, "lastRestartTime": self._launched}
        return {**times, "restartCounter": 0}

    async def has_media_node(self, session: Session) -> bool:
        """Whether a media server is there for who wants to join."""
        return faults.look("media-disconnected") is None

    def media_node_of(self, session: Session) -> str:
        """The id of the media node that a session is on once somebody has joined."""
        return self.media_node_id

    async def media_for(self, offer: str) -> Media | None:
        """What passes on the media of a client; None where its offer names no way for them.

        It is loaded for the first of them: most nodes never need it.
        """
        if sdp.Peer.of(offer) is None:
            return None
        if self.media is None:
            loaded = await asyncio.to_thread(import_module, "lab.openvidu.node.media")
            facts = HostFile.read()
            addresses = (facts.private_ip, facts.public_ip) if facts else ("127.0.0.1",)
            # Another client may have brought some meanwhile.
            self.media = self.media or loaded.Media(*addresses)
        return self.media

    def on_notices(self, deliver: Callable[[Sequence[Notice]], None]) -> None:
        """Have what clients are told handed to `deliver`."""
        self._deliver = deliver

    async def change(self, act: Callable[[SessionStore], Result]) -> Result:
        """Carry out `act` on the book, and report what came of it before returning."""
        result = act(self.store)
        await self.settle()
        return result

    async def set_status(self, body: object) -> int:
        """Carry out the drain call; the status to answer with."""
        answer, after = statuses.change(self.status, body)
        if answer == 200:
            self._move_to(after)
            await self.settle()
        return answer

    async def collect(self, threshold: float) -> None:
        """End sessions that nobody joined within `threshold` seconds."""
        older_than = now() - int(threshold * 1000)
        await self.change(lambda store: store.collect(older_than, now()))

    async def settle(self) -> None:
        """Do what follows from the present state: tell, upload, report, terminate."""
        notices, self.store.notices = self.store.notices, []
        self._deliver(notices)
        if self.media:
            self.media.keep(self.store.receivers())
            self.media.tape(
                {name: self._uploader.tape(one, name) for name, one in self.store.recorded()}
            )
        started, self.store.started = self.store.started, []
        for recording in started:
            self._uploader.begin(recording)
        finished, self.store.finished = self.store.finished, []
        for recording in finished:
            if self._uploader.keep(recording, self.config.host):
                self.store.events.append(recording.event(now()))
            else:
                self._uploader.upload(recording, self._uploaded, self.config.host)
        await self._report()
        if self.status == WAITING_IDLE_TO_TERMINATE and self.store.idle and not self._leaving:
            self._leaving = asyncio.create_task(self._terminate())

    async def keep_reporting(self) -> None:
        """Report at every heartbeat."""
        while True:
            await self._report(beat=True)
            await asyncio.sleep(HEARTBEAT_SECONDS)

    async def close(self) -> None:
        """End all sessions, because the process ends."""
        for session_id in list(self.store.sessions):
            self.store.end(session_id, "openviduServerStopped", now())
        self._deliver(self.store.notices)
        await self._report()

    async def _terminate(self) -> None:
        """Leave the cluster, and then stop every process of the node.

        The node is released before its recordings are uploaded, as in the open code; the
        processes end when the uploads have, unless the fault `slow-upload` says otherwise.
        """
        await asyncio.sleep(_LAST_ANSWER_SECONDS)
        self._move_to(statuses.TERMINATED)
        log("no sessions left: the node terminates")
        while not await self._report():
            await asyncio.sleep(_MANAGER_RETRY_SECONDS)
        await self._uploader.finish()
        stop_this_node(self._install)

    async def _uploaded(self, recording: Recording) -> None:
        self.store.events.append(recording.event(now()))
        await self._report()

    def _move_to(self, status: str) -> None:
        old, self.status = self.status, status
        self.store.events.append(
            {
                "event": "mediaNodeStatusChanged",
                "timestamp": now(),
                "id": self.media_node_id,
                "environmentId": self._environment_id,
                "ip": self._ip,
                "uri": f"ws://{self._ip}:8888/kurento",
                "oldStatus": old,
                "newStatus": status,
            }
        )
        log(f"media node {self.media_node_id}: {old} -> {status}")

    async def _report(self, *, beat: bool = False) -> bool:
        """Tell the replication manager what changed; whether it heard."""
        async with self._reported:
            present = {
                key: session.describe(self.media_node_of(session), pending=True)
                for key, session in self.store.sessions.items()
            }
            changed: dict[str, Json | None] = {
                key: value for key, value in present.items() if self._known.get(key) != value
            }
            changed |= {key: None for key in self._known if key not in present}
            events, self.store.events = self.store.events, []
            report = Report(
                self.media_node(),
                not self._complete,
                changed if self._complete else dict(present),
                self._uploader.take_changes(),
                events,
            )
            heard = await self._send(report)
            if heard is not Heard.WRITTEN:
                self.store.events = events + self.store.events
                self._uploader.give_back(report.recordings)
                # Where only Redis was away, what it lost stays lost: see the class.
                self._complete = self._complete and heard is Heard.NOT_WRITTEN
                return False
            self._complete, self._known = True, present
            return True

    async def _send(self, report: Report) -> Heard:
        url = f"http://127.0.0.1:{ports.REPLICATION_MANAGER}{REPORT_PATH}"
        try:
            answer = await request(
                "POST",
                f"{url}?OPENVIDU_SECRET={self.config.secret}",
                body=json.dumps(asdict(report)).encode(),
            )
        except UnreachableError:
            return Heard.NOT_AT_ALL
        return Heard.WRITTEN if answer.status == 204 else Heard.NOT_WRITTEN
