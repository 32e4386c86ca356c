"""An update that is killed with SIGKILL, and the same command again."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from statistics import median

from lab.bench.drains.figures import Crash
from lab.bench.drains.labs import ScaledLab
from lab.bench.drains.running import running
from lab.errors import LabError

FEWER, MORE = 2, 3
_CALLS = 9


def crashes(scaled: ScaledLab, parts: Sequence[float], repeat: int, length: float) -> list[Crash]:
    """Kill updates from two to three nodes and back; until a second one fails.

    Args:
        scaled: a cluster of two nodes, whose machines take their time to boot.
        parts: when to kill, as parts of the whole time.
        repeat: how often to find out how long an update takes that isn't killed.
        length: of the calls on a node that leaves, in seconds.

    Raises:
        LabError: an update ended before it was to be killed.
    """
    ups, downs = [], []
    for _ in range(repeat):
        ups.append(scaled.scale(MORE).wall)
        scaled.start_calls(_CALLS, length)
        downs.append(scaled.scale(FEWER).wall)
        scaled.calls()
    found = []
    for part in parts:
        for scales, nodes, whole in (("up", MORE, median(ups)), ("down", FEWER, median(downs))):
            found.append(_crash(scaled, scales, nodes, whole, part, length))
            if found[-1].again is None:
                return found
    return found


def _crash(
    scaled: ScaledLab, scales: str, nodes: int, whole: float, part: float, length: float
) -> Crash:
    scaled.want(nodes)
    if nodes == FEWER:
        scaled.start_calls(_CALLS, length)
    begun = time.monotonic()
    with running(scaled) as update:
        time.sleep(part * whole)
        if not update.kill():
            raise LabError(f"up: expected it to take {whole:.1f} s, it took less than {part:.0%}")
    at = time.monotonic() - begun
    # Nobody but the operator can know that the lock's owner is dead.
    scaled.lab.stack.run(scaled.lab.pulumi("cancel", "--yes"), quiet=True)
    try:
        again = scaled.deploy(nodes).wall
    except LabError as error:
        sys.stderr.write(f"{error}\n")
        again = None
    scaled.calls()
    return Crash(scales, whole, at, again)
