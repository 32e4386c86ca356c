"""Which calls nodes carry as their own servers say, and which nodes may carry others.

The cluster's list of sessions comes from Redis on the base, which keeps nothing on disk: after a
restart of it nodes are listed again within seconds, and their sessions only as these change. A node
that is cut off from the base is soon listed no more, and goes on with its calls.
Source: OpenVidu's docker-compose.yml of the base services, `redis`: no volume.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from membership.answers import Answers, Call, MediaNode
from membership.context import Context, Run
from membership.observation import look, who_sees_what
from membership.registry import Node, Phase, Record
from membership.witnesses import Observation, conclude, is_certain


@dataclass(frozen=True)
class Unseen:
    """A node that may carry calls of which nobody tells, and what is seen of it.

    Attributes:
        node: the node.
        seen: what is seen of it.
        asks: whether others have to be asked about it now.
        server: why its own server doesn't say what it carries, where it was asked.
    """

    node: Node
    seen: Observation
    asks: bool
    server: str = ""

    def __str__(self) -> str:
        """The node, and who sees what of it."""
        server = f"; its own server: {self.server}" if self.server else ""
        return f"{self.node.name} ({who_sees_what(self.seen)}{server})"


@dataclass(frozen=True)
class Asked:
    """What servers of nodes say.

    Attributes:
        calls: their sessions.
        unseen: the nodes that may run, and whose server doesn't say.
    """

    calls: Sequence[Call]
    unseen: Sequence[Unseen]


def ask_servers(nodes: Sequence[Node], run: Run, context: Context) -> Asked:
    """Ask the servers of nodes, all at once.

    One look isn't enough: who asks looks several times.

    Args:
        nodes: all that are known.
        run: whether others can be asked.
        context: what can be seen.
    """
    with ThreadPoolExecutor(max(1, len(nodes))) as pool:
        said = list(pool.map(lambda node: context.cluster.calls_at(node.ip), nodes))
    calls = [call for told in said if isinstance(told, list) for call in told]
    silent = {
        node: told.reason
        for node, told in zip(nodes, said, strict=True)
        if not isinstance(told, list)
    }
    return Asked(calls, [one.unseen for one in _looked(silent, run, context) if one.unseen])


@dataclass(frozen=True)
class Running:
    """Which nodes may run.

    Attributes:
        unseen: those that may.
        is_sure: whether one look is enough, as of each node somebody says that it doesn't run.
    """

    unseen: Sequence[Unseen]
    is_sure: bool


def running(nodes: Sequence[Node], run: Run, context: Context) -> Running:
    """Those of the nodes that may run; takes what `ask_servers` does."""
    found = _looked(dict.fromkeys(nodes, ""), run, context)
    is_sure = bool(found) and all(one.is_sure for one in found)
    return Running([one.unseen for one in found if one.unseen], is_sure)


@dataclass(frozen=True)
class _Looked:
    unseen: Unseen | None
    is_sure: bool = False


def _looked(servers: Mapping[Node, str], run: Run, context: Context) -> Sequence[_Looked]:
    """Look at nodes, all at once: what was said of the last is old after one look at each."""

    def one_look(item: tuple[Node, str]) -> _Looked:
        node, server = item
        seen, record = look(node, context), context.registry.get(node.ip)
        if _is_out(seen, run, record):
            return _Looked(None, is_certain(seen))
        asks = run.asks and _can_be_asked_about(seen, record)
        return _Looked(Unseen(node, seen, asks, server))

    with ThreadPoolExecutor(max(1, len(servers))) as pool:
        return [*pool.map(one_look, servers.items())]


def _is_out(seen: Observation, run: Run, record: Record | None) -> bool:
    """Whether it carries no calls; one that was seen leaving has been asked about then."""
    has_left = record is not None and record.phase is Phase.LEFT
    if has_left and seen.is_refused and not isinstance(seen.listed, MediaNode):
        return True
    return conclude(seen).is_out and (not run.asks or seen.was_asked_about)


def _can_be_asked_about(seen: Observation, record: Record | None) -> bool:
    """Whether `membership.doubt` names it, and nobody was asked a moment ago."""
    is_named = record is not None and record.phase is not Phase.LEFT
    return is_named and not isinstance(seen.health, Answers) and not seen.was_asked_about
