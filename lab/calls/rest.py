"""The cluster's REST API through the load balancer: sessions, and invitations to them.

Source: REST reference, "Session" and "Connection".
"""

from __future__ import annotations

import ssl
from contextlib import suppress
from typing import Any

import httpx

from lab.calls.plan import Door, Way
from openvidu import api

_TRANSIENT = (502, 503, 504)
"""The load balancer has nobody to pass on to, or the node can't just now."""


class RefusedError(Exception):
    """A call could not be opened.

    Attributes:
        status: the HTTP status; 0 where there was no answer.
        transient: whether another try may do better.
    """

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.transient = status == 0 or status in _TRANSIENT


class NoSoundError(RefusedError):
    """A call was opened, and its users don't hear each other: another try does no better.

    Attributes:
        node_ip: address of the node that carries it; empty where that can't be told.
        way: how their sound goes.
    """

    def __init__(self, node_ip: str, way: Way, reason: str) -> None:
        super().__init__(0, reason)
        self.node_ip = node_ip
        self.way = way
        self.transient = False


class Api:
    """The cluster's REST API, as an application server behind the internet uses it."""

    def __init__(self, door: Door, answer_seconds: float) -> None:
        """Choose the cluster; nothing is asked.

        Args:
            door: where it takes calls.
            answer_seconds: for an answer.
        """
        self.door = door
        self.tls = _trust(door)
        self._nodes: dict[str, str] = {}
        self._http = httpx.AsyncClient(
            base_url=door.url,
            auth=(api.USER, door.secret),
            verify=self.tls,
            timeout=answer_seconds,
            trust_env=False,
            # Each call comes from somebody else: no connection is used twice.
            limits=httpx.Limits(max_keepalive_connections=0),
        )

    async def open_session(self) -> str:
        """A new session: its id.

        Raises:
            RefusedError: there is none to be had.
        """
        return str((await self._ask("POST", api.SESSIONS))["id"])

    async def invite(self, session: str) -> str:
        """A token for one more user of a session.

        Raises:
            RefusedError: the session is gone, or nobody answers.
        """
        made = await self._ask("POST", f"{api.SESSIONS}/{session}/connection")
        return str(made["token"])

    async def end_session(self, session: str) -> None:
        """End a session that nobody may join any more: it would hold up its node's drain."""
        with suppress(RefusedError):
            await self._ask("DELETE", f"{api.SESSIONS}/{session}")

    async def address_of(self, session: str) -> str:
        """The address of the node with a session that was joined; empty where nobody can tell."""
        media_node = ""
        with suppress(RefusedError):
            found = await self._ask("GET", f"{api.SESSIONS}/{session}")
            media_node = str(found.get("mediaNodeId") or "")
        if media_node and media_node not in self._nodes:
            with suppress(RefusedError):
                listed = await self._ask("GET", api.MEDIA_NODES)
                self._nodes |= {node["id"]: node["ip"] for node in listed["content"]}
        return self._nodes.get(media_node, "")

    async def close(self) -> None:
        """Use no more."""
        await self._http.aclose()

    async def _ask(self, method: str, path: str) -> dict[str, Any]:
        asked = f"{method} {path}"
        try:
            answer = await self._http.request(method, path, json={} if method == "POST" else None)
        except httpx.HTTPError as error:
            raise RefusedError(0, f"{asked}: {error or type(error).__name__}") from error
        if answer.status_code == 204:
            return {}
        if answer.status_code != 200:
            raise RefusedError(answer.status_code, f"{asked}: {_said(answer)}")
        try:
            found: dict[str, Any] = answer.json()
        except ValueError as error:
            raise RefusedError(0, f"{asked}: the answer is no JSON") from error
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


def _trust(door: Door) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=door.authority)
    if door.authority is None:
        # Self-signed, as on the page: users accept it in their browser.
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
