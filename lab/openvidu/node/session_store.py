"""The sessions of one node, as OpenVidu Server keeps them: pure, with time passed in.

Source: REST reference, the answers of each method; webhook reference for the events; what
OpenVidu Server 2.30.0 tells the clients of a session.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from itertools import chain, count
from urllib.parse import urlsplit

from lab.openvidu.node import bodies
from lab.openvidu.node.bodies import RefusedError
from lab.openvidu.node.objects import (
    Connection,
    Event,
    Json,
    Recording,
    Session,
    Stream,
    identifier,
)


@dataclass(frozen=True)
class Notice:
    """What a client is told without having asked.

    Attributes:
        to: its connection.
    """

    to: str
    method: str
    params: Mapping[str, object]


class SessionStore:
    """All sessions of this node, and what came of what was done to them.

    Attributes:
        sessions: by id.
        events: webhook events since they were last taken.
        notices: to clients, since they were last taken.
        started: recordings whose files are to be made.
        finished: recordings that stopped and are to be uploaded.
    """

    def __init__(
        self,
        public_host: str,
        *,
        recording_enabled: bool,
        codec: str = bodies.CODECS[0],
        transcoding: bool = False,
    ) -> None:
        self._public_host = public_host
        self._codec, self._transcoding = codec, transcoding
        self.recording_enabled = recording_enabled
        self.sessions: dict[str, Session] = {}
        self.events: list[Event] = []
        self.notices: list[Notice] = []
        self.started: list[Recording] = []
        self.finished: list[Recording] = []

    @property
    def idle(self) -> bool:
        """Whether no session, and so no recording, is left. An upload doesn't count."""
        return not self.sessions

    def create(self, body: Mapping[str, object], now: int) -> Session:
        """Make a session.

        Raises:
            RefusedError: 400 for a bad body, 409 where its `customSessionId` is in use.
        """
        properties = bodies.session_properties(body, self._codec, self._transcoding)
        name = str(properties["customSessionId"]) or identifier("ses", 10)
        if name in self.sessions:
            raise RefusedError(409)
        session = Session(name, now, properties)
        self.sessions[name] = session
        self.happened("sessionCreated", session, now)
        return session

    def session(self, session_id: str, status: int = 404) -> Session:
        """The session of that id.

        Raises:
            RefusedError: with `status`, where there is none.
        """
        try:
            return self.sessions[session_id]
        except KeyError as error:
            raise RefusedError(status) from error

    def connection(self, session_id: str, connection_id: str, status: int = 400) -> Connection:
        """The connection of that id.

        Raises:
            RefusedError: with `status` without the session, 404 without the connection.
        """
        try:
            return self.session(session_id, status).connections[connection_id]
        except KeyError as error:
            raise RefusedError(404) from error

    def invite(self, session_id: str, body: Mapping[str, object], now: int) -> Connection:
        """Make a connection: one that waits for its user, or an IP camera's, which is there.

        Raises:
            RefusedError: 404 without the session, 400 for a bad body.
        """
        session = self.session(session_id)
        properties = bodies.connection_properties(body)
        if properties["type"] == "IPCAM":
            return self._add_camera(session, properties, now)
        word = identifier("tok", 16)
        token = f"wss://{self._public_host}?sessionId={session_id}&token={word}"
        connection = Connection(identifier("con", 10), session_id, token, now, properties)
        session.connections[connection.id] = connection
        return connection

    def _add_camera(self, session: Session, properties: Json, now: int) -> Connection:
        uri = str(properties["rtspUri"])
        place = urlsplit(uri)
        word = identifier("x", 4)[2:].upper()
        rest = f"IPCAM_{place.scheme}_{word}_{place.netloc}{place.path}"
        named = "ipc_" + rest.translate(str.maketrans("/.:", "___", "-"))
        media: Json = {"hasAudio": True, "audioActive": True, "hasVideo": True}
        media |= {"videoActive": True, "typeOfVideo": "IPCAM", "frameRate": None}
        media |= {"videoDimensions": None, "filter": {}}
        connection = Connection(named, session.id, None, now, properties)
        connection.client_data = None
        connection.stream = Stream(f"str_IPC_{word}_{named}", now, media, uri)
        session.connections[named] = connection
        self._let_in(session, connection, place.hostname or "", "IPCAM", now)
        return connection

    def update(self, session_id: str, connection_id: str, body: Mapping[str, object]) -> Connection:
        """Change what a connection may do, and tell its user.

        Raises:
            RefusedError: 404 without the session or the connection, 400 for a bad body.
        """
        connection = self.connection(session_id, connection_id, 404)
        for name, value in bodies.changed_properties(body).items():
            if connection.properties[name] != value:
                connection.properties[name] = value
                shown = str(value).lower() if isinstance(value, bool) else value
                self.tell([connection], "connectionPropertyChanged", property=name, newValue=shown)
        return connection

    def join(
        self, session_id: str, token: str, ip: str, now: int, *, platform: str = "", data: str = ""
    ) -> Connection:
        """A user uses a token.

        Raises:
            RefusedError: 404 without the session, 401 where the token is unknown or used.
        """
        session = self.session(session_id)
        waiting = (c for c in session.connections.values() if c.token == token)
        connection = next((c for c in waiting if not c.active_since), None)
        if connection is None:
            raise RefusedError(401)
        connection.client_data = data
        self._let_in(session, connection, ip, platform, now)
        return connection

    def _let_in(
        self, session: Session, connection: Connection, ip: str, platform: str, now: int
    ) -> None:
        connection.ip, connection.platform, connection.active_since = ip, platform, now
        session.joined = True
        self.happened("participantJoined", session, now, **connection.event())
        self.tell(
            self.others(connection),
            "participantJoined",
            id=connection.id,
            createdAt=now,
            metadata=connection.metadata,
        )
        always = session.properties["recordingMode"] == "ALWAYS"
        properties = session.properties["defaultRecordingProperties"]
        if always and self.recording_enabled and not session.recording:
            self.record(session, properties if isinstance(properties, dict) else {}, now)

    def leave(self, connection: Connection, reason: str, now: int, *, evict: bool = False) -> None:
        """A user is gone; with the last one the session ends. Fine where it is gone already.

        Args:
            connection: whose.
            reason: one of the documented ones.
            now: in milliseconds.
            evict: whether it was not the user who wanted it, and all are told.
        """
        session = self.sessions.get(connection.session_id)
        if session is None or connection.id not in session.connections:
            return
        self._remove(session, connection, reason, now, evict=evict)
        if not session.active and connection.active_since:
            self.end(session.id, "lastParticipantLeft", now)

    def _remove(
        self, session: Session, connection: Connection, reason: str, now: int, *, evict: bool
    ) -> None:
        if connection.active_since:
            self._end_streams(session, connection, reason, now)
        del session.connections[connection.id]
        if not connection.active_since:
            return
        told = {"connectionId": connection.id, "reason": reason}
        self.tell(session.active, "participantLeft", **told)
        if evict:
            self.tell([*session.active, connection], "participantEvicted", **told)
        started = connection.active_since
        self.happened(
            "participantLeft",
            session,
            now,
            startTime=started,
            duration=(now - started) // 1000,
            reason=reason,
            **connection.event(),
        )

    def _end_streams(self, session: Session, connection: Connection, reason: str, now: int) -> None:
        """End what a user received and published, without a word to the clients."""
        for stream_id in list(connection.received):
            self.end_receiving(connection, stream_id, reason, now)
        if connection.stream:
            self.end_stream(session, connection, reason, now)

    def end_stream(self, session: Session, connection: Connection, reason: str, now: int) -> None:
        """End what a user publishes, and with it what others receive of it."""
        stream, connection.stream = connection.stream, None
        if stream is None:
            return
        self._medium_ended(session, connection, stream, stream.created, reason, now)
        for other in session.active:
            started = other.received.pop(stream.id, None)
            if started is not None:
                self._medium_ended(session, other, stream, started, reason, now, connection.id)

    def end_receiving(self, connection: Connection, stream_id: str, reason: str, now: int) -> None:
        """End that a user receives a stream."""
        session = self.sessions[connection.session_id]
        started = connection.received.pop(stream_id)
        for owner in session.active:
            if owner.stream and owner.stream.id == stream_id:
                self._medium_ended(
                    session, connection, owner.stream, started, reason, now, owner.id
                )

    def _medium_ended(
        self,
        session: Session,
        connection: Connection,
        stream: Stream,
        started: int,
        reason: str,
        now: int,
        received_from: str = "",
    ) -> None:
        self.medium(
            "webrtcConnectionDestroyed",
            session,
            connection,
            stream,
            now,
            received_from,
            startTime=started,
            duration=(now - started) // 1000,
            reason=reason,
        )

    def medium(
        self,
        event: str,
        session: Session,
        connection: Connection,
        stream: Stream,
        now: int,
        received_from: str = "",
        **more: object,
    ) -> None:
        """A user's WebRTC connection for a stream has begun or ended.

        Args:
            event: the webhook event.
            session: in which.
            connection: whose.
            stream: the user's own, or the one that is received.
            now: in milliseconds.
            received_from: the owner of a stream that is received.
            more: goes into the event.
        """
        way: Json = {"connection": "OUTBOUND"}
        if received_from:
            way = {"connection": "INBOUND", "receivingFrom": received_from}
        who = {"streamId": stream.id, "participantId": connection.id}
        self.happened(
            event, session, now, **more, **who, connectionId=connection.id, **way, **stream.event()
        )

    def revoke(self, session_id: str, connection_id: str, now: int) -> None:
        """Take a connection away from its user, or withdraw an invitation.

        Raises:
            RefusedError: 400 without the session, 404 without the connection.
        """
        connection = self.connection(session_id, connection_id)
        self.leave(connection, "forceDisconnectByServer", now, evict=True)

    def end(self, session_id: str, reason: str, now: int) -> None:
        """End a session for everybody.

        Raises:
            RefusedError: 404 without the session.
        """
        session = self.session(session_id)
        for connection in list(session.connections.values()):
            self._remove(session, connection, reason, now, evict=True)
        del self.sessions[session_id]
        if session.recording:
            self.stop_recording(session, reason, now)
        lasted = {"startTime": session.created, "duration": (now - session.created) // 1000}
        self.happened("sessionDestroyed", session, now, **lasted, reason=reason)

    def collect(self, older_than: int, now: int) -> list[str]:
        """Forget the sessions that nobody joined, made before `older_than`; their ids."""
        stale = [s.id for s in self.sessions.values() if not s.active and s.created < older_than]
        for session_id in stale:
            del self.sessions[session_id]
        return stale

    def signal(self, body: Mapping[str, object], now: int, sender: Connection | None) -> None:
        """Send a signal: by a user, or by the server.

        Raises:
            RefusedError: 400 for a bad body, 404 without the session, 406 where nobody is there
                or somebody is named who isn't.
        """
        to = bodies.take(body, "to", list, [])
        kind, data = bodies.take(body, "type", str, ""), bodies.take(body, "data", str, "")
        session = self.session(sender.session_id if sender else bodies.session_id(body))
        there = {connection.id: connection for connection in session.active}
        if not there or any(name not in there for name in to):
            raise RefusedError(406, "to names somebody who is not in the session")
        receivers = [there[name] for name in to] if to else list(there.values())
        said: Json = {name: body[name] for name in ("data", "type") if body.get(name) is not None}
        if kind and sender is None:
            said["type"] = f"signal:{kind.removeprefix('signal:')}"
        self.tell(receivers, "sendMessage", **said, **({"from": sender.id} if sender else {}))
        self.happened(
            "signalSent",
            session,
            now,
            **{"from": sender.id if sender else None},
            to=[receiver.id for receiver in receivers],
            type=kind.removeprefix("signal:"),
            data=data,
        )

    def record(
        self, session: Session, properties: Json, now: int, stored: Collection[str] = ()
    ) -> Recording:
        """Start a recording of a session that has none; none of the `stored` has its id."""
        numbered = (f"{session.id}~{number}" for number in count(1))
        name = next(name for name in chain([session.id], numbered) if name not in stored)
        made = Recording(name, session.id, session.created, properties, now)
        session.recording = made
        self.started.append(made)
        self.events.append(made.event(now))
        self._tell_of_recording(session, "recordingStarted", id=made.id, name=made.name)
        return made

    def stop_recording(self, session: Session, reason: str, now: int) -> Recording:
        """Stop the recording of a session that has one."""
        recording, session.recording = session.recording, None
        if recording is None:
            raise RefusedError(404)
        recording.status = "stopped"
        recording.duration = (now - recording.created) / 1000
        recording.reason = reason
        self.finished.append(recording)
        self.events.append(recording.event(now))
        told = {"id": recording.id, "name": recording.name, "reason": reason}
        self._tell_of_recording(session, "recordingStopped", **told)
        return recording

    def _tell_of_recording(self, session: Session, method: str, **params: object) -> None:
        """Tell those who may know. Source: OPENVIDU_RECORDING_NOTIFICATION's default."""
        users = [one for one in session.active if one.role in ("PUBLISHER", "MODERATOR")]
        self.tell(users, method, **params)

    def others(self, connection: Connection) -> list[Connection]:
        """Who else is in a user's session."""
        session = self.sessions[connection.session_id]
        return [other for other in session.active if other is not connection]

    def recorded(self) -> list[tuple[str, Recording]]:
        """The streams that are being recorded, each with its recording."""
        return [
            (user.stream.id, session.recording)
            for session in self.sessions.values()
            if session.recording
            for user in session.active
            if user.stream
        ]

    def receivers(self) -> dict[str, set[str]]:
        """Who may receive each stream that there is."""
        return {
            user.stream.id: {other.id for other in session.active}
            for session in self.sessions.values()
            for user in session.active
            if user.stream
        }

    def tell(self, users: Iterable[Connection], method: str, **params: object) -> None:
        """Tell users something."""
        self.notices += [Notice(user.id, method, params) for user in users]

    def happened(self, event: str, session: Session, now: int, **facts: object) -> None:
        """Something that webhooks tell of."""
        self.events.append({"event": event, **session.event(), "timestamp": now, **facts})
