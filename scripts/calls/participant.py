"""One participant of a call: joins with an invitation, and asks for things over their socket."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from typing import Any, Self

from openvidu.signalling import NO_MEDIA_NODE
from scripts.calls.rest import RefusedError, Stage
from scripts.calls.socket import BrokenError, Socket


class Participant:
    """One participant, who has joined.

    Attributes:
        media_server: `mediasoup` or `kurento`.
        turn: the TURN server that they were told of: `url`, `username`, `credential`; empty where
            they were told of none.
        nodes_turn: likewise the node's own, which users aren't told of where `turnServer` is set.
    """

    platform = "openvidu-enterprise check-call"
    """What OpenVidu is told that it talks to."""

    def __init__(
        self,
        url: str,
        tls: ssl.SSLContext,
        answer_seconds: float,
        socket: Socket,
        joined: dict[str, Any],
    ) -> None:
        """Take over a socket.

        Args:
            url: of the socket.
            tls: whom to trust there.
            answer_seconds: for an answer.
            socket: it's open.
            joined: the answer to `joinRoom`.
        """
        self._url, self._tls = url, tls
        self._answer_seconds = answer_seconds
        self._socket = socket
        self._rpc_session = str(joined["sessionId"])
        self.media_server = str(joined.get("mediaServer") or "")
        servers = joined.get("customIceServers") or [{}]
        self.turn: dict[str, str] = servers[0]
        self.nodes_turn = {
            "url": f"turn:{joined.get('coturnIp')}:{joined.get('coturnPort')}",
            "username": str(joined.get("turnUsername") or ""),
            "credential": str(joined.get("turnCredential") or ""),
        }

    @classmethod
    async def join(
        cls, url: str, tls: ssl.SSLContext, answer_seconds: float, session: str, invitation: str
    ) -> Self:
        """Join a session.

        Args:
            url: where the cluster takes WebSockets, without a path.
            tls: whom to trust there.
            answer_seconds: for an answer.
            session: its id.
            invitation: the token, as the API gave it.

        Raises:
            RefusedError: it can't be joined.
        """
        url = f"{url}/openvidu?sessionId={session}"
        socket = await Socket.open(url, tls, answer_seconds)
        try:
            answer = await socket.ask(
                "joinRoom",
                answer_seconds,
                session=session,
                token=invitation,
                platform=cls.platform,
                metadata="",
                secret="",
            )
        except BrokenError as error:
            socket.give_up()
            raise RefusedError(0, f"joinRoom: {error}", Stage.JOIN) from error
        if "result" not in answer:
            socket.give_up()
            refused = answer.get("error", {})
            # Its text may repeat the invitation.
            said = _said(refused).replace(invitation, "…")
            # The server has no media node just now: another try may do better.
            status = 503 if refused.get("code") == NO_MEDIA_NODE else refused.get("code", 0)
            raise RefusedError(status, f"joinRoom: {said}", Stage.JOIN)
        joined = answer["result"]
        socket.watch_for_eviction(joined["id"])
        return cls(url, tls, answer_seconds, socket, joined)

    async def ask(self, method: str, **params: Any) -> dict[str, Any]:
        """Ask for something while the call is being opened; the result.

        Raises:
            RefusedError: it isn't to be had.
        """
        try:
            answer = await self._socket.ask(method, self._answer_seconds, **params)
        except BrokenError as error:
            raise RefusedError(0, f"{method}: {error}", Stage.MEDIA) from error
        if "result" not in answer:
            refused = answer.get("error", {})
            raise RefusedError(refused.get("code", 0), f"{method}: {_said(refused)}", Stage.MEDIA)
        result: dict[str, Any] = answer["result"]
        return result

    async def drop(self) -> None:
        """Close the socket, in whatever state it is."""
        await self._socket.close()


def _said(refused: Mapping[str, Any]) -> str:
    """Why the server refuses, in its words."""
    return str(refused.get("message") or refused)
