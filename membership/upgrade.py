"""Before another version is installed: calls end, as the upgrade stops what carries them.

As documented every node stops before the base is upgraded. So each takes no new sessions, and stops
when its calls have ended. Source: documentation, "Upgrading OpenVidu Enterprise", On Premises.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Event

from membership.configuration import quiet
from membership.drain import Outcome, drain
from membership.registry import Node, Phase
from membership.world import Run, World


def upgrade(run: Run, world: World, *, master: bool) -> Outcome:
    """Have no calls on what an upgrade of base services or a single master stops.

    Returns:
        `DOUBT` where others have to be asked about a node, `STOP` where one has to be stopped; else
        nothing is left to be waited for.

    Raises:
        MembershipError: calls didn't end in time; nodes that have stopped are brought back by the
            next update.
    """
    if master or world.policy.rolling:
        return quiet(run, world, master=master) or Outcome.LEFT
    return pause_all(run, world)


def pause_all(run: Run, world: World) -> Outcome:
    """Drain every node, where they aren't upgraded one by one; they come back.

    Returns:
        `DOUBT` where others have to be asked about a node, `STOP` where one has to be stopped; else
        nothing is left to be waited for.

    Raises:
        MembershipError: calls didn't end in time; as for `upgrade`.
    """
    if world.policy.rolling:
        return Outcome.LEFT
    # The cluster stops as a whole: no node has to wait for another one.
    nodes = [Node(one.name, one.ip, one.identity) for one in world.registry.all()]
    together = replace(
        world, policy=replace(world.policy, max_unavailable=len(nodes), last_node=True)
    )
    run = replace(run, ends=Event())
    with ThreadPoolExecutor(max(1, len(nodes))) as pool:
        waits = [pool.submit(pause, node.name, node.ip, run, together) for node in nodes]
    # What is stopped is to be stopped at once; who is in doubt is asked about after that.
    outcomes = {wait.result() for wait in waits}
    return next((one for one in (Outcome.STOP, Outcome.DOUBT) if one in outcomes), Outcome.LEFT)


def pause(name: str, ip: str, run: Run, world: World) -> Outcome:
    """Drain a node that comes back. Nothing is waited for where it has stopped already.

    Returns:
        `DOUBT` where others have to be asked about a node, `STOP` where one has to be stopped; else
        nothing is left to be waited for.

    Raises:
        MembershipError: its calls didn't end in time, or a newer run works on it.
    """
    record = world.registry.get(ip)
    if record is None or record.phase in (Phase.STARTING, Phase.LEFT):
        world.say(f"{name}: carries no calls")
        return Outcome.LEFT
    outcome = drain(Node(name, ip, record.identity), run, world)
    return outcome if outcome in (Outcome.DOUBT, Outcome.STOP) else Outcome.LEFT
