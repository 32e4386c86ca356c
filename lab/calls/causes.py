"""Which step of a deployment, or which accident, broke a call's socket. Pure.

Events are seen up to a second late and a silent socket is noticed up to a ping later, so an event
counts when it lies between the last that was heard of the socket and its end, or close to that. Of
several the gravest is named. A server that stops breaks its sockets at once, and is listed by the
cluster until its heartbeats are missed: a node that leaves so much later counts where nothing else
does.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lab.calls.record import Event
from lab.calls.watch.sight import Happened
from lab.openvidu.node.cluster import HEARTBEAT_SECONDS, STATE_SECONDS

_SLACK_SECONDS = 3.0
_MISSED_SECONDS = STATE_SECONDS + HEARTBEAT_SECONDS
"""A server that has stopped is listed so long at most."""
_STOPS = {
    Happened.MACHINE_LOST: "{name} crashed",
    Happened.MACHINE_REMOVED: "the machine of {name} was removed",
    Happened.NODE_RESTARTED: "OpenVidu on {name} was restarted",
    Happened.PROXY_RESTARTED: "the load balancer was restarted",
    Happened.NODE_LEFT: "OpenVidu on {name} stopped",
    Happened.FAULT_SET: "lab fault set {fault} on {name}",
}
"""What breaks sockets, the gravest first."""
_CHANGES = {
    Happened.ADDRESS_REMOVED: "{name} was taken out of the load balancer",
    Happened.DRAIN_STARTED: "{name} began to drain",
}
"""What should break none."""
_GRAVEST_FIRST = (*_STOPS, *_CHANGES)
_WORDS = _STOPS | _CHANGES
UNSEEN = "no step was seen at that time"


@dataclass(frozen=True)
class Cause:
    """What most likely broke a socket.

    Attributes:
        text: in words.
        at: Unix seconds when it was seen; None where nothing was.
    """

    text: str
    at: float | None


def cause(node_ip: str, heard: float, broken: float, events: Iterable[Event]) -> Cause:
    """What broke a socket.

    Args:
        node_ip: address of the node that carries the call.
        heard: Unix seconds when the socket was last heard of.
        broken: Unix seconds when it was seen to be broken, or the call to be lost.
        events: what the deployment did, from the record.
    """
    end = broken + _SLACK_SECONDS
    known = [
        event
        for event in events
        if event["event"] in _GRAVEST_FIRST and event["at"] >= heard - _SLACK_SECONDS
    ]
    missed = [event for event in known if event["event"] == Happened.NODE_LEFT]
    return (
        _gravest(node_ip, [event for event in known if event["at"] <= end])
        or _gravest(node_ip, [event for event in missed if event["at"] <= end + _MISSED_SECONDS])
        or Cause(UNSEEN, None)
    )


def _gravest(node_ip: str, near: Sequence[Event]) -> Cause | None:
    """The gravest of the events that were near; None where none has to do with the node."""
    own = [event for event in near if event["name"] == "base" or event["ip"] == node_ip]
    # The load balancer leads a socket through any node, which passes it on to the call's own.
    passing = [event for event in near if event["event"] in _STOPS and event not in own]
    for found, more in (
        ([event for event in own if event["event"] in _STOPS], ""),
        (passing, ", which may have passed it on"),
        (own, ""),
    ):
        if found:
            gravest = min(found, key=lambda event: (_rank(event), event["at"]))
            name = gravest["name"] or gravest["ip"]
            words = _WORDS[Happened(gravest["event"])].format(
                name=name, fault=gravest.get("fault", "")
            )
            return Cause(words + more, gravest["at"])
    return None


def _rank(event: Event) -> int:
    return _GRAVEST_FIRST.index(Happened(event["event"]))
