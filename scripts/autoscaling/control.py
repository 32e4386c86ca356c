"""The loop: look, decide, carry out, and look again while an update drains.

A drain can take hours, and calls may come meanwhile. An update that only drains is interrupted when
something else is decided; the next update carries its drains on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import NamedTuple, Protocol

from components.cluster_observation import Unseen
from components.numbering import Wanted
from scripts.autoscaling.cluster_load import Observation
from scripts.autoscaling.decision import Action, Decision, Past, decide
from scripts.autoscaling.memory import with_look
from scripts.autoscaling.scaling_policy import Policy
from scripts.autoscaling.updates import BUSY
from scripts.pulumi_cli import PulumiError

_NAMED = 4
"""Resources that a warning names: enough to know what it's about."""


class Running(Protocol):
    """An update that runs."""

    def wait(self, seconds: float | None = None) -> int | None:
        """Wait for its end: its exit status, or None when it runs still."""

    def interrupt(self) -> None:
        """End it gracefully."""


class Stack(Protocol):
    """The stack, its cluster, and what is remembered of them."""

    def look(self, *, updating: bool) -> Observation | Unseen:
        """The cluster now."""

    def want(self, wanted: Wanted) -> Wanted:
        """Have the configuration want some nodes; returns what it wanted before."""

    def foreign_changes(self, seen: Observation, wanted: Wanted) -> list[str]:
        """Names of what an update would change beyond the nodes that come and go."""

    def start_update(self) -> Running:
        """Start an update."""

    def recall(self) -> Past:
        """What is remembered."""

    def remember(self, past: Past) -> None:
        """Remember."""


class Result(IntEnum):
    """Exit status of a run."""

    DONE = 0
    FAILED = 1
    UNSEEN = 2
    """The cluster couldn't be seen; nothing was done."""


@dataclass(frozen=True)
class Mode:
    """How to run.

    Attributes:
        once: end when one decision has been carried out.
        dry: carry nothing out.
        interval: seconds between looks.
        longest: seconds after which it ends; None where it goes on.
    """

    once: bool = False
    dry: bool = False
    interval: float = 60.0
    longest: float | None = None


@dataclass(frozen=True)
class Surroundings:
    """What a loop needs of the world.

    Attributes:
        now: Unix seconds.
        sleep: waits some seconds.
        tell: tells the operator of a decision.
        warn: tells the operator that something went wrong.
        failed: is told of an update that failed or was refused, beside that.
        went_well: is told that one went well.
    """

    now: Callable[[], float]
    sleep: Callable[[float], None]
    tell: Callable[[Decision], None]
    warn: Callable[[str], None]
    failed: Callable[[str], None] = lambda _: None
    went_well: Callable[[], None] = lambda: None

    def fail(self, problem: str) -> Result:
        """Tell everybody that an update failed, or was refused."""
        self.warn(problem)
        self.failed(problem)
        return Result.FAILED


def control(stack: Stack, policy: Policy, mode: Mode, world: Surroundings) -> Result:
    """Keep the number of nodes at what the calls need.

    Returns:
        How it ended; without `once` and `longest` it doesn't.
    """
    update: Running | None = None
    ends = None if mode.longest is None else world.now() + mode.longest
    try:
        while ends is None or world.now() < ends:
            looked = _look(stack, policy, mode, world, update)
            update = looked.update
            if update is None:
                if mode.once:
                    return looked.result
                world.sleep(mode.interval)
                continue
            status = update.wait(mode.interval)
            if status is not None:
                update = None
                ended = _ended(status, world)
                if mode.once:
                    return ended
        return Result.DONE
    finally:
        if update is not None:
            update.interrupt()


class _Looked(NamedTuple):
    """What came of a look, and the update that runs since, if one does."""

    result: Result
    update: Running | None = None


def _look(
    stack: Stack, policy: Policy, mode: Mode, world: Surroundings, update: Running | None
) -> _Looked:
    """Look once and do what is decided."""
    seen = stack.look(updating=update is not None)
    now, past = world.now(), stack.recall()
    decision = decide(policy, now, seen, past)
    world.tell(decision)
    if isinstance(seen, Unseen):
        return _Looked(Result.UNSEEN, update)
    past = with_look(past, now, seen.demand, policy)
    stack.remember(past)
    if mode.dry or decision.action is Action.HOLD:
        return _Looked(Result.DONE, update)
    if update is not None:
        # It only drains: `decide` leaves any other alone.
        update.interrupt()
    stack.remember(replace(past, changed=now))
    return _carry_out(stack, seen, decision, world)


def _carry_out(stack: Stack, seen: Observation, decision: Decision, world: Surroundings) -> _Looked:
    wanted = decision.wanted or seen.wanted
    try:
        foreign = _foreign_changes(stack, seen, wanted)
    except PulumiError as error:
        return _Looked(world.fail(str(error)))
    if foreign:
        refused = world.fail(
            "the update would change more than the number of nodes: "
            f"{_listed(foreign)}.\n  Nothing was changed. Look at it: pulumi preview"
            "\n  Next: pulumi up"
        )
        return _Looked(refused)
    return _Looked(Result.DONE, stack.start_update())


def _foreign_changes(stack: Stack, seen: Observation, wanted: Wanted) -> list[str]:
    """Have some nodes wanted, unless an update would change something else; what that is."""
    before = stack.want(wanted)
    fits = False
    try:
        foreign = stack.foreign_changes(seen, wanted)
        fits = not foreign
    finally:
        if not fits:
            stack.want(before)
    return foreign


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")


def _ended(status: int, world: Surroundings) -> Result:
    if status == 0:
        world.went_well()
        return Result.DONE
    if status == BUSY:
        world.fail(
            "another update holds the stack; it's looked at again later.\n"
            "  If none runs, one was killed: docs/runbook.md, 'An update was killed'"
        )
        return Result.DONE
    return world.fail(
        f"the update ended with status {status}; it has said why.\n"
        "  It's tried again after the out-cooldown. Next: pulumi preview"
    )
