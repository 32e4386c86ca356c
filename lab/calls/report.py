"""From what the generators wrote to what became of each call. Pure.

A call is `live` while its generator runs and it is not over. `ended`: it lasted its whole length,
and its users hung up. `cut`: a user lost it before; a socket that broke and was reconnected in
time is no cut, and is counted apart. `refused`: it could not be opened, not on a further try
either. `unknown`: its generator was killed first, and its sockets with it; whether it would have
lasted nobody can say.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from lab.calls.record import Event
from lab.calls.runs import Generated


class Result(StrEnum):
    """What became of a call."""

    LIVE = "live"
    ENDED = "ended"
    CUT = "cut"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Reconnection:
    """A user's socket that broke and came back.

    Attributes:
        at: Unix seconds when the user's client saw it broken.
        seconds: from then until it was back.
        last_heard: Unix seconds when the socket was last heard of.
    """

    at: float
    seconds: float
    last_heard: float


@dataclass(frozen=True)
class Heard:
    """What the users of a call heard of each other.

    Attributes:
        longest_gap: milliseconds in which one received no packet of another one.
        gap_since: Unix seconds when that began.
        packets_lost: packets that never came, to anybody.
        way: how it went.
    """

    longest_gap: int
    gap_since: float
    packets_lost: int
    way: str


@dataclass(frozen=True)
class Seen:
    """What the users of a call between browsers saw, and what their clients said.

    Attributes:
        freeze: milliseconds in which one saw no new picture of another one.
        since: Unix seconds when that began.
        ended: how it ended, in the client's own words.
        said: all that clients said: `at` (Unix seconds), `user` (1, 2, …), `words`.
    """

    freeze: int
    since: float
    ended: str
    said: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True)
class Call:
    """One call.

    Attributes:
        id: run, generator and number, as in `2-1-7`.
        start: Unix seconds: when all its users had joined; when it was asked for, without that.
        result: what became of it.
        length: seconds that it was to last.
        node_ip: address of the node that carries it; empty where that isn't known.
        session: OpenVidu's id of its session; empty where there was none.
        end: Unix seconds when it was over, or seen to be; None while live or unknown.
        tries: how often it was asked for.
        last_heard: of a cut call: Unix seconds when the user who lost it last heard of it.
        code: of a cut call the close code; of a refused one the HTTP status; 0 without.
        reason: what the client saw.
        hung_up: whether the operator ended it before its time.
        reconnections: of its users' sockets.
        heard: how the sound goes that its users have heard; empty without.
        unheard: how the sound goes that they don't hear, or no more; empty without.
        sound: of a call with sound that is over.
        seen: of a call between browsers that is over.
    """

    id: str
    start: float
    result: Result
    length: float = 0.0
    node_ip: str = ""
    session: str = ""
    end: float | None = None
    tries: int = 1
    last_heard: float = 0.0
    code: int = 0
    reason: str = ""
    hung_up: bool = False
    reconnections: tuple[Reconnection, ...] = ()
    heard: str = ""
    unheard: str = ""
    sound: Heard | None = None
    seen: Seen | None = None


@dataclass(frozen=True)
class Report:
    """All calls of a run, in the order in which they were asked for."""

    calls: tuple[Call, ...] = field(default=())

    def count(self, result: Result) -> int:
        """How many calls came out so."""
        return sum(call.result is result for call in self.calls)

    def with_result(self, *results: Result) -> list[Call]:
        """The calls that came out so."""
        return [call for call in self.calls if call.result in results]

    def live_by_node(self) -> Mapping[str, int]:
        """Live calls by the address of their node."""
        return Counter(call.node_ip for call in self.with_result(Result.LIVE))

    @property
    def reconnections(self) -> list[Reconnection]:
        """Every reconnection of every call."""
        return [found for call in self.calls for found in call.reconnections]

    @property
    def sounds(self) -> list[Heard]:
        """What was heard in every call that had sound and is over."""
        return [call.sound for call in self.calls if call.sound]

    @property
    def pictures(self) -> list[Seen]:
        """What was seen in every call between browsers that is over."""
        return [call.seen for call in self.calls if call.seen]

    @property
    def spotless(self) -> bool:
        """Whether nothing was cut, refused or lost from sight."""
        return not self.with_result(Result.CUT, Result.REFUSED, Result.UNKNOWN)


def report(generated: Iterable[Generated]) -> Report:
    """Count the calls of generators."""
    return Report(tuple(call for one in generated for call in _calls(one)))


def _calls(generated: Generated) -> Iterable[Call]:
    begun = Result.LIVE if generated.alive else Result.UNKNOWN
    calls: dict[str, Call] = {}
    for event in generated.events:
        name = event.get("call")
        if name is None:
            continue
        if event["event"] == "begun":
            calls[name] = Call(name, event["at"], begun, event["length"])
        else:
            calls[name] = _after(calls[name], event)
    return calls.values()


def _after(call: Call, event: Event) -> Call:
    at: float = event["at"]
    facts: dict[str, Any]
    match event["event"]:
        case "tried":
            facts = {"tries": call.tries + 1, "reason": event["reason"]}
        case "opened":
            node, session = event["node"], event["session"]
            facts = {"start": at, "node_ip": node, "session": session, "reason": ""}
            facts["heard"] = event.get("heard", "")
        case "reconnected":
            found = Reconnection(at, event["seconds"], event["heard"])
            facts = {"reconnections": (*call.reconnections, found)}
        case "sound":
            heard = (event[name] for name in ("gap", "since", "lost", "way"))
            facts = {"sound": Heard(*heard)}
        case "browser":
            freeze, since, ended = event["freeze"], event["since"], event["ended"]
            facts = {"seen": Seen(freeze, since, ended, tuple(event["said"]))}
        case "ended":
            facts = {"end": at, "result": Result.ENDED, "hung_up": bool(event.get("hung_up"))}
        case "refused":
            facts = {"end": at, "result": Result.REFUSED, "code": event["status"]}
            facts |= {"reason": event["reason"], "node_ip": event.get("node", "")}
            facts["unheard"] = event.get("unheard", "")
        case "cut":
            facts = {"end": at, "result": Result.CUT, "code": event["code"]}
            facts |= {"last_heard": event["heard"], "reason": event["reason"]}
            facts["unheard"] = event.get("unheard", "")
        case other:
            raise ValueError(f"call {call.id}: no event is called {other!r}")
    return replace(call, **facts)
