"""Before another version is installed: calls end, as the upgrade stops what carries them.

As documented every node stops before the base is upgraded. So each takes no new sessions, and stops
when its calls have ended. Source: documentation, "Upgrading OpenVidu Enterprise", On Premises.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Event

from membership.answers import Answers
from membership.configuration_change import quiet
from membership.context import Context, Run
from membership.drain import Outcome, drain
from membership.known_nodes import known_nodes, note
from membership.ownership import move
from membership.registry import Node, Phase


def upgrade(run: Run, context: Context, *, master: bool, told: Sequence[Node] = ()) -> Outcome:
    """Have no calls on what an upgrade of base services or a single master stops.

    Args:
        run: who waits.
        context: what can be seen from that machine.
        master: whether it's a single master.
        told: the nodes that the stack's state names.

    Returns:
        `DOUBT` where others have to be asked about a node, `STOP` where one has to be stopped; else
        nothing is left to be waited for.

    Raises:
        MembershipError: calls didn't end in time; nodes that have stopped are brought back by the
            next update.
    """
    if master or context.policy.rolling:
        return quiet(run, context, master=master, told=told) or Outcome.LEFT
    return pause_all(run, context, told)


def pause_all(run: Run, context: Context, told: Sequence[Node] = ()) -> Outcome:
    """Drain every node, where they aren't upgraded one by one; they come back.

    Takes, returns and raises what `upgrade` does.
    """
    if context.policy.rolling:
        return Outcome.LEFT
    note(told, context)
    nodes = known_nodes(context)
    # The cluster stops as a whole: no node has to wait for another one.
    together = replace(
        context, policy=replace(context.policy, max_unavailable=len(nodes), last_node=True)
    )
    run = replace(run, ends=Event())
    with ThreadPoolExecutor(max(1, len(nodes))) as pool:
        waits = [pool.submit(pause, node, run, together) for node in nodes]
    # What is stopped is to be stopped at once; who is in doubt is asked about after that.
    outcomes = {wait.result() for wait in waits}
    return next((one for one in (Outcome.STOP, Outcome.DOUBT) if one in outcomes), Outcome.LEFT)


def pause(node: Node, run: Run, context: Context) -> Outcome:
    """Drain a node that comes back. How far it has come is looked at, whatever is noted of it.

    Returns:
        `DOUBT` where others have to be asked about a node, `STOP` where one has to be stopped; else
        nothing is left to be waited for.

    Raises:
        MembershipError: its calls didn't end in time, or a newer run works on it.
    """
    record = context.registry.get(node.ip)
    if record is not None:
        # Another machine may have come to its address: that one is meant as well.
        node = replace(node, identity=record.identity)
        if record.phase is Phase.LEFT:
            # Else nobody is asked about it.
            move(node, Phase.DRAINING, context)
    is_balanced = node.ip in context.load_balancer.node_ips
    if not is_balanced and isinstance(context.cluster.health(node.ip), Answers):
        # A base that was made anew doesn't lead to it: it's asked itself.
        context = replace(context, cluster=context.cluster.asked_first_at(node.ip))
    outcome = drain(node, run, context)
    return outcome if outcome in (Outcome.DOUBT, Outcome.STOP) else Outcome.LEFT
