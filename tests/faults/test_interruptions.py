"""A deployment that is stopped at any moment: the same command again completes it, no call cut.

One moment is always tried, all of them with `pytest -m matrix`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from openvidu import environment
from tests.faults.updates import Blow, Condition, Update, says, strike
from tests.lab.conftest import Lab
from tests.lab.watching import calls, require, scale, served

pytestmark = [pytest.mark.lab, pytest.mark.slow, pytest.mark.xdist_group("faults")]

NODE_3 = "10.5.0.8"
CALL_LENGTH = "4s..8s"


def half_edited(update: Update) -> bool:
    """Between the edit of `.env` and the reload of nginx."""
    line = re.search(rf"^{environment.NODE_IPS}=(.*)$", update.lab.base_env(), re.MULTILINE)
    return line is not None and sorted(line[1].split(",")) != served(update.lab)


UP: dict[str, Condition] = {
    "the machine is being made": says(r"Instance node-3 creating"),
    "OpenVidu is being installed": says(r"node-3-install creating"),
    "OpenVidu is being started": says(r"node-3-start creating"),
    "the node joins": says(r"node-3-membership creating"),
    "nginx is about to take its address": half_edited,
}
DOWN: dict[str, Condition] = {
    "it's about to drain": says(r"node-3-wanted deleting"),
    "it takes no new sessions": says("node-3: takes no new sessions"),
    "its calls are waited for": says(r"node-3: waiting for \d+ calls?"),
    "nginx is about to drop its address": half_edited,
    "its machine is about to go": says("node-3: 10.5.0.8 is out of the load balancer"),
}


def cases(
    moments: dict[str, Condition], always: dict[str, Blow]
) -> Callable[[Callable[..., None]], pytest.MarkDecorator]:
    """Each moment with each blow; those not to be tried always are left to the matrix."""
    return pytest.mark.parametrize(
        ("moment", "blow"),
        [
            pytest.param(
                moment,
                blow,
                id=f"{blow.value} when {name}",
                marks=[] if always.get(name) is blow else [pytest.mark.matrix],
            )
            for name, moment in moments.items()
            for blow in Blow
        ],
    )


@cases(UP, {})
def test_scaling_up_is_stopped(lab: Lab, tmp_path: Path, moment: Condition, blow: Blow) -> None:
    stop_and_repeat(lab, tmp_path, 2, 3, moment, blow)


@cases(
    DOWN,
    {"nginx is about to drop its address": Blow.KILL},
)
def test_scaling_down_is_stopped(lab: Lab, tmp_path: Path, moment: Condition, blow: Blow) -> None:
    stop_and_repeat(lab, tmp_path, 3, 2, moment, blow)


def stop_and_repeat(
    lab: Lab, folder: Path, before: int, wanted: int, moment: Condition, blow: Blow
) -> None:
    """Scale under calls, stop that in the middle, and run it again."""
    scale(lab, before)
    with calls(lab, CALL_LENGTH):
        lab.ok("config", "set", "nodeCount", str(wanted))
        if moment is half_edited:
            lab.ok("fault", "set", "slow-reload", "seconds=3", "--on", "base")
        with Update(lab, folder) as update:
            update.wait_until(moment)
            strike(update, blow)
        lab.ok("fault", "clear", "--on", "base")
        lab.ok("up")
    require(lab, *range(1, wanted + 1))


@pytest.mark.matrix
def test_a_node_whose_join_was_killed_drains_before_its_machine_goes(
    lab: Lab, tmp_path: Path
) -> None:
    """The base ends what it has begun, so it takes calls; and no state knows that it has joined."""
    scale(lab, 2)
    with calls(lab, "10s..15s"):
        lab.ok("config", "set", "nodeCount", "3")
        lab.ok("fault", "set", "slow-reload", "seconds=3", "--on", "base")
        with Update(lab, tmp_path) as update:
            update.wait_until(half_edited)
            strike(update, Blow.KILL)
        lab.ok("fault", "clear", "--on", "base")
        lab.wait_until(lambda: "node-3" in {one["node"] for one in live(lab)})
        lab.ok("config", "set", "nodeCount", "2")
        assert "node-3: takes no new sessions" in lab.ok("up")
    require(lab, 1, 2)


def live(lab: Lab) -> list[dict[str, Any]]:
    """The calls that go on."""
    found = lab.json("calls", "report", "--json")["calls"]
    return [one for one in found if one["result"] == "live"]
