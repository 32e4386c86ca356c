"""How many nodes there should be now: target tracking, with bounds and patience. Pure.

Nodes are added as soon as they are needed. They leave late: when the cluster has been quiet for a
whole window, all nodes serve, and those that stay could have carried its busiest moment. What
isn't known changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from itertools import pairwise
from math import ceil

from components.cluster_observation import Unseen
from components.numbering import Wanted
from scripts.autoscaling.cluster_load import Demand, Observation
from scripts.autoscaling.scaling_policy import Measure, Policy

_GAPS = 3
"""Looks may be apart by this part of the window: a cluster nobody looked at wasn't quiet."""
_ROUNDING = 9
"""Decimals that count: three times a third is one node, not two."""


class Action(StrEnum):
    """What to do."""

    HOLD = "hold"
    OUT = "scale out"
    IN = "scale in"
    AGAIN = "update again"
    """The same number of nodes, and what isn't as it should be is put right."""


@dataclass(frozen=True)
class Sample:
    """What the cluster carried, at a time in Unix seconds."""

    at: float
    demand: Demand


@dataclass(frozen=True)
class Past:
    """What is remembered.

    Attributes:
        samples: earlier looks, oldest first.
        changed: Unix seconds of the last update that was started; None when there was none.
    """

    samples: Sequence[Sample] = ()
    changed: float | None = None


@dataclass(frozen=True)
class Decision:
    """What to do, and why.

    Attributes:
        action: what to do.
        reasons: for the operator, in the order in which they were weighed.
        wanted: the nodes that the configuration should want; None where it stays as it is.
        is_blind: whether the cluster couldn't be seen.
    """

    action: Action
    reasons: tuple[str, ...]
    wanted: Wanted | None = None
    is_blind: bool = False


def decide(policy: Policy, now: float, seen: Observation | Unseen, past: Past) -> Decision:
    """What to do now.

    Args:
        policy: what the operator wants.
        now: Unix seconds.
        seen: the cluster.
        past: earlier looks and changes.
    """
    if isinstance(seen, Unseen):
        reason = f"the cluster can't be seen: {seen.reason}"
        return Decision(Action.HOLD, (reason,), is_blind=True)
    scheduled, policy = policy.since(now), policy.at(now)
    count = seen.wanted.count
    needed = nodes_for(policy, seen.demand)
    told: tuple[str, ...] = (_in_words(seen), _needed_in_words(policy, seen.demand, needed))
    if scheduled:
        told += (f"{policy.minimum} to {policy.maximum} nodes, by {', '.join(scheduled)}",)
    if seen.updating and seen.unready:
        return Decision(Action.HOLD, (*told, "an update is bringing nodes into service"))
    asked = min(max(needed, policy.minimum), policy.maximum)
    waiting = _left(policy.out_cooldown, now, past.changed)
    if asked > count:
        if waiting and count >= policy.minimum:
            return Decision(Action.HOLD, (*told, f"out-cooldown: {waiting:.0f} s left"))
        wanted = seen.wanted.grown(asked, seen.leaving)
        return Decision(Action.OUT, (*told, *_beyond(policy, needed)), wanted)
    told = (*told, *_beyond(policy, needed))
    if not seen.updating and (seen.unready or seen.leaving):
        return _again(seen, told, waiting)
    return _scale_in(policy, now, seen, past, told)


def nodes_for(policy: Policy, demand: Demand, *, slack: float = 0.0) -> int:
    """Nodes that carry a demand within the targets; at least 1.

    Args:
        policy: gives the targets.
        demand: of the whole cluster.
        slack: share of the targets that stays free.
    """
    return max(1, *(_nodes(policy, demand, measure, slack) for measure in policy.targets))


def _nodes(policy: Policy, demand: Demand, measure: Measure, slack: float) -> int:
    return ceil(round(demand[measure] / (policy.targets[measure] * (1 - slack)), _ROUNDING))


def _again(seen: Observation, told: tuple[str, ...], waiting: float) -> Decision:
    what = [f"node-{number} doesn't serve" for number in sorted(seen.unready)]
    what += [f"node-{number} hasn't left yet" for number in sorted(seen.leaving)]
    if waiting:
        return Decision(Action.HOLD, (*told, *what, f"out-cooldown: {waiting:.0f} s left"))
    return Decision(Action.AGAIN, (*told, *what))


def _scale_in(
    policy: Policy, now: float, seen: Observation, past: Past, told: tuple[str, ...]
) -> Decision:
    count = seen.wanted.count
    hold = Decision(Action.HOLD, told)
    if count <= policy.minimum:
        return hold
    recent = [one for one in past.samples if one.at >= now - policy.window.total_seconds()]
    demands = [seen.demand, *(one.demand for one in recent)]
    peak = max(nodes_for(policy, demand, slack=policy.slack) for demand in demands)
    fewer = max(peak, policy.minimum, count - policy.most_removed)
    if fewer >= count:
        return hold
    obstacle = _not_yet(policy, now, past)
    told = (
        *told,
        f"the last {policy.window} took {peak} at most, with {policy.slack:.0%} to spare",
    )
    if obstacle:
        return Decision(Action.HOLD, (*told, obstacle))
    return Decision(Action.IN, told, seen.wanted.shrunk(fewer))


def _not_yet(policy: Policy, now: float, past: Past) -> str | None:
    """Why no node may leave yet."""
    waiting = _left(policy.in_cooldown, now, past.changed)
    if waiting:
        return f"in-cooldown: {waiting:.0f} s left"
    window = policy.window.total_seconds()
    # The last look before the window says what it began with.
    times = sorted(one.at for one in past.samples)
    before = [at for at in times if at <= now - window]
    within = [at for at in times if now - window < at < now]
    if not before:
        return f"not looked at for {policy.window} yet"
    looks = [before[-1], *within, now]
    if max(b - a for a, b in pairwise(looks)) > window / _GAPS:
        return f"not looked at often enough in the last {policy.window}"
    return None


def _left(cooldown: timedelta, now: float, changed: float | None) -> float:
    return 0.0 if changed is None else max(0.0, changed + cooldown.total_seconds() - now)


def _beyond(policy: Policy, needed: int) -> tuple[str, ...]:
    if needed <= policy.maximum:
        return ()
    return (f"--max {policy.maximum} is less than what is needed: calls may be refused",)


def _in_words(seen: Observation) -> str:
    numbers = ", ".join(f"{seen.demand[measure]:g} {measure}" for measure in seen.demand)
    text = f"{len(seen.serving)} of {seen.wanted.count} wanted nodes serve; {numbers}"
    if seen.leaving:
        text += f"; {len(seen.leaving)} leaving"
    return text


def _needed_in_words(policy: Policy, demand: Demand, needed: int) -> str:
    parts = [
        f"{demand[measure]:g} {measure} at {target:g} a node"
        for measure, target in policy.targets.items()
    ]
    return f"{', '.join(parts)}: {needed} {'node' if needed == 1 else 'nodes'}"
