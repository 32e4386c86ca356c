"""From the end of a leaving node's last call to the release of its machine."""

from __future__ import annotations

import re
import time
from collections.abc import Collection, Sequence

from lab.bench.drains.figures import Drains
from lab.bench.drains.labs import ScaledLab
from lab.bench.stopwatch import Measured
from lab.calls.report import Call, Result
from lab.errors import LabError

_CALLS_A_NODE = 3
_STOPPED = re.compile(r"node-\d+: takes no new sessions from now on")
_LET_GO = re.compile(r"node-\d+: .*; its machine may go")
_INSTANCE = "aws:ec2/instance:Instance::"


def drain_under_calls(scaled: ScaledLab, before: int, nodes: int, length: float) -> Drains:
    """Have nodes leave right after calls were opened on all nodes.

    Args:
        scaled: a cluster.
        before: how many nodes it has.
        nodes: how many leave.
        length: of the calls, in seconds.

    Raises:
        LabError: the update failed, or a leaving node's calls ended before it began to drain.
    """
    addresses = scaled.addresses()
    leaving = {addresses[f"node-{number}"] for number in range(before - nodes + 1, before + 1)}
    scaled.want(before - nodes)
    scaled.start_calls(_CALLS_A_NODE * before, length)
    measured = scaled.deploy(before - nodes)
    # Calls know Unix time, the update knows the monotonic clock.
    offset = time.time() - time.monotonic()
    return drains(measured, scaled.calls(), leaving, length, measured.started + offset)


def drains(
    measured: Measured,
    calls: Sequence[Call],
    leaving: Collection[str],
    length: float,
    started: float,
) -> Drains:
    """What an update in which nodes left says. Pure.

    Args:
        measured: the update.
        calls: the calls meanwhile.
        leaving: addresses of the nodes that left.
        length: of the calls, in seconds.
        started: Unix seconds of the update's start.

    Raises:
        LabError: a call did not end well, or says nothing about the drain.
    """
    if wrong := [call for call in calls if call.result is not Result.ENDED]:
        raise LabError(f"calls: expected all to end well, found {wrong[0]}")
    ends = {ip: [call.end for call in calls if call.node_ip == ip] for ip in leaving}
    if without := [ip for ip, found in ends.items() if not found]:
        raise LabError(f"calls: expected some on each node that leaves, found none on {without}")
    last = [max(end for end in found if end is not None) - started for found in ends.values()]
    stopped = _moments(measured, _STOPPED)
    let_go = _moments(measured, _LET_GO)
    if len(stopped) != len(leaving) or len(let_go) != len(leaving):
        raise LabError(
            f"up: expected {len(leaving)} drains, found {len(stopped)} begun and {len(let_go)} over"
        )
    if min(last) < max(stopped):
        raise LabError(
            f"calls: expected them to end after the drains began, at {max(stopped):.1f} s; the "
            f"first node's last one ended at {min(last):.1f} s. Take longer calls"
        )
    return Drains(
        nodes=len(leaving),
        length=length,
        last_call=max(last),
        let_go=max(let_go),
        deleted=min(
            note.start - measured.started
            for note in measured.notes
            if note.method == "Delete" and _INSTANCE in note.urn
        ),
        wall=measured.wall,
    )


def _moments(measured: Measured, pattern: re.Pattern[str]) -> list[float]:
    """When each line of the update like this was printed, from its start."""
    return [at - measured.started for at, line in measured.lines if pattern.search(line)]
