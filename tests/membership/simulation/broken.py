"""Drains that are broken on purpose: each forgets one thing that the real one takes care of."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from membership import confirmation
from membership import drain as real
from membership.answers import MediaNode, Silent, Unknown, Unreachable
from membership.clock import Clock, Elapsed
from membership.context import Context, Run
from membership.hold import Held
from membership.load_balancer import ReloadError
from membership.lock import always
from membership.observation import look
from membership.registry import Node
from membership.witnesses import Conclusion, Observation, Statement, Witness, Word, conclude
from tests.membership.simulation import deployment
from tests.membership.simulation.base import SimulatedBase
from tests.membership.simulation.deployment import Operation
from tests.membership.simulation.faults import Kind
from tests.membership.simulation.invariants import Invariant


@dataclass(frozen=True)
class Broken:
    """A broken drain.

    Attributes:
        name: what is wrong with it.
        breaks: what it breaks, in some scenario.
        under: the faults that show it.
        cut: whether connections are cut besides.
        by: the operations that show it.
        install: puts it in place of the real one.
        base_type: a broken base.
    """

    name: str
    breaks: Invariant
    under: tuple[Kind, ...]
    cut: bool = False
    by: Collection[Operation] = tuple(Operation)
    install: Callable[[pytest.MonkeyPatch], None] = lambda _: None
    base_type: type[SimulatedBase] | None = None


def _asks_nobody(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Observation, "was_asked_about", True)
    patch.setattr(real, "_is_still_out", lambda node, context: True)


def _gone_on_error(patch: pytest.MonkeyPatch) -> None:
    def look_lightly(node: Node, context: Context) -> Observation:
        seen = look(node, context)
        failed = isinstance(seen.listed, Unknown) or isinstance(seen.health, Unknown)
        stopped = {Witness.MACHINE: Statement(Word.STOPPED, "it says so")}
        return Observation(None, Silent(), alone=False, testimony=stopped) if failed else seen

    patch.setattr(real, "look", look_lightly)
    patch.setattr(real, "_is_still_out", lambda node, context: True)


def _first_zero_is_idle(patch: pytest.MonkeyPatch) -> None:
    def lightly(seen: Observation) -> Conclusion:
        busy = isinstance(seen.listed, MediaNode) and seen.listed.sessions
        known = seen.listed is None or isinstance(seen.listed, MediaNode)
        return Conclusion.LEFT if known and not busy else conclude(seen)

    patch.setattr(real, "conclude", lightly)
    patch.setattr(confirmation, "LOOKS", 1)
    patch.setattr(confirmation, "LOOKS_ALONE", 1)
    patch.setattr(confirmation, "SECONDS", 0.0)
    _asks_nobody(patch)


def _silence_is_gone(patch: pytest.MonkeyPatch) -> None:
    def lightly(seen: Observation) -> Conclusion:
        silent = isinstance(seen.health, Unreachable | Unknown) and seen.listed is None
        return Conclusion.DEAD if silent else conclude(seen)

    patch.setattr(real, "conclude", lightly)


def late_is_gone(patch: pytest.MonkeyPatch) -> None:
    """Have a drain take a connection that is taken late for none."""

    def lightly(seen: Observation) -> Conclusion:
        is_late = isinstance(seen.health, Unreachable) and "in time" in seen.health.reason
        return Conclusion.DEAD if is_late else conclude(seen)

    patch.setattr(real, "conclude", lightly)
    patch.setattr(confirmation, "LOOKS_ALONE", 1)
    patch.setattr(confirmation, "SECONDS", 0.0)


def _load_balancer_first(patch: pytest.MonkeyPatch) -> None:
    def drain(node: Node, run: Run, context: Context) -> Any:
        context.load_balancer.remove(node.ip, purpose="at once", may=always)
        return real.drain(node, run, context)

    patch.setattr(deployment, "drain", drain)


def _drains_by_address(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(real, "belongs_to_another", lambda node, context: False)


def _holds_nothing(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(deployment, "release", lambda node, run, context: Held.FREE)


def _waits_by_the_time_of_day(patch: pytest.MonkeyPatch) -> None:
    def begin(clock: Clock) -> Elapsed:
        return Elapsed(0.0, clock.boot(), clock.now())

    def until_now(elapsed: Elapsed, clock: Clock) -> Elapsed:
        passed = clock.now() - elapsed.at
        return Elapsed(elapsed.seconds + passed, clock.boot(), clock.now())

    patch.setattr(Elapsed, "begin", begin)
    patch.setattr(Elapsed, "until_now", until_now)


class _NoLock(SimulatedBase):
    @contextmanager
    def _lock(self, purpose: str) -> Iterator[None]:
        yield


class _TrustsTheDisk(SimulatedBase):
    def _is_loaded(self, wanted: set[str]) -> bool:
        try:
            return self.serving() == wanted
        except ReloadError:
            return False


class _ForgetsTheReboot(SimulatedBase):
    def _keep_after_reboot(self) -> None:
        return


BROKEN = (
    Broken("gone on error", Invariant.OUT_AFTER_LEFT, (Kind.API,), install=_gone_on_error),
    Broken(
        "first zero is idle", Invariant.OUT_AFTER_LEFT, (Kind.FLICKER,), install=_first_zero_is_idle
    ),
    Broken(
        "silence is gone",
        Invariant.OUT_AFTER_LEFT,
        (Kind.NONE, Kind.HANG),
        cut=True,
        install=_silence_is_gone,
    ),
    Broken(
        "load balancer first", Invariant.OUT_AFTER_LEFT, (Kind.NONE,), install=_load_balancer_first
    ),
    Broken(
        "no lock",
        Invariant.EXACT_LIST,
        (Kind.NONE,),
        by=(Operation.REMOVE, Operation.ADD),
        base_type=_NoLock,
    ),
    Broken(
        "trusts the disk",
        Invariant.OUT_BEFORE_REMOVED,
        (Kind.NGINX_SILENT, Kind.KILL),
        base_type=_TrustsTheDisk,
    ),
    Broken("forgets the reboot", Invariant.EXACT_LIST, (Kind.NONE,), base_type=_ForgetsTheReboot),
    Broken(
        "waits by the time of day",
        Invariant.FULL_TIME,
        (Kind.CLOCK,),
        install=_waits_by_the_time_of_day,
    ),
    Broken("holds nothing", Invariant.NO_CALL_IS_CUT, (Kind.NONE,), install=_holds_nothing),
    Broken("drains by address", Invariant.OWN_MACHINE, (Kind.NONE,), install=_drains_by_address),
)
