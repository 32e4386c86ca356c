"""The sessions of one node, as OpenVidu Server keeps them: pure, with time passed in.

Source: REST reference, "The Session object", "The Connection object", "The Recording object"
and the answers of each method; webhook reference for the events.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping

from lab.openvidu.node.objects import Connection, Event, Recording, Session

_SESSION_ID = re.compile(r"[A-Za-z0-9_-]+")


class RefusedError(Exception):
    """A request that the REST reference answers with an error.

    Attributes:
        status: the HTTP status.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Book:
    """All sessions of this node, and the events that came of what was done to them.

    Attributes:
        sessions: by id.
        events: since they were last taken.
        started: recordings whose files are to be made.
        finished: recordings that stopped and are to be uploaded.
    """

    def __init__(self, public_host: str, *, recording_enabled: bool) -> None:
        self._public_host = public_host
        self._recording_enabled = recording_enabled
        self.sessions: dict[str, Session] = {}
        self.events: list[Event] = []
        self.started: list[Recording] = []
        self.finished: list[Recording] = []

    @property
    def idle(self) -> bool:
        """Whether no session, and so no recording, is left. An upload doesn't count."""
        return not self.sessions

    def create(self, properties: Mapping[str, object], now: int) -> Session:
        """Make a session.

        Raises:
            RefusedError: 400 for a bad `customSessionId`, 409 where it is in use.
        """
        wanted = properties.get("customSessionId") or f"ses_{secrets.token_hex(5)}"
        if not isinstance(wanted, str) or not _SESSION_ID.fullmatch(wanted):
            raise RefusedError(400, "customSessionId takes 0-9, a-z, A-Z, - and _ only")
        if wanted in self.sessions:
            raise RefusedError(409, f"session {wanted} exists")
        session = Session(wanted, now, properties)
        self.sessions[wanted] = session
        self._happened("sessionCreated", now, sessionId=wanted)
        return session

    def session(self, session_id: str) -> Session:
        """The session of that id.

        Raises:
            RefusedError: 404 where there is none.
        """
        try:
            return self.sessions[session_id]
        except KeyError as error:
            raise RefusedError(404, f"no session {session_id}") from error

    def invite(self, session_id: str, data: str, now: int) -> Connection:
        """Make a connection that waits for its user.

        Raises:
            RefusedError: 404 without the session.
        """
        session = self.session(session_id)
        token = f"wss://{self._public_host}?sessionId={session_id}&token=tok_{secrets.token_hex(8)}"
        connection = Connection(f"con_{secrets.token_hex(5)}", session_id, token, now, data=data)
        session.connections[connection.id] = connection
        return connection

    def join(self, session_id: str, token: str, ip: str, now: int) -> Connection:
        """A user connects: with the token of an invitation, or without one as a guest.

        Raises:
            RefusedError: 404 without the session, 401 where the token is unknown or used.
        """
        session = self.session(session_id)
        if token:
            waiting = (c for c in session.connections.values() if c.token.endswith(f"={token}"))
            found = next((c for c in waiting if not c.active_since), None)
            if found is None:
                raise RefusedError(401, "the token is not valid, or used already")
            connection = found
        else:
            connection = self.invite(session_id, "", now)
        connection.active_since, connection.ip = now, ip
        self._happened(
            "participantJoined", now, sessionId=session_id, connectionId=connection.id, ip=ip
        )
        always = session.properties.get("recordingMode") == "ALWAYS"
        if always and self._recording_enabled and session.recording is None:
            self.record(session_id, "", now)
        return connection

    def leave(self, connection: Connection, reason: str, now: int) -> None:
        """A user is gone; with the last one the session ends. Fine where it is gone already."""
        session = self.sessions.get(connection.session_id)
        if session is None or session.connections.pop(connection.id, None) is None:
            return
        self._left(connection, reason, now)
        if not session.active and connection.active_since:
            self.end(session.id, "lastParticipantLeft", now)

    def revoke(self, session_id: str, connection_id: str, now: int) -> Connection:
        """Take a connection away from its user.

        Raises:
            RefusedError: 404 without the session or the connection.
        """
        connection = self.session(session_id).connections.get(connection_id)
        if connection is None:
            raise RefusedError(404, f"no connection {connection_id}")
        self.leave(connection, "forceDisconnectByServer", now)
        return connection

    def end(self, session_id: str, reason: str, now: int) -> Session:
        """End a session for everybody.

        Raises:
            RefusedError: 404 without the session.
        """
        session = self.session(session_id)
        del self.sessions[session_id]
        for connection in session.active:
            self._left(connection, "sessionClosedByServer", now)
        if session.recording:
            self._stop(session, reason, now)
        self._happened(
            "sessionDestroyed",
            now,
            sessionId=session_id,
            startTime=session.created,
            duration=(now - session.created) // 1000,
            reason=reason,
        )
        return session

    def collect(self, older_than: int, now: int) -> list[str]:
        """End the sessions that nobody joined, made before `older_than`; their ids."""
        stale = [s.id for s in self.sessions.values() if not s.active and s.created < older_than]
        for session_id in stale:
            self.end(session_id, "automaticStop", now)
        return stale

    def record(self, session_id: str, name: str, now: int) -> Recording:
        """Start a recording.

        Raises:
            RefusedError: 501 where recording is disabled, 404 without the session, 406 without
                users, 409 where it is being recorded.
        """
        if not self._recording_enabled:
            raise RefusedError(501, "OPENVIDU_RECORDING is false")
        session = self.session(session_id)
        if session.recording:
            raise RefusedError(409, f"session {session_id} is being recorded")
        if not session.active:
            raise RefusedError(406, f"session {session_id} has no connected participants")
        session.recording = Recording(session_id, session_id, name or session_id, now)
        self.started.append(session.recording)
        self.events.append(session.recording.event(now))
        return session.recording

    def stop_recording(self, recording_id: str, now: int) -> Recording:
        """Stop a recording.

        Raises:
            RefusedError: 404 without it.
        """
        for session in self.sessions.values():
            if session.recording and session.recording.id == recording_id:
                return self._stop(session, "recordingStoppedByServer", now)
        raise RefusedError(404, f"no recording {recording_id} in progress")

    def _stop(self, session: Session, reason: str, now: int) -> Recording:
        recording = session.recording
        if recording is None:
            raise RefusedError(404, f"session {session.id} is not being recorded")
        session.recording = None
        recording.status = "stopped"
        recording.duration = (now - recording.created) / 1000
        self.finished.append(recording)
        recording.reason = reason
        self.events.append(recording.event(now))
        return recording

    def _left(self, connection: Connection, reason: str, now: int) -> None:
        if connection.active_since:
            self._happened(
                "participantLeft",
                now,
                sessionId=connection.session_id,
                connectionId=connection.id,
                startTime=connection.active_since,
                duration=(now - connection.active_since) // 1000,
                reason=reason,
            )

    def _happened(self, event: str, now: int, **facts: object) -> None:
        self.events.append({"event": event, "timestamp": now, **facts})
