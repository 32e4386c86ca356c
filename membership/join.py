"""Scale up: a node enters the load balancer once it's ready.

A node that was drained comes back in the same way, after its calls have ended: a drain can't be
taken back. Source: page, "Scale Up" step 3 and "Scale Down", "Abort".
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from enum import IntEnum

from membership import notification
from membership.answers import Answers, MediaNode, Refused, Unknown
from membership.cluster_view import Cluster
from membership.confirmation import Confirmation
from membership.context import Context, Run
from membership.errors import MembershipError
from membership.observation import in_words, look, who_sees_what
from membership.ownership import claim, is_newest, move, require_newest
from membership.registry import Node, Phase, Record, Way
from membership.wait import Wait
from membership.witnesses import Conclusion, Observation, conclude, has_to_be_asked_about

READY_LIMIT = timedelta(minutes=15)
UNSEEN_LIMIT = timedelta(minutes=2)
"""How long a node that nobody sees is waited for: another update can bring it back."""
REFUSED_LIMIT = timedelta(minutes=1)
"""How long the port of a node refuses before it's started: one that is listed without calls, and of
one that is seen to run what is down."""
_POLL_SECONDS = 1.0
_OTHERS = "The node isn't in the load balancer; calls on other nodes go on."


class Found(IntEnum):
    """What a node needs before it can join; the exit status tells it."""

    DOUBT = 20
    """Nobody who can be asked from the base can say: ask the others, and run it again."""

    RUNS = 0
    """It answers."""
    STOPPED = 10
    """It has to be started."""
    PARTLY = 40
    """It runs, and its port refuses: what is down there has to be started, and nothing else."""


def announce(node: Node, way: Way, context: Context) -> None:
    """Note which machine is a node, and has its address, before OpenVidu starts there.

    What the node had before, at another address, is forgotten once it has left.

    Args:
        node: the node.
        way: how its machine can be asked from elsewhere.
        context: what is known.
    """

    def announced(record: Record | None) -> Record:
        if record and (record.identity == node.identity or record.way.is_same_host(way)):
            return replace(record, identity=node.identity, way=way)
        now = context.clock.now()
        fresh = Record(node.name, node.ip, node.identity, Phase.STARTING, now, way=way)
        return replace(fresh, generation=record.generation) if record else fresh

    context.registry.change(node.ip, announced)
    for before in context.registry.all():
        if before.name == node.name and before.ip != node.ip and before.phase is Phase.LEFT:
            context.registry.change(before.ip, lambda _: None)


def prepare(node: Node, run: Run, context: Context) -> Found:
    """Wait for a drain of the node that was begun; returns what the node needs then.

    A node that can't be seen isn't taken for stopped, nor one that others see run: it may carry
    calls.

    Raises:
        MembershipError: its calls don't end within the limit, nobody sees whether it runs, or a
            newer run works on it.
    """
    record = claim(node, run, context)
    out = Confirmation(context.clock)
    wait = Wait(node.name, context, f"return-{node.ip}", run.id)
    unseen = Wait(node.name, context, f"unseen-{node.ip}", run.id)
    refused = Wait(node.name, context, f"refused-{node.ip}", run.id)
    while True:
        require_newest(node, run, context)
        seen = look(node, context)
        found = conclude(seen)
        if record.phase is Phase.STARTING and (new := _new(seen)) is not None:
            return new
        out.look(says_so=found.is_out)
        has_to_ask = run.asks and has_to_be_asked_about(seen)
        runs = found is Conclusion.SERVING
        # One whose services start again is back by then; one that has crashed is listed still.
        if not seen.is_refused or not (runs or found is Conclusion.UNKNOWN):
            refused.begin_again()
        is_late = refused.passed >= REFUSED_LIMIT and not has_to_ask
        if is_late and runs:
            return Found.PARTLY
        is_known_out = out.is_enough(seen) and not has_to_ask
        if is_known_out or (is_late and _is_listed_without_calls(seen)):
            break
        listed = isinstance(seen.listed, MediaNode)
        if listed and runs and not seen.is_refused:
            return Found.RUNS
        what = in_words(seen, context)
        if found is Conclusion.UNKNOWN or (runs and seen.is_refused):
            what = f"a sign of it ({who_sees_what(seen)})"
            if unseen.passed > UNSEEN_LIMIT:
                raise _unseen(node, what)
        else:
            unseen.begin_again()
        if wait.passed > context.policy.limit:
            raise MembershipError(
                node.name,
                "waiting until its drain is over",
                f"still waiting for {what} after {context.policy.limit}",
                "It takes no new sessions until then; its calls go on.",
                "pulumi up",
            )
        if has_to_ask:
            return Found.DOUBT
        wait.progress(what, context.policy.limit, why="its drain can't be taken back; ")
        context.clock.sleep(_POLL_SECONDS)
    newest = is_newest(node, run, context)
    context.load_balancer.remove(node.ip, purpose=f"{node.name} is started", may=newest)
    move(node, Phase.LEFT, context)
    return Found.STOPPED


def _new(seen: Observation) -> Found | None:
    """What a node that hasn't joined yet needs; None where that has to be waited or asked for.

    Its start leaves alone what runs there: it's begun where the port refuses, if nobody says more.
    """
    if seen.is_draining:
        return None
    if conclude(seen) in (Conclusion.SERVING, Conclusion.DRAINING):
        return Found.RUNS
    listed = isinstance(seen.listed, MediaNode)
    return Found.STOPPED if seen.is_refused and not listed else None


def _is_listed_without_calls(seen: Observation) -> bool:
    return isinstance(seen.listed, MediaNode) and not (seen.listed.sessions or seen.is_draining)


def _unseen(node: Node, what: str) -> MembershipError:
    return MembershipError(
        node.name,
        "looking whether it runs",
        f"still waiting for {what} after {UNSEEN_LIMIT}",
        "It's left as it is, in the load balancer too: it may carry calls.",
        f"uv run openvidu-enterprise repair {node.name}, then: pulumi up",
    )


def join(node: Node, generation: int, run: Run, context: Context) -> None:
    """Bring a node into the load balancer. Harmless for a node that is there.

    Raises:
        MembershipError: the node isn't ready within the limit, the cluster refuses to say, or a
            newer run works on it.
        ReloadError, LockTimeoutError: the load balancer goes on with the old list.
    """
    before = claim(node, run, context)
    wait_until_ready(node, run, context)
    newest = is_newest(node, run, context)
    context.load_balancer.add(node.ip, purpose=f"{node.name} joins", may=newest)

    def joined(record: Record | None) -> Record | None:
        return record and replace(
            record.at(Phase.SERVING, context.clock.now()), generation=generation, leaving=False
        )

    context.registry.change(node.ip, joined)
    context.registry.forget(node.ip)
    context.say(f"{node.name}: {node.ip} is in the load balancer")
    if before.phase is not Phase.SERVING:
        context.tell(notification.joined(node.name, node.ip))


def wait_until_ready(node: Node, run: Run, context: Context) -> None:
    """Wait until the node answers 200 and the cluster lists it."""
    wait = Wait(node.name, context)
    while (seen := _missing(node, context.cluster)) is not None:
        require_newest(node, run, context)
        if wait.passed > READY_LIMIT:
            raise MembershipError(
                node.name,
                "waiting until the node is ready",
                f"not ready after {READY_LIMIT.seconds} s; last seen: {seen}",
                _OTHERS,
                f"ssh to {node.name}, then: sudo sh -c 'cd /opt/openvidu && ./openvidu logs'",
            )
        wait.progress(f"{node.ip}: {seen}", READY_LIMIT)
        context.clock.sleep(_POLL_SECONDS)
    context.say(f"{node.name}: answers 200, and the cluster lists it")


def _missing(node: Node, cluster: Cluster) -> str | None:
    """What is still missing for the node to be ready; None when it is."""
    health = cluster.health(node.ip)
    if health != Answers(200):
        return str(health)
    listed = cluster.lists(node.ip)
    if isinstance(listed, Refused):
        raise MembershipError(
            node.name,
            "waiting until the node is ready",
            f"the API answers {listed.status}: {listed.reason}",
            _OTHERS,
            "check openviduSecret, then: pulumi up",
        )
    if isinstance(listed, Unknown):
        return f"it answers 200; whether the cluster lists it isn't known: {listed}"
    return None if listed else "it answers 200, but the cluster doesn't list it as UP yet"
