"""One look at a node from where the program runs, and what is waited for in words."""

from __future__ import annotations

from membership.answers import Answers, Call, Health, MediaNode, Refused, Silent, Unknown
from membership.context import Context
from membership.registry import Node, Phase
from membership.witnesses import Observation, Testimony, Word
from openvidu import api


def look(node: Node, context: Context) -> Observation:
    """One look at a node, with what others had said of it a moment before that."""
    began = context.clock.monotonic()
    listed = context.cluster.media_nodes()
    health = context.cluster.health(node.ip)
    record = context.registry.get(node.ip)
    if isinstance(health, Answers):
        # Who answers needs no witnesses, and isn't dead, whoever said so.
        context.registry.is_alive(node)
        testimony: Testimony = {}
    else:
        took = context.clock.monotonic() - began
        testimony = context.registry.testimony(node, context.clock, took)
    drains = record is not None and record.phase is Phase.DRAINING
    if isinstance(listed, list):
        own = next((item for item in listed if item.ip == node.ip), None)
        return Observation(own, health, False, tuple(listed), testimony, drains)
    others = set(context.load_balancer.node_ips) - {node.ip}
    alone = all(isinstance(context.cluster.health(ip), Silent) for ip in others)
    return Observation(listed, health, alone, (), testimony, drains)


def calls_on(seen: Observation, context: Context) -> list[Call] | None:
    """The calls on the node; None where the cluster can't be asked."""
    if not isinstance(seen.listed, MediaNode):
        return None
    found = context.cluster.calls()
    if not isinstance(found, list):
        return None
    return [call for call in found if call.id in seen.listed.sessions]


def in_words(seen: Observation, context: Context) -> str:
    """What is waited for: `3 calls with 7 participants, the oldest 0:12:40 old`."""
    if isinstance(seen.listed, Unknown | Refused):
        return f"the API ({seen.listed.reason})"
    if seen.listed is None:
        return "confirmation" if seen.is_refused else "the node to stop"
    count = len(seen.listed.sessions)
    if not count and not seen.is_refused:
        return "the node to stop"
    return numbers(count, calls_on(seen, context), context.clock.now())


def who_sees_what(seen: Observation) -> str:
    """What each witness says of a node that can't be seen, the silent ones too."""
    listed = (
        "the cluster lists it"
        if isinstance(seen.listed, MediaNode)
        else "the cluster doesn't list it"
        if seen.listed is None
        else f"the cluster can't be asked ({seen.listed.reason})"
    )
    return "; ".join((f"from here {seen.health}", listed, *_told(seen.testimony)))


def _told(testimony: Testimony) -> list[str]:
    return [one.told for one in testimony.values() if one.told or one.word is not Word.UNKNOWN]


def numbers(count: int, calls: list[Call] | None, now: float) -> str:
    """Calls in words.

    Args:
        count: how many there are.
        calls: the same with what is known of them; None when nothing is.
        now: Unix seconds.
    """
    text = counted(count, "call")
    if not calls:
        return text
    participants = sum(call.participants for call in calls)
    oldest = max(0, int(now - min(call.created for call in calls)))
    age = f"{oldest // 3600}:{oldest // 60 % 60:02}:{oldest % 60:02}"
    return f"{text} with {counted(participants, 'participant')}, the oldest {age} old"


def is_serving(health: Health, listed: MediaNode | None) -> bool:
    """Whether a node takes new sessions, as far as can be seen."""
    return health == Answers(200) and (listed is None or listed.status == api.RUNNING)


def counted(count: int, noun: str) -> str:
    """A number of things: `1 call`, `2 calls`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
