"""What can be seen of the cluster: the REST API and the health of one node.

Every answer becomes a value. `Unknown` is one of them: never an empty list, never zero.
Source: page, "Scale Down" and "Check cluster and nodes health"; REST API reference of
OpenVidu 2.30.0, "Media Nodes".
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from typing import Any, TypeVar
from urllib.parse import quote

import httpx

from membership import answers
from membership.answers import (
    LOGIN_STATUSES,
    Answers,
    Call,
    Health,
    MediaNode,
    Refused,
    Silent,
    Unconnected,
    Unknown,
    Unreachable,
)
from membership.requests import RequestError, request
from openvidu import api, ports

_NO_SUCH_ENDPOINT = (*LOGIN_STATUSES, 404)
"""A path that isn't there may want a login, as all others do."""


_Item = TypeVar("_Item")


_AT_THE_BASE = ((f"http://127.0.0.1:{ports.API}",),)


class Cluster:
    """The cluster as the base or the bastion sees it."""

    def __init__(
        self,
        secret: str,
        *,
        timeout_seconds: float = 10,
        entrances: Callable[[], Iterable[Sequence[str]]] = lambda: _AT_THE_BASE,
        nodes: Callable[[], Iterable[str]] = tuple,
        earlier: Callable[[], Iterable[str]] = tuple,
    ) -> None:
        """Prepare for asking.

        Args:
            secret: OPENVIDU_SECRET.
            timeout_seconds: limit of each request as a whole.
            entrances: gives the addresses at which the REST API may answer, best first; that of
                the base's load balancer, or those of nodes, any of which answers for all. Those of
                a group are read at once: many that give no answer would outlast each limit.
            nodes: gives the addresses of nodes, asked themselves where an entrance doesn't take the
                secret: it leads to any of them, and one that leaves while the secret changes keeps
                the one that it was started with.
            earlier: gives secrets that such a node may have; others pass on to it what is asked
                of it, with the login.
        """
        self._auth = (api.USER, secret)
        self._entrances = entrances
        self._nodes = nodes
        self._earlier = earlier
        self._seconds = timeout_seconds

    def with_secret(self, secret: str) -> Cluster:
        """The same cluster, asked with another OPENVIDU_SECRET."""
        other = copy.copy(self)
        other._auth = (api.USER, secret)
        return other

    def is_served(self) -> bool:
        """Whether anything may listen where the API answers; no way there doesn't say that."""
        for entrance in chain.from_iterable(self._entrances()):
            try:
                request("GET", f"{entrance}{api.HEALTH}", seconds=self._seconds)
            except RequestError as error:
                if error.is_refused:
                    continue
            return True
        return False

    def asked_first_at(self, ip: str) -> Cluster:
        """The same cluster, asked at a node that answers for all, and else where it was asked."""
        return self._asked(lambda: chain([(entrance(ip),)], self._entrances()))

    def asked_last_at(self, ips: Iterable[str]) -> Cluster:
        """The same cluster, asked at these nodes where there's no way to it else."""
        nodes = tuple(entrance(ip) for ip in ips)
        return self._asked(lambda: chain(self._entrances(), [nodes]))

    def _asked(self, entrances: Callable[[], Iterable[Sequence[str]]]) -> Cluster:
        other = copy.copy(self)
        other._entrances = entrances
        return other

    def restart(self, changed: Mapping[str, object]) -> Unknown | Refused | None:
        """Change the shared configuration, and restart every node with it.

        Source: page, "Configuration management"; REST API reference, "POST /openvidu/api/restart".

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
        return self._read(f"{api.MEDIA_NODES}?sessions=true", answers.media_nodes)

    def calls(self) -> list[Call] | Unknown | Refused:
        """The sessions of the cluster (REST API reference, "Session")."""
        return self._read(api.SESSIONS, answers.calls)

    def calls_at(self, ip: str) -> list[Call] | Unknown | Refused:
        """The sessions of a node's own server, which knows them without the cluster's Redis.

        Source: page, "OpenVidu Enterprise Nodes ports configuration": OpenVidu Server's port.
        """
        url = f"http://{ip}:{ports.API}{api.SESSIONS}"
        refused: Refused | None = None
        for cluster in self._with_each_secret():
            found = _parsed(f"GET {url}", cluster._request("GET", url), answers.calls)
            if not isinstance(found, Refused):
                return found
            refused = refused or found
        assert refused  # noqa: S101 - there is a secret
        return refused

    def stop_new_sessions(self, node: MediaNode) -> Unknown | Refused | None:
        """Put a media node into `waiting-idle-to-terminate`. Can't be taken back.

        Returns:
            None when the node is in that state now.
        """
        path = f"{api.MEDIA_NODES}/{quote(node.id, safe='')}"
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
        told = answers.health(_json(answer))
        if isinstance(told, Unknown):
            return Unknown(f"GET {api.HEALTH} answered {answer.status_code} and {told}")
        return told

    def lists(self, ip: str) -> bool | Unknown | Refused:
        """Whether the cluster's health, asked at the node itself, lists the node as UP."""
        url = f"http://{ip}:{ports.REPLICATION_MANAGER}{api.HEALTH}"
        answer = self._request("GET", url)
        if not isinstance(answer, httpx.Response):
            return answer
        listed = answers.is_listed_up(_json(answer), ip)
        if isinstance(listed, Unknown):
            return Unknown(f"GET {url} answered {answer.status_code} and {listed}")
        return listed

    def health(self, ip: str) -> Health:
        """The node's own health, 200 when it's well; needs no login.

        Where its version has no such endpoint, what it answers at `/` says the same.
        """
        url = f"http://{ip}:{ports.REPLICATION_MANAGER}"
        try:
            status = request("GET", f"{url}{api.NODE_HEALTH}", seconds=self._seconds).status_code
            if status in _NO_SUCH_ENDPOINT:
                root = request("GET", f"{url}{api.NODE_ROOT}", seconds=self._seconds).status_code
                status = 200 if root in api.ROOT_STATUSES else status
            return Answers(status)
        except RequestError as error:
            if error.is_refused:
                return Silent()
            if error.is_unconnected:
                return Unreachable(str(error))
            return Unknown(f"{error} on port {ports.REPLICATION_MANAGER}")

    def _read(
        self, path: str, parse: Callable[[Any], list[_Item] | Unknown]
    ) -> list[_Item] | Unknown | Refused:
        """Ask for a list."""
        return _parsed(f"GET {path}", self._ask("GET", path), parse)

    def _ask(
        self, method: str, path: str, body: dict[str, Any] | None = None
    ) -> httpx.Response | Unknown | Refused:
        """Ask at the first entrance that answers, and takes the secret.

        One that was connected to and gave no answer may have done what it was asked for; so the
        next is asked only for what may be done twice. One that refuses the secret has done nothing.
        """
        failed: list[Unknown] = []
        refused: list[Refused] = []
        for answer in chain.from_iterable(
            cluster._answers(method, [f"{one}{path}" for one in group], body)
            for cluster, group in self._groups(refused)
        ):
            if isinstance(answer, httpx.Response):
                return answer
            if isinstance(answer, Refused):
                refused.append(answer)
                continue
            failed.append(answer)
            if method == "POST" and not isinstance(answer, Unconnected):
                return answer
        if refused:
            return refused[0]
        connected = [one for one in failed if not isinstance(one, Unconnected)]
        return next(iter((*connected, *failed)), Unknown("there is no node that could be asked"))

    def _groups(self, refused: Sequence[Refused]) -> Iterator[tuple[Cluster, Sequence[str]]]:
        """Entrances, best first; then nodes, with each secret, where one has refused it."""
        for group in self._entrances():
            yield self, group
        if refused:
            nodes = [entrance(ip) for ip in self._nodes()]
            for cluster in self._with_each_secret():
                yield cluster, nodes

    def _with_each_secret(self) -> Iterator[Cluster]:
        """This one, and then as it was with earlier secrets."""
        yield self
        for secret in self._earlier():
            yield self.with_secret(secret)

    def _answers(
        self, method: str, urls: Sequence[str], body: dict[str, Any] | None
    ) -> Iterable[httpx.Response | Unknown | Refused]:
        if method != "GET" or len(urls) <= 1:
            return (self._request(method, url, body) for url in urls)
        pool = ThreadPoolExecutor(len(urls))
        answers = pool.map(lambda url: self._request(method, url), urls)
        # Who is still asked needn't be waited for, once a better one has answered.
        pool.shutdown(wait=False)
        return answers

    def _request(
        self, method: str, url: str, body: dict[str, Any] | None = None
    ) -> httpx.Response | Unknown | Refused:
        try:
            answer = request(method, url, seconds=self._seconds, body=body, login=self._auth)
        except RequestError as error:
            kind = Unconnected if error.is_unconnected else Unknown
            return kind(f"{method} {url}: {error}")
        if answer.status_code in LOGIN_STATUSES:
            return Refused(answer.status_code, "the stack's OPENVIDU_SECRET isn't the cluster's")
        return answer


def entrance(ip: str) -> str:
    """Where a node answers for the cluster."""
    return f"http://{ip}:{ports.REPLICATION_MANAGER}"


def _parsed(
    asked: str,
    answer: httpx.Response | Unknown | Refused,
    parse: Callable[[Any], list[_Item] | Unknown],
) -> list[_Item] | Unknown | Refused:
    """The list that an answer holds."""
    if not isinstance(answer, httpx.Response):
        return answer
    if answer.status_code != httpx.codes.OK:
        return Unknown(f"{asked} answered {answer.status_code}")
    found = parse(_json(answer))
    return Unknown(f"{asked} answered {found}") if isinstance(found, Unknown) else found


def _json(answer: httpx.Response) -> Any:
    """What an answer holds; None where it's no JSON."""
    try:
        return answer.json()
    except (ValueError, RecursionError):
        return None
