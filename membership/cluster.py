"""What can be seen of the cluster: the REST API and the health of one node.

Every answer becomes a value. `Unknown` is one of them: never an empty list, never zero.
Source: page, "Scale Down" and "Check cluster and nodes health"; REST API reference of
OpenVidu 2.30.0, "Media Nodes".
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from openvidu import api, ports


@dataclass(frozen=True)
class Unknown:
    """Nothing can be said; `reason` tells why."""

    reason: str

    def __str__(self) -> str:
        return self.reason


@dataclass(frozen=True)
class Refused:
    """The API won't do it; trying again doesn't help.

    Attributes:
        status: HTTP status.
        reason: what that status means here.
    """

    status: int
    reason: str


@dataclass(frozen=True)
class MediaNode:
    """A media node of the cluster.

    Attributes:
        id: its id in the API, which isn't the node's id.
        ip: its private address.
        status: such as `running` or `waiting-idle-to-terminate`.
        sessions: ids of the sessions that it carries.
        load: CPU load, 0 to 100 (REST API reference, "The Media Node object"); None where the
            cluster doesn't say.
    """

    id: str
    ip: str
    status: str
    sessions: tuple[str, ...]
    load: float | None = None


@dataclass(frozen=True)
class Call:
    """A session.

    Attributes:
        id: its id.
        media_node: id of the media node that carries it.
        participants: how many connections it has.
        created: Unix seconds when it was made.
    """

    id: str
    media_node: str
    participants: int
    created: float


@dataclass(frozen=True)
class Answers:
    """A node's health endpoint answered with an HTTP status."""

    status: int

    def __str__(self) -> str:
        return f"it answers {self.status} on port {ports.REPLICATION_MANAGER}"


@dataclass(frozen=True)
class Silent:
    """Nothing listens: the machine refused the connection."""

    def __str__(self) -> str:
        return f"nothing listens on port {ports.REPLICATION_MANAGER}"


@dataclass(frozen=True)
class Unreachable:
    """No answer at all: the machine is off, or lost."""

    reason: str

    def __str__(self) -> str:
        return f"no way to port {ports.REPLICATION_MANAGER}: {self.reason}"


Health = Answers | Silent | Unreachable | Unknown


_NO_SUCH_ENDPOINT = (401, 403, 404)
"""A path that isn't there may want a login, as all others do."""


class _Unconnected(Unknown):
    """Nothing was asked: there was no connection."""


_AT_THE_BASE = (f"http://127.0.0.1:{ports.API}",)


class Cluster:
    """The cluster as the base or the bastion sees it."""

    def __init__(
        self,
        secret: str,
        *,
        timeout_seconds: float = 10,
        entrances: Callable[[], Sequence[str]] = lambda: _AT_THE_BASE,
    ) -> None:
        """Prepare for asking.

        Args:
            secret: OPENVIDU_SECRET.
            timeout_seconds: limit of each request.
            entrances: gives the addresses at which the REST API may answer, best first; that of
                the base's load balancer, or those of nodes, any of which answers for all.
        """
        self._auth = (api.USER, secret)
        self._entrances = entrances
        # A connection that was kept may be one to a load balancer or node that is gone.
        self._client = httpx.Client(
            timeout=timeout_seconds, limits=httpx.Limits(max_keepalive_connections=0)
        )

    def with_secret(self, secret: str) -> Cluster:
        """The same cluster, asked with another OPENVIDU_SECRET."""
        other = copy.copy(self)
        other._auth = (api.USER, secret)
        return other

    def is_served(self) -> bool:
        """Whether anything listens where the API may answer."""
        for entrance in self._entrances():
            try:
                self._client.get(f"{entrance}{api.HEALTH}")
            except httpx.ConnectError:
                continue
            except httpx.HTTPError:
                return True
            return True
        return False

    def restart(self, changed: Mapping[str, str]) -> Unknown | Refused | None:
        """Change the shared configuration, and restart every node with it.

        Source: page, "Configuration management".

        Returns:
            None when it was accepted.
        """
        answer = self._ask("POST", api.RESTART, dict(changed))
        if not isinstance(answer, httpx.Response):
            return answer
        match answer.status_code:
            case 200 | 204:
                return None
            case 400 | 404 | 405 | 501 as status:
                return Refused(status, "this deployment doesn't take the documented restart call")
            case status:
                return Unknown(f"POST {api.RESTART} answered {status}")

    def media_nodes(self) -> list[MediaNode] | Unknown | Refused:
        """The media nodes that the cluster lists, asked through the load balancer.

        Without `sessions=true` the list comes without sessions (REST API reference, "Media Nodes").
        """
        path = f"{api.MEDIA_NODES}?sessions=true"
        answer = self._ask("GET", path)
        if not isinstance(answer, httpx.Response):
            return answer
        if answer.status_code != httpx.codes.OK:
            return Unknown(f"GET {path} answered {answer.status_code}")
        try:
            return [_media_node(entry) for entry in answer.json()["content"]]
        except (ValueError, KeyError, TypeError):
            return Unknown(f"GET {path} answered something that isn't a list of media nodes")

    def calls(self) -> list[Call] | Unknown | Refused:
        """The sessions of the cluster (REST API reference, "Session")."""
        answer = self._ask("GET", api.SESSIONS)
        if not isinstance(answer, httpx.Response):
            return answer
        try:
            return [_call(entry) for entry in answer.json()["content"]]
        except (ValueError, KeyError, TypeError, AttributeError):
            return Unknown(
                f"GET {api.SESSIONS} answered {answer.status_code} without a list of sessions"
            )

    def stop_new_sessions(self, node: MediaNode) -> Unknown | Refused | None:
        """Put a media node into `waiting-idle-to-terminate`. Can't be taken back.

        Returns:
            None when the node is in that state now.
        """
        path = f"{api.MEDIA_NODES}/{node.id}"
        answer = self._ask("PATCH", path, {"status": api.WAITING_IDLE_TO_TERMINATE})
        if not isinstance(answer, httpx.Response):
            return answer
        match answer.status_code:
            case 200 | 204:
                return None
            case 404:
                return Unknown("the cluster no longer lists the node")
            case 400 | 405 | 501 as status:
                return Refused(status, "this deployment doesn't take the documented drain call")
            case status:
                return Unknown(f"PATCH {path} answered {status}")

    def is_up(self) -> bool | Unknown | Refused:
        """Whether the cluster's health, asked through the load balancer, is UP.

        Source: page, "Check cluster and nodes health": 200, and 409 or 503 otherwise.
        """
        answer = self._ask("GET", api.HEALTH)
        if not isinstance(answer, httpx.Response):
            return answer
        return answer.status_code == httpx.codes.OK

    def report(self) -> dict[str, Any] | Unknown | Refused:
        """The cluster's health in full (page, "Check cluster and nodes health")."""
        answer = self._ask("GET", api.HEALTH)
        if not isinstance(answer, httpx.Response):
            return answer
        try:
            told: dict[str, Any] = answer.json()
        except ValueError:
            return Unknown(f"GET {api.HEALTH} answered {answer.status_code} without JSON")
        return told

    def lists(self, ip: str) -> bool | Unknown | Refused:
        """Whether the cluster's health, asked at the node itself, lists the node as UP."""
        url = f"http://{ip}:{ports.REPLICATION_MANAGER}{api.HEALTH}"
        answer = self._request("GET", url)
        if not isinstance(answer, httpx.Response):
            return answer
        try:
            nodes = answer.json()["nodes"]
            return bool(nodes.get(api.node_id(ip), {}).get("status") == api.CLUSTER_UP)
        except (ValueError, KeyError, TypeError, AttributeError):
            return Unknown(f"GET {url} answered {answer.status_code} without a list of nodes")

    def health(self, ip: str) -> Health:
        """The node's own health, 200 when it's well; needs no login.

        Where its version has no such endpoint, what it answers at `/` says the same.
        """
        url = f"http://{ip}:{ports.REPLICATION_MANAGER}"
        try:
            status = self._client.get(f"{url}{api.NODE_HEALTH}").status_code
            if status in _NO_SUCH_ENDPOINT:
                root = self._client.get(f"{url}{api.NODE_ROOT}").status_code
                status = 200 if root in api.ROOT_STATUSES else status
            return Answers(status)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            if "refused" in str(error).lower():
                return Silent()
            return Unreachable(_in_words(error))
        except httpx.HTTPError as error:
            return Unknown(f"{_in_words(error)} on port {ports.REPLICATION_MANAGER}")

    def _ask(
        self, method: str, path: str, body: dict[str, Any] | None = None
    ) -> httpx.Response | Unknown | Refused:
        """Ask at the first entrance that can be connected to."""
        answer: httpx.Response | Unknown | Refused = Unknown("there is no node that could be asked")
        for entrance in self._entrances():
            answer = self._request(method, f"{entrance}{path}", body)
            if not isinstance(answer, _Unconnected):
                break
        return answer

    def _request(
        self, method: str, url: str, body: dict[str, Any] | None = None
    ) -> httpx.Response | Unknown | Refused:
        try:
            answer = self._client.request(method, url, json=body, auth=self._auth)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            return _Unconnected(f"{method} {url}: {_in_words(error)}")
        except httpx.HTTPError as error:
            return Unknown(f"{method} {url}: {_in_words(error)}")
        if answer.status_code in (401, 403):
            return Refused(answer.status_code, "the stack's OPENVIDU_SECRET isn't the cluster's")
        return answer


def _in_words(error: httpx.HTTPError) -> str:
    """Why there is no answer, without the names that Python has for it."""
    said = re.sub(r"^\[Errno -?\d+\] ", "", str(error))
    match error:
        case httpx.ConnectTimeout():
            return "the connection isn't taken in time"
        case httpx.ConnectError():
            return said or "there is no connection"
        case httpx.TimeoutException():
            return "no answer in time"
    return f"the connection ends without an answer ({said})" if said else "no answer"


def _media_node(entry: dict[str, Any]) -> MediaNode:
    sessions = entry.get("sessions") or []
    ids = tuple(
        str(session["sessionId"] if isinstance(session, dict) else session) for session in sessions
    )
    load = entry.get("load")
    return MediaNode(
        str(entry["id"]),
        str(entry["ip"]),
        str(entry["status"]),
        ids,
        None if load is None else float(load),
    )


def _call(entry: dict[str, Any]) -> Call:
    return Call(
        id=str(entry["id"]),
        media_node=str(entry.get("mediaNodeId") or ""),
        participants=int(entry["connections"]["numberOfElements"]),
        created=float(entry["createdAt"]) / 1000,
    )
