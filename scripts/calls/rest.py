"""The cluster's REST API through the load balancer: sessions, and invitations to them.

Source: REST reference, "Session", "Connection" and "Media Node".
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import httpx

from openvidu import api

_TRANSIENT = (502, 503, 504)
"""The load balancer has nobody to pass on to, or the node can't just now."""


class Stage(StrEnum):
    """How far a call got."""

    API = "REST API"
    SOCKET = "WebSocket"
    JOIN = "joinRoom"
    MEDIA = "media"


class RefusedError(Exception):
    """A call could not be opened.

    Attributes:
        status: the HTTP status, or OpenVidu's code; 0 where there was no answer.
        stage: how far it got.
        transient: whether another try may do better.
    """

    def __init__(self, status: int, reason: str, stage: Stage = Stage.API) -> None:
        super().__init__(reason)
        self.status = status
        self.stage = stage
        self.transient = status == 0 or status in _TRANSIENT


@dataclass(frozen=True)
class MediaNode:
    """A media node, as the cluster lists it.

    Attributes:
        id: by which sessions name it.
        ip: its private address.
        status: such as `running`.
        connected: whether OpenVidu has a connection to its media server.
    """

    id: str
    ip: str
    status: str
    connected: bool = True


def how_to_end(url: str, session: str) -> str:
    """The command that ends a session; it asks for the secret, which no process list has then."""
    return f"curl --user {api.USER} --request DELETE {url}{api.SESSIONS}/{session}"


class Api:
    """The cluster's REST API, as an application server behind the internet uses it.

    Attributes:
        asked: how many requests there were.
    """

    def __init__(self, url: str, secret: str, tls: ssl.SSLContext, answer_seconds: float) -> None:
        """Choose the cluster; nothing is asked.

        Args:
            url: the cluster's public one, without a path.
            secret: OPENVIDU_SECRET.
            tls: whom to trust there.
            answer_seconds: for an answer.
        """
        self.url = url
        self.tls = tls
        self.asked = 0
        self._nodes: dict[str, str] = {}
        self._http = httpx.AsyncClient(
            base_url=url,
            auth=(api.USER, secret),
            verify=tls,
            timeout=answer_seconds,
            trust_env=False,
            # Each call comes from somebody else: no connection is used twice.
            limits=httpx.Limits(max_keepalive_connections=0),
        )

    async def open_session(self, name: str = "", media_node: str = "") -> str:
        """A new session: its id.

        Args:
            name: the id that it is to have; OpenVidu chooses one where it is empty.
            media_node: the id of the media node that is to host it, likewise. Source:
                openvidu-node-client 2.30.0, `SessionProperties.mediaNode`.

        Raises:
            RefusedError: there is none to be had.
        """
        body: dict[str, object] = {"customSessionId": name} if name else {}
        if media_node:
            body["mediaNode"] = {"id": media_node}
        return str((await self._ask("POST", api.SESSIONS, body))["id"])

    async def invite(self, session: str) -> str:
        """A token for one more user of a session.

        Raises:
            RefusedError: the session is gone, or nobody answers.
        """
        made = await self._ask("POST", f"{api.SESSIONS}/{session}/connection", {})
        return str(made["token"])

    async def end_session(self, session: str) -> None:
        """End a session that nobody may join any more: it would hold up its node's drain.

        Raises:
            RefusedError: it may still be there.
        """
        try:
            await self._ask("DELETE", f"{api.SESSIONS}/{session}")
        except RefusedError as error:
            if error.status != 404:
                raise

    async def media_nodes(self) -> list[MediaNode]:
        """All that the cluster lists.

        Raises:
            RefusedError: it can't be asked.
        """
        listed = await self._ask("GET", api.MEDIA_NODES)
        return [
            MediaNode(one["id"], one["ip"], one["status"], one.get("connected", True))
            for one in listed["content"]
        ]

    async def address_of(self, session: str) -> str:
        """The address of the node with a session that was joined; empty where nobody can tell."""
        media_node = ""
        with suppress(RefusedError):
            found = await self._ask("GET", f"{api.SESSIONS}/{session}")
            media_node = str(found.get("mediaNodeId") or "")
        if media_node and media_node not in self._nodes:
            with suppress(RefusedError):
                self._nodes |= {node.id: node.ip for node in await self.media_nodes()}
        return self._nodes.get(media_node, "")

    async def close(self) -> None:
        """Use no more."""
        await self._http.aclose()

    async def _ask(
        self, method: str, path: str, body: Mapping[str, object] | None = None
    ) -> dict[str, Any]:
        asked = f"{method} {path}"
        self.asked += 1
        try:
            answer = await self._http.request(method, path, json=body)
        except httpx.HTTPError as error:
            raise RefusedError(0, f"{asked}: {str(error) or type(error).__name__}") from error
        if answer.status_code == 204:
            return {}
        if answer.status_code != 200:
            raise RefusedError(answer.status_code, f"{asked}: {_said(answer)}")
        try:
            found: dict[str, Any] = answer.json()
        except ValueError as error:
            raise RefusedError(0, f"{asked}: no JSON is answered: is it a proxy?") from error
        return found


def _said(answer: httpx.Response) -> str:
    """Status and, where it is OpenVidu that answers, its message; nginx's page says no more."""
    status = f"{answer.status_code} {answer.reason_phrase}"
    try:
        body = answer.json()
    except ValueError:
        return status
    told = body.get("message") or body.get("error") if isinstance(body, dict) else None
    return f"{status}: {told}" if told else status
