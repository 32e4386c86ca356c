"""Which run a node belongs to: the newest has taken it, and each older one stops."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from membership.context import ABORT, Context, Run
from membership.errors import MembershipError
from membership.registry import Node, Phase, Record


def belongs_to_another(node: Node, context: Context) -> bool:
    """Whether another machine has the node's address by now.

    A state that was restored may have another name for the same host.
    """
    record = context.registry.get(node.ip)
    if record is None or record.identity in ("", node.identity):
        return False
    return not record.way.is_same_host(node.way)


def claim(node: Node, run: Run, context: Context) -> Record:
    """Take a node over from whatever run worked on it before; that one stops.

    It's said where that one has ended already, as whoever had started it was gone.

    Raises:
        MembershipError: this run has lost its connection, and a newer one has taken the node.
    """

    def taken(record: Record | None) -> Record:
        if record is None:
            listed = node.ip in context.load_balancer.node_ips
            phase = Phase.SERVING if listed else Phase.STARTING
            now = context.clock.now()
            record = Record(node.name, node.ip, node.identity, phase, now)
        if run.id in record.superseded:
            raise _superseded(record, run)
        # A base that was made anew, or has lost its record, doesn't know the way.
        way = record.way if record.way.host else node.way
        return replace(record, identity=node.identity, way=way).taken_by(run.id)

    record = context.registry.change(node.ip, taken)
    cut_off = context.registry.was_cut_off(node)
    # A run that goes on after a lost connection has said so itself.
    if cut_off and cut_off in record.superseded[-1:]:
        context.say(
            f"{node.name}: the run before ended here as whoever had started it was gone: {cut_off}"
        )
    return record


def require_newest(node: Node, run: Run, context: Context) -> Record:
    """The node's record, as long as no newer run has taken the node.

    Raises:
        MembershipError: one has.
    """
    record = context.registry.get(node.ip)
    if record is None:
        raise MembershipError(
            node.name,
            "going on",
            "a newer run has taken it out of the cluster",
            "This run stops.",
            "pulumi up",
        )
    if record.run != run.id:
        raise _superseded(record, run)
    return record


def is_newest(node: Node, run: Run, context: Context) -> Callable[[], bool]:
    """A question for an edit of the list, which is asked when nobody else can edit it.

    It raises what `require_newest` does.
    """
    return lambda: bool(require_newest(node, run, context))


def move(node: Node, phase: Phase, context: Context) -> None:
    """Note in which phase a node is."""

    def moved(record: Record | None) -> Record | None:
        return record and record.at(phase, context.clock.now())

    context.registry.change(node.ip, moved)


def _superseded(record: Record, run: Run) -> MembershipError:
    runs = (*record.superseded, record.run)
    later = runs[runs.index(run.id) + 1 :] if run.id in runs else ()
    abort = next((one for one in later if one.startswith(f"{ABORT} ")), None)
    if abort:
        return MembershipError(
            record.name,
            "its drain was aborted",
            abort.removeprefix(f"{ABORT} "),
            "The node stays, and serves again once its calls have ended. Nothing was removed.",
            "once abort_drain is done: pulumi preview, then: pulumi up",
        )
    return MembershipError(
        record.name,
        "going on",
        f"a newer run works on it: {record.run}",
        "This run stops; nothing was removed.",
        "wait for that run to end, then: pulumi up",
    )
