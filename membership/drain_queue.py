"""A node's place in line: it begins to drain when that leaves enough nodes that serve."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from membership.answers import Answers, Unknown, Unreachable
from membership.context import Context, Run
from membership.disruption_budget import Later, Never, Other, Verdict, may_leave
from membership.errors import MembershipError
from membership.observation import is_serving
from membership.ownership import require_newest
from membership.registry import Node, Phase, Record
from membership.witnesses import Observation

QUEUE_SECONDS = 1800.0
"""How long a node waits for its turn: longer than a machine takes to be replaced."""


def leave_for_good(node: Node, context: Context) -> None:
    """Note that a node isn't wanted any more: its drain needn't wait for its turn."""

    def leaving(record: Record | None) -> Record:
        # Where nothing is known of it, a drain that follows says which machine it is.
        found = record or Record(node.name, node.ip, "", Phase.SERVING, context.clock.now())
        return replace(found, leaving=True)

    context.registry.change(node.ip, leaving)


class DrainQueue:
    """The wait of one run for a node's turn."""

    def __init__(self, node: Node, run: Run, context: Context) -> None:
        self._node = node
        self._run = run
        self._world = context
        self._began = context.clock.monotonic()

    def waits_for(self, seen: Observation) -> str | None:
        """Note that the node drains, if it may; returns what has to happen first.

        Raises:
            MembershipError: it may never, or waits for too long; it goes on serving.
        """
        context = self._world
        healths = {ip: context.cluster.health(ip) for ip in context.load_balancer.node_ips}
        nodes = {one.ip: one for one in seen.nodes}
        serving = {ip for ip, health in healths.items() if is_serving(health, nodes.get(ip))}
        # Whoever gives no answer may serve all the same, or is listed in a state nobody knows.
        silent = (Unknown, Unreachable)
        may_serve = {
            ip
            for ip, health in healths.items()
            if health == Answers(200) or isinstance(health, silent)
        }
        # Of two nodes that look at the same time, one has to see that the other drains.
        with context.registry.locked():
            record = require_newest(self._node, self._run, context)
            if record.phase is Phase.SERVING and self._node.ip in may_serve:
                match self._turn(record, serving):
                    case Never(reason):
                        raise self._refused(reason)
                    case Later(reason):
                        return self._later(reason)
            if record.phase is not Phase.DRAINING:
                context.registry.write(record.at(Phase.DRAINING, context.clock.now()))
        return None

    def _turn(self, record: Record, serving: set[str]) -> Verdict:
        context = self._world
        noted = {one.ip: one for one in context.registry.all()}
        records = {ip: one for ip, one in noted.items() if one.generation}
        known = {*records, *context.load_balancer.node_ips} - {record.ip}
        others = [
            Other(
                noted[ip].name if ip in noted else ip,
                # A base that was made anew knows only who leaves, and of none that it has joined.
                leaving=ip in noted and noted[ip].leaving,
                serving=ip in serving and (ip not in records or records[ip].phase is Phase.SERVING),
            )
            for ip in sorted(known)
        ]
        return may_leave(
            leaving=record.leaving,
            others=others,
            max_unavailable=context.policy.max_unavailable,
            last_node=context.policy.last_node,
        )

    def _later(self, reason: str) -> str:
        waited = self._world.clock.monotonic() - self._began
        if waited > QUEUE_SECONDS:
            raise MembershipError(
                self._node.name,
                "waiting for its turn",
                f"{reason}; it doesn't after {timedelta(seconds=int(waited))}",
                "The machine stays and goes on serving.",
                "pulumi up",
            )
        return reason

    def _refused(self, reason: str) -> MembershipError:
        return MembershipError(
            self._node.name,
            "draining refused",
            reason,
            "The machine stays and goes on serving.",
            "add a node first, with a higher nodeCount; or confirm it: pulumi config set "
            "drainLastNode true && pulumi up",
        )
