"""Outside of `changeWindow` nodes come and go, and what restarts is refused until it opens."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from tests.lab.conftest import Lab, deployed
from tests.lab.watching import (
    calls,
    require,
    require_order,
    scale,
    start_calls,
    update_waits_for_calls,
)

pytestmark = [pytest.mark.lab, pytest.mark.matrix, pytest.mark.xdist_group("window")]


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with deployed("window") as lab:
        yield lab


def test_a_restart_waits_for_the_window_and_scaling_does_not(lab: Lab) -> None:
    shut = f"{datetime.now(UTC) + timedelta(days=2):%a} 03:00-04:00 UTC"
    lab.ok("config", "set", "changeWindow", shut)
    lab.ok("up")
    lab.ok("config", "set", "extraEnv.OPENVIDU_CDR", "true", "--path")
    told = lab.ok("preview")
    assert "An update now is refused, as this waits for changeWindow" in told
    before = lab.json("state")["deployment"]["resources"]
    refused = lab.run("up")
    assert refused.status != 0
    require_order(
        refused.out + refused.err,
        f"This update waits for changeWindow, {shut}. Nothing was changed.",
        "It opens on ",
        "pulumi config set changeWindow now && pulumi up",
    )
    assert lab.json("state")["deployment"]["resources"] == before

    lab.ok("config", "rm", "extraEnv.OPENVIDU_CDR", "--path")
    with calls(lab, "4s..8s"):
        scale(lab, 3)
        scale(lab, 2)
    require(lab, 1, 2)

    lab.ok("config", "set", "extraEnv.OPENVIDU_CDR", "true", "--path")
    lab.ok("config", "set", "changeWindow", "daily 00:00-24:00 UTC")
    start_calls(lab)
    update_waits_for_calls(lab)
    found = lab.on("node-1", "cat /opt/openvidu/.env")
    assert "OPENVIDU_CDR=true" in found
    assert set(lab.json("preview", "--json")["changeSummary"]) == {"same"}
