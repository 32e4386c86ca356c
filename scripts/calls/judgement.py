"""Says what came of the calls: what works, and which rule, port or setting is behind what doesn't.

Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from openvidu import api
from openvidu.ports import KURENTO
from openvidu.roles import MASTER
from scripts.calls import entrance, lost_media
from scripts.calls.outcomes import (
    Closed,
    Fault,
    Heard,
    NodeCall,
    NoRelay,
    Outcome,
    Seen,
    Silent,
    Tried,
    Unasked,
)
from scripts.calls.rest import how_to_end
from scripts.calls.stack import Stack
from scripts.calls.ways import WAYS
from scripts.checks.finding import Finding, Result

_REACHED = "reached"
_STATUS = "uv run openvidu-enterprise status"


def judged(seen: Seen, stack: Stack) -> list[Finding]:
    """What to say of all calls.

    Args:
        seen: what came of them.
        stack: what the stack knows.
    """
    match seen:
        case Closed():
            return [entrance.closed(seen.error, stack)]
        case Unasked():
            said = (
                f"it's self-signed, and which one it is can't be asked over SSH: {seen.said}. "
                "Nothing was called: the secret might go to somebody else"
            )
            following = "uv run openvidu-enterprise preflight"
            return [Finding("certificate", stack.place, Result.FAILED, said, following)]
        case Tried():
            found = [*_tried(seen, stack)]
            return found if _is_answer(found) else [*found, _nothing_heard(seen, stack)]


def _is_answer(found: Sequence[Finding]) -> bool:
    """Whether something has failed, or a call was heard."""
    heard = any(one.result is Result.OK and one.check in WAYS for one in found)
    return heard or any(one.result is Result.FAILED for one in found)


def _nothing_heard(tried: Tried, stack: Stack) -> Finding:
    if stack.main == MASTER.name and not tried.listed:
        said = "the master has no media node, and carries no call itself"
        following = "pulumi config set --path 'mediaNodes[0]' ADDRESS, then: pulumi up"
        return Finding("call", stack.place, Result.FAILED, said, following)
    said = "no call was heard: there was no node to have one on, or media weren't looked at"
    return Finding("call", stack.place, Result.FAILED, said, _STATUS)


def _tried(tried: Tried, stack: Stack) -> Iterator[Finding]:
    yield from _reached(tried, stack)
    for ip, call in tried.calls.items():
        yield from _call(ip, call, stack)
    if not any(one.result is Result.FAILED for one in stack.groups):
        yield from _nowhere(tried)
    yield from entrance.refusals(tried, stack)
    yield from _left(tried, stack)


def _reached(tried: Tried, stack: Stack) -> Iterator[Finding]:
    """How each node was reached, or why it wasn't."""
    total = len(tried.placed) + len(tried.refusals)
    for one in tried.listed:
        name = stack.name(one.ip)
        status = _STATUS + (f" {name}" if one.ip in stack.nodes else "")
        if call := tried.calls.get(one.ip):
            said = f"the load balancer placed session {call.at} there"
            yield Finding(_REACHED, name, Result.OK, said)
        elif one.status == api.WAITING_IDLE_TO_TERMINATE:
            yield Finding(_REACHED, name, Result.SKIPPED, "drains: it takes no more calls")
        elif stack.main == MASTER.name and not one.connected:
            said = "the master has no connection to its media server"
            following = f"open TCP {KURENTO} of {one.ip} to the master, and start the media node"
            yield Finding(_REACHED, name, Result.FAILED, said, following)
        elif one.status != api.RUNNING:
            yield Finding(_REACHED, name, Result.WARNING, f"is {one.status}", status)
        elif one.ip not in tried.wanted:
            # Another one was asked for.
            continue
        elif one.ip in tried.placed:
            said = "no call: a session was placed there, and not everybody could join"
            yield Finding(_REACHED, name, Result.FAILED, said, status)
        elif tried.placed:
            others = ", ".join(sorted({stack.name(ip) for ip in tried.placed if ip})) or "none"
            said = (
                f"no call: of {total} sessions the load balancer placed none there; those that "
                f"were made went to {others}. It may not be in the load balancer"
            )
            yield Finding(_REACHED, name, Result.FAILED, said, status)
    there = {one.ip for one in tried.listed}
    for ip, node in stack.nodes.items():
        if there and ip not in there:
            said = "the cluster doesn't list it: it starts, or has left"
            following = f"uv run openvidu-enterprise status {node.name}"
            yield Finding(_REACHED, node.name, Result.WARNING, said, following)


def _call(ip: str, call: NodeCall, stack: Stack) -> Iterator[Finding]:
    name = stack.name(ip)
    if not call.outcomes:
        said = (
            f"joined; whether media arrive isn't known, as this check doesn't speak with "
            f"{call.media_server}. Try it by a browser"
        )
        yield Finding("media", name, Result.WARNING, said)
    by = {way: lost_media.by(way, outcome) for way, outcome in call.outcomes.items()}
    # A TURN server is on the node: who gets an answer of it has a way there.
    is_answered = not stack.own_turn and any(
        isinstance(one, Silent) and one.server for one in call.outcomes.values()
    )
    heard = [by[way] for way, outcome in call.outcomes.items() if isinstance(outcome, Heard)]
    for way, outcome in call.outcomes.items():
        if isinstance(outcome, Heard):
            said = f"heard: {outcome.streams} of {outcome.streams} streams by {by[way]}"
            yield Finding(way, name, Result.OK, said)
        else:
            said, following = lost_media.failed(ip, way, outcome, stack, is_answered=is_answered)
            if heard:
                said = f"{said.rstrip('.')}. By {' and '.join(heard)} they do"
            yield Finding(way, name, Result.FAILED, said, following)


def _nowhere(tried: Tried) -> Iterator[Finding]:
    """What works on none of several nodes may be closed at this end."""
    for way in WAYS:
        outcomes = [call.outcomes[way] for call in tried.calls.values() if way in call.outcomes]
        lost = [one for one in outcomes if _is_lost(one)]
        if len(lost) == len(outcomes) > 1:
            said = f"{way} works on no node: the network that you are in may close it"
            following = f"uv run openvidu-enterprise check-call --way {way}, from another network"
            yield Finding(way, "here", Result.WARNING, said, following)


def _is_lost(outcome: Outcome) -> bool:
    if isinstance(outcome, NoRelay):
        return outcome.fault in (Fault.NO_ANSWER, Fault.CLOSED)
    return isinstance(outcome, Silent)


def _left(tried: Tried, stack: Stack) -> Iterator[Finding]:
    for session in tried.left:
        said = f"session {session} may still be there: it couldn't be ended"
        following = f"{how_to_end(stack.url, session)}; without users it ends by itself"
        yield Finding("session", stack.place, Result.WARNING, said, following)
