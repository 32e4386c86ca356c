"""What came of a call, by the ways that its media went. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from scripts.calls.rest import MediaNode, RefusedError
from scripts.calls.ways import Way


@dataclass(frozen=True)
class Heard:
    """All heard each other.

    Attributes:
        streams: how many there were.
        server: the TURN server that they went by; empty where they went straight.
    """

    streams: int
    server: str = ""


@dataclass(frozen=True)
class Silent:
    """Not all heard each other.

    Attributes:
        heard: how many streams came.
        streams: how many there were.
        announced: addresses that the node told its users to send media to.
        server: the TURN server that they should have gone by; empty where they should go straight.
    """

    heard: int
    streams: int
    announced: frozenset[str] = frozenset()
    server: str = ""


class Fault(StrEnum):
    """Why a TURN server gives no address."""

    NO_ANSWER = "no answer"
    CLOSED = "it refuses connections"
    DENIED = "it refuses the credentials"
    OTHER = "it gives no address"


@dataclass(frozen=True)
class NoRelay:
    """A TURN server gave no address to send from.

    Attributes:
        server: its address, as OpenVidu tells it to users.
        fault: why.
        said: the same in its own words, or the system's.
    """

    server: str
    fault: Fault
    said: str


@dataclass(frozen=True)
class NoServer:
    """OpenVidu told its users of no TURN server."""


@dataclass(frozen=True)
class Unwilling:
    """OpenVidu refused the media.

    Attributes:
        said: its words.
    """

    said: str


Failure = Silent | NoRelay | NoServer | Unwilling
Outcome = Heard | Failure


@dataclass(frozen=True)
class NodeCall:
    """The call on one node.

    Attributes:
        at: number of the session that was placed there.
        media_server: `mediasoup` or `kurento`.
        outcomes: by way; empty where media were not looked at.
    """

    at: int
    media_server: str
    outcomes: Mapping[Way, Outcome]


@dataclass(frozen=True)
class Tried:
    """What came of all calls.

    Attributes:
        listed: media nodes, as the cluster listed them.
        wanted: addresses of the nodes that were to have a call.
        calls: by the node's address.
        placed: on which node each session was; empty where that can't be told.
        refusals: of sessions that came to nothing.
        left: ids of sessions that may still be there.
    """

    listed: Sequence[MediaNode] = ()
    wanted: Sequence[str] = ()
    calls: Mapping[str, NodeCall] = field(default_factory=dict)
    placed: Sequence[str] = ()
    refusals: Sequence[RefusedError] = ()
    left: Sequence[str] = ()


@dataclass(frozen=True)
class Closed:
    """Users don't get in: nothing was called.

    Attributes:
        error: what came of a connection.
    """

    error: OSError


@dataclass(frozen=True)
class Unasked:
    """Whom to trust isn't known: nothing was called.

    Attributes:
        said: why.
    """

    said: str


@dataclass(frozen=True)
class Stopped:
    """Somebody has interrupted it.

    Attributes:
        said: what has become of its sessions.
    """

    said: str


Seen = Tried | Closed | Unasked
