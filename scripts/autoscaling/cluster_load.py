"""One look at the cluster, as the decision needs it. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from components.cluster_observation import ClusterObservation, NodeObservation, Overview, Unseen
from components.numbering import Wanted
from scripts.autoscaling.scaling_policy import Measure

Demand = Mapping[Measure, float]
"""What the whole cluster carries, by measure."""


@dataclass(frozen=True)
class Observation:
    """A look that told everything.

    Attributes:
        wanted: the nodes that the configuration wants.
        serving: numbers of those that take sessions. A node that starts, drains or has died isn't
            among them: it is no capacity.
        leaving: numbers of nodes that are still deployed and no longer wanted.
        demand: what all nodes carry, those that leave included: who leaves a call there has the
            next one elsewhere. OpenVidu's own total counts the same nodes (webhook reference,
            "autoscaling", `totalLoad`). Of one whose drain was left unfinished it may be unknown.
        updating: whether an update runs, started by this autoscaler.
    """

    wanted: Wanted
    serving: frozenset[int]
    leaving: frozenset[int]
    demand: Demand
    updating: bool = False

    @property
    def unready(self) -> frozenset[int]:
        """Numbers of wanted nodes that don't serve."""
        return frozenset(self.wanted.numbers) - self.serving


def observe(
    wanted: Wanted,
    addresses: Mapping[int, str],
    seen: Overview,
    measures: Collection[Measure],
    *,
    deployed: Collection[int],
    updating: bool = False,
) -> Observation | Unseen:
    """Put together what the configuration, the state and the base say.

    Args:
        wanted: as the configuration says it.
        addresses: private address of each node that has joined, by number.
        seen: what the base says.
        measures: what has to be known.
        deployed: numbers of the nodes of which the state holds anything.
        updating: whether an update of this autoscaler runs.

    Returns:
        `Unseen` when anything of it isn't known: that isn't the same as nothing.
    """
    if isinstance(seen, Unseen):
        return seen
    # Such a drain has to go on, which an update does: only its calls may be missing in the sum.
    unfinished = () if updating else {ip for n, ip in addresses.items() if n not in wanted.numbers}
    demand: dict[Measure, float] = {}
    for measure in measures:
        total = _total(seen, measure, unfinished)
        if isinstance(total, Unseen):
            return total
        demand[measure] = total
    for number, address in addresses.items():
        if number not in wanted.numbers and address not in seen.nodes:
            return Unseen(f"the base doesn't know node-{number}, which hasn't left yet")
    serving = frozenset(
        number
        for number in wanted.numbers
        if (node := seen.nodes.get(addresses.get(number, ""))) is not None and node.in_service
    )
    leaving = frozenset(deployed) - frozenset(wanted.numbers)
    return Observation(wanted, serving, leaving, demand, updating)


def _total(
    seen: ClusterObservation, measure: Measure, unfinished: Collection[str]
) -> float | Unseen:
    total = 0.0
    for address, node in seen.nodes.items():
        if node.in_service is None:
            return Unseen(f"{address} can't be seen from the base: {node.sees}")
        value = _value(node, measure)
        if value is not None:
            total += value
        elif address in unfinished:
            continue
        elif node.in_service or measure is not Measure.LOAD or node.calls != 0:
            # Only of a node that has left the cluster is there no load, and rightly so: one that
            # isn't listed may carry calls, and then those aren't known either.
            return Unseen(f"the cluster doesn't say the {measure} of {address}")
    return total


def _value(node: NodeObservation, measure: Measure) -> float | None:
    values: Mapping[Measure, float | None] = {
        Measure.CALLS: node.calls,
        Measure.PARTICIPANTS: node.participants,
        Measure.LOAD: node.load,
    }
    return values[measure]
