"""What the cluster's REST API says, as values. Pure.

An answer that isn't understood is `Unknown`, with what was wrong: never an empty list, never zero.
Source: REST API reference of OpenVidu 2.30.0, "Media Nodes" and "Session"; page, "Check cluster and
nodes health".
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from openvidu import api, ports

LOGIN_STATUSES = (401, 403)
"""HTTP statuses of an answer to who isn't let in."""

MOST_ID_CHARACTERS = 255
"""Of a media node's id, which becomes a part of a URL."""

LAST_SECOND = 253402300799
"""Unix seconds of the last moment that has a date: in the year 9999."""

_Parsed = TypeVar("_Parsed")


@dataclass(frozen=True)
class Unknown:
    """Nothing can be said; `reason` tells why."""

    reason: str

    def __str__(self) -> str:
        return self.reason


class Unconnected(Unknown):
    """Nothing was asked: there was no connection."""


@dataclass(frozen=True)
class Refused:
    """The API won't do it; trying again doesn't help.

    Attributes:
        status: HTTP status.
        reason: what that status means here.
    """

    status: int
    reason: str

    @property
    def is_of_login(self) -> bool:
        """Whether it's the login that isn't taken, and not the request."""
        return self.status in LOGIN_STATUSES


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

    def as_json(self) -> dict[str, Any]:
        """What operators ask of it: its `id`, `participants`, and `created` in Unix seconds."""
        return {"id": self.id, "participants": self.participants, "created": self.created}


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
    """No answer at all: the machine is off or lost, or the network between is."""

    reason: str

    def __str__(self) -> str:
        return f"no way to port {ports.REPLICATION_MANAGER}: {self.reason}"


Health = Answers | Silent | Unreachable | Unknown


class _MisfitError(Exception):
    """Not what the reference documents."""


def media_nodes(found: Any) -> list[MediaNode] | Unknown:
    """The list of media nodes, from JSON of any form."""
    return _parsed(found, _media_node, "a list of media nodes")


def calls(found: Any) -> list[Call] | Unknown:
    """The list of sessions, from JSON of any form."""
    return _parsed(found, _call, "a list of sessions")


def is_listed_up(found: Any, ip: str) -> bool | Unknown:
    """Whether the cluster's health, from JSON of any form, lists the node at an address as UP."""
    try:
        nodes = _of(dict, _of(dict, found, "the answer").get("nodes"), "nodes")
        own = nodes.get(api.node_id(ip))
        return own is not None and _of(dict, own, "a node").get("status") == api.CLUSTER_UP
    except _MisfitError as error:
        return Unknown(f"no list of nodes: {error}")


def health(found: Any) -> dict[str, Any] | Unknown:
    """What is documented of the cluster's health, or a single master's, from JSON of any form."""
    try:
        answer = _of(dict, found, "the answer")
        if "clusterStatus" not in answer:
            return _node_health(answer)
        nodes = _of(dict, answer.get("nodes"), "nodes")
        return {
            "clusterStatus": _text(answer["clusterStatus"], "clusterStatus"),
            "nodes": {
                _text(name, "a node's name"): _node_health(_of(dict, node, "a node"))
                for name, node in nodes.items()
            },
        }
    except _MisfitError as error:
        return Unknown(f"not its health: {error}")


def _node_health(node: dict[str, Any]) -> dict[str, Any]:
    told: dict[str, Any] = {name: _text(node[name], name) for name in ("id", "uri") if name in node}
    lost = node.get("disconnectedMediaNodes")
    return {
        "status": _text(node.get("status"), "status"),
        **told,
        "disconnectedMediaNodes": [
            _text(one, "a media node")
            for one in _of(list, [] if lost is None else lost, "disconnectedMediaNodes")
        ],
    }


def _parsed(found: Any, parse: Callable[[Any], _Parsed], what: str) -> list[_Parsed] | Unknown:
    try:
        answer = _of(dict, found, "the answer")
        entries = _of(list, answer.get("content"), "content")
        said = answer.get("numberOfElements", len(entries))
        # Part of a list would have the rest taken for gone.
        if said != len(entries):
            raise _MisfitError(f"numberOfElements is {said!r}, content has {len(entries)}")
        return [parse(entry) for entry in entries]
    except _MisfitError as error:
        return Unknown(f"not {what}: {error}")


def _media_node(entry: Any) -> MediaNode:
    node = _of(dict, entry, "an entry")
    sessions = node.get("sessions")
    load = node.get("load")
    return MediaNode(
        _path_segment(node.get("id"), "id"),
        _text(node.get("ip"), "ip"),
        _text(node.get("status"), "status"),
        tuple(
            _session_id(one) for one in _of(list, [] if sessions is None else sessions, "sessions")
        ),
        None if load is None else _number(load, "load"),
    )


def _session_id(session: Any) -> str:
    if isinstance(session, dict):
        return _text(session.get("sessionId"), "sessionId")
    return _text(session, "a session")


def _call(entry: Any) -> Call:
    session = _of(dict, entry, "an entry")
    connections = _of(dict, session.get("connections"), "connections")
    return Call(
        id=_text(session.get("id"), "id"),
        media_node=_text(session.get("mediaNodeId") or "", "mediaNodeId"),
        participants=_count(connections.get("numberOfElements"), "numberOfElements"),
        created=_moment(session.get("createdAt"), "createdAt"),
    )


def _of(type_: type[_Parsed], found: Any, what: str) -> _Parsed:
    if not isinstance(found, type_):
        raise _MisfitError(f"{what} is {type(found).__name__}, expected {type_.__name__}")
    return found


def _text(found: Any, what: str) -> str:
    """Text that can be shown to people: no control characters, and no half of one."""
    text = _of(str, found, what)
    if not text.isprintable():
        raise _MisfitError(f"{what} has characters that can't be shown")
    return text


def _path_segment(found: Any, what: str) -> str:
    """Text that can be one part of a URL's path."""
    text = _text(found, what)
    if text in ("", ".", "..") or "/" in text or len(text) > MOST_ID_CHARACTERS:
        raise _MisfitError(f"{what} can't be a part of a URL")
    return text


def _count(found: Any, what: str) -> int:
    number = _number(found, what)
    if number < 0 or number != int(number):
        raise _MisfitError(f"{what} is no count")
    return int(number)


def _moment(found: Any, what: str) -> float:
    """Unix seconds of what comes in milliseconds."""
    seconds = _number(found, what) / 1000
    if not 0 <= seconds <= LAST_SECOND:
        raise _MisfitError(f"{what} is no date in milliseconds")
    return seconds


def _number(found: Any, what: str) -> float:
    if isinstance(found, bool) or not isinstance(found, int | float):
        raise _MisfitError(f"{what} is {type(found).__name__}, expected a number")
    try:
        number = float(found)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise _MisfitError(f"{what} is too large a number")
    return number
