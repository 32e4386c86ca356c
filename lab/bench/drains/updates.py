"""The load balancer's list changes again and again while users are at work."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Any

from lab.bench.drains import traffic
from lab.bench.drains.figures import Updates
from lab.bench.drains.labs import ScaledLab
from lab.calls.report import Call, Result
from lab.cli.calls import door
from lab.directory import PROJECT
from lab.errors import LabError
from openvidu import api

_HELD, _HELD_SECONDS, _USERS = 10, 3600.0, 2
_SHORT, _SHORT_SECONDS = 2, 3.0
_EDIT = """\
python3 - {address} {updates} {seconds} <<'END'
import sys, time
sys.path.insert(0, "/opt/openvidu-membership/membership.pyz")
from membership.load_balancer import LoadBalancer

address, updates, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
balancer = LoadBalancer()
begun = time.monotonic()
for number in range(updates):
    time.sleep(max(0.0, begun + number * seconds - time.monotonic()))
    (balancer.add if number % 2 else balancer.remove)(address, purpose="a benchmark")
END
"""


def change_the_list(scaled: ScaledLab, node: str, updates: int, every: float) -> Updates:
    """Take a healthy node out of the list, and put it in again, under traffic.

    Args:
        scaled: a cluster.
        node: the node's name.
        updates: how often to change the list; an even number leaves it as it was.
        every: seconds from one change to the next, at least.

    Raises:
        LabError: an update failed, or the calls couldn't be made.
    """
    scaled.start_calls(_HELD, _HELD_SECONDS, users=_USERS)
    scaled.start_calls(_SHORT, _SHORT_SECONDS, keep=True, users=_USERS)
    address = scaled.addresses()[node]
    asking = _ask(scaled)
    begun = time.monotonic()
    try:
        edit(scaled, address, updates, every)
        wall = time.monotonic() - begun
        said, _ = asking.communicate()
    finally:
        asking.kill()
        asking.wait()
    if asking.returncode:
        raise LabError(f"traffic: ended with {asking.returncode}")
    return result(updates, wall, json.loads(said), scaled.hang_up())


def edit(scaled: ScaledLab, address: str, updates: int, every: float) -> None:
    """Take an address out of the list, and put it in again, in turns.

    Args:
        scaled: a cluster.
        address: the private one of a healthy node.
        updates: how often to change the list; an even number leaves it as it was.
        every: seconds from one change to the next, at least.

    Raises:
        LabError: one of them failed.
    """
    scaled.on("base", _EDIT.format(address=address, updates=updates, seconds=every))


def result(updates: int, wall: float, said: dict[str, Any], calls: Sequence[Call]) -> Updates:
    """What the updates did to users. Pure.

    Args:
        updates: how many.
        wall: how long they took, in seconds.
        said: what the traffic printed.
        calls: those that were held over all of it, and those that were opened meanwhile.
    """
    held = [call for call in calls if call.length == _HELD_SECONDS]
    short = [call for call in calls if call.length != _HELD_SECONDS]
    return Updates(
        updates=updates,
        wall=wall,
        requests=said["requests"],
        failed=sum(said["failed"].values()),
        reasons=said["failed"],
        sockets=len(held) * _USERS,
        broken=sum(len(call.reconnections) + (not _went_well(call)) for call in held),
        calls=len(short),
        lost=sum(not _went_well(call) for call in short),
    )


def _went_well(call: Call) -> bool:
    """Whether it was opened at the first try, and ended well."""
    return call.result is Result.ENDED and call.tries == 1


def _ask(scaled: ScaledLab) -> subprocess.Popen[str]:
    entrance = door(scaled.lab.stack)
    if entrance.authority is None:
        raise LabError("traffic: expected the example's certificate, found a self-signed one")
    page = f"{entrance.url}{api.NODE_HEALTH}"
    command = [sys.executable, "-m", traffic.__name__, page, entrance.authority]
    return subprocess.Popen(
        scaled.lab.supervisor.enter(command),
        cwd=PROJECT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
