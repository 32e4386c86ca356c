"""What calls hear while the cluster changes: the longest gap in their sound, change by change."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from lab.bench.drains import updates
from lab.bench.drains.figures import Gaps
from lab.bench.drains.labs import ScaledLab
from lab.calls.report import Call, Result
from lab.cloud.control.client import ControlError
from lab.errors import LabError
from lab.status import hosts_by_name

FEWER, MORE = 2, 3
CALLS = 3
"""With sound, at a time: users and node of one take a fifth of a processor together."""
QUIET = "none"
_OTHER_TYPE = "m5.2xlarge"
"""As large as the example's: a type that is another one replaces each node."""
_HELD_SECONDS = 3600.0
_LIMIT_SECONDS = 180.0
_LOOK_SECONDS = 0.5


@dataclass(frozen=True)
class Phase:
    """A change that was made while calls went on.

    Attributes:
        change: what it is.
        is_loss: whether something is lost by it.
        begun: Unix seconds.
        over: Unix seconds.
    """

    change: str
    is_loss: bool
    begun: float
    over: float


def listen(scaled: ScaledLab, length: float, number: int, every: float) -> list[Gaps]:
    """Change the cluster while calls with sound go on.

    Args:
        scaled: a cluster of two nodes, with room for one more.
        length: of the calls that one after the other begin while nodes come and go, and of the time
            without a change, in seconds.
        number: how often the load balancer's list is changed; an even one.
        every: seconds from one of these to the next, at least.

    Raises:
        LabError: an update failed, or the base doesn't come back.
    """
    scaled.start_calls(CALLS, length, keep=True, users=2, media=CALLS)
    address = scaled.addresses()[f"node-{FEWER}"]
    phases = [
        _during(QUIET, lambda: time.sleep(2 * length)),
        _during(
            f"{number} updates of the list", lambda: updates.edit(scaled, address, number, every)
        ),
        _during(f"{FEWER} to {MORE} nodes", lambda: scaled.scale(MORE)),
    ]
    # So that the new node has calls, for which its drain waits.
    time.sleep(length)
    phases += [
        _during(f"{MORE} to {FEWER} nodes", lambda: scaled.scale(FEWER)),
        _during("both nodes replaced, in turns", lambda: _replace(scaled)),
    ]
    found = _of_all(phases, scaled.hang_up())
    # Nobody can begin a call while the base is away: these were begun before.
    scaled.start_calls(CALLS, _HELD_SECONDS, users=2, media=CALLS)
    rebooted = _during("the base is rebooted", lambda: reboot(scaled), is_loss=True)
    return found + _of_all([rebooted], scaled.hang_up())


def gaps(phase: Phase, calls: Sequence[Call]) -> Gaps:
    """What calls heard during a change. Pure.

    Args:
        phase: the change.
        calls: all that were made, before, meanwhile and after; they are over.

    Raises:
        LabError: none of them had sound meanwhile.
    """
    there = [call for call in calls if _overlap(phase, call.start, call.end or phase.over)]
    if not any(call.sound for call in there):
        raise LabError(f"{phase.change}: expected calls with sound meanwhile, found none")
    heard = [
        call.sound.longest_gap
        for call in there
        if call.sound
        and _overlap(
            phase, call.sound.gap_since, call.sound.gap_since + call.sound.longest_gap / 1000
        )
    ]
    lost = [call for call in there if call.result is Result.CUT]
    refused = [
        call for call in there if call.result is Result.REFUSED and call.start >= phase.begun
    ]
    return Gaps(
        change=phase.change,
        is_loss=phase.is_loss,
        seconds=phase.over - phase.begun,
        calls=len(there),
        cut=sum(_overlap(phase, call.last_heard, call.end or phase.over) for call in lost),
        refused=len(refused),
        reconnected=sum(
            phase.begun <= one.at <= phase.over for call in there for one in call.reconnections
        ),
        longest=max(heard, default=0),
    )


def reboot(scaled: ScaledLab) -> None:
    """Reboot the base, and wait until it serves both nodes again.

    Raises:
        LabError: it doesn't come back.
        ControlError: likewise.
    """
    control = scaled.lab.supervisor.control
    control.reboot_host(hosts_by_name(scaled.lab.stack)["base"].instance_id)
    limit = time.monotonic() + _LIMIT_SECONDS
    while True:
        try:
            scaled.lab.require_health(FEWER)
        except (LabError, ControlError):
            # While it boots there may be nobody to ask.
            if time.monotonic() > limit:
                raise
            time.sleep(_LOOK_SECONDS)
        else:
            return


def _of_all(phases: Sequence[Phase], calls: Sequence[Call]) -> list[Gaps]:
    return [gaps(phase, calls) for phase in phases]


def _overlap(phase: Phase, start: float, end: float) -> bool:
    return start <= phase.over and end >= phase.begun


def _during(change: str, act: Callable[[], object], *, is_loss: bool = False) -> Phase:
    begun = time.time()
    act()
    return Phase(change, is_loss, begun, time.time())


def _replace(scaled: ScaledLab) -> None:
    scaled.lab.stack.set_config("nodeInstanceType", _OTHER_TYPE)
    scaled.deploy(FEWER)
