"""A machine that AWS calls running and that is dead: told at once, and repaired by one command."""

from __future__ import annotations

import pytest

from tests.lab.conftest import Lab
from tests.lab.walking import BREAKS, require_update_to_fail, walk
from tests.lab.watching import calls, require, require_well, script

pytestmark = [pytest.mark.lab, pytest.mark.slow, pytest.mark.xdist_group("broken")]

SCALED_DOWN = ("config", "set", "nodeCount", "1")
AS_BEFORE = ("config", "set", "nodeCount", "2")


def first_warning(lab: Lab) -> str:
    """What a preview warns of first."""
    printed = lab.ok("preview")
    return next(line for line in printed.splitlines() if "warning: " in line)


def repaired(lab: Lab, name: str, *options: str) -> str:
    """What the repair of a machine prints, which has to help."""
    done = script(lab, "repair", name, "--yes", *options)
    assert done.status == 0, done.out + done.err
    assert f"{name} works again." in done.out
    return done.out


def test_a_base_that_hangs_ends_an_update_at_once_and_is_repaired(cluster: Lab) -> None:
    cluster.ok("kill", "base")
    warned = first_warning(cluster)
    assert "machine impaired" in warned
    assert warned.endswith("Next: uv run openvidu-enterprise repair base")
    refused = cluster.run("up")
    assert refused.status != 0
    assert "The base is down" in refused.out + refused.err
    status = script(cluster, "status")
    assert status.status == 1
    assert "Next: uv run openvidu-enterprise repair base" in status.out
    assert "gone" not in status.out
    assert "reboot: " in repaired(cluster, "base")
    require_well(cluster)


def test_a_node_that_hangs_is_waited_for_by_nobody_and_is_repaired(cluster: Lab) -> None:
    cluster.ok("kill", "node-2")
    assert first_warning(cluster).endswith("Next: uv run openvidu-enterprise repair node-2")
    printed = cluster.ok("up")
    assert "it's left as it is" in printed
    status = script(cluster, "status")
    assert status.status == 1
    assert "Next: uv run openvidu-enterprise repair node-2" in status.out
    kept = script(cluster, "repair", "node-2", "--yes")
    assert kept.status == 1
    assert "only you can say" in kept.out
    assert "uv run openvidu-enterprise repair node-2 --dead" in kept.out
    repaired(cluster, "node-2", "--dead")
    require_well(cluster)


def test_a_node_with_calls_is_not_restarted(cluster: Lab) -> None:
    with calls(cluster, "8s..12s"):
        done = script(cluster, "repair", "node-2", "--yes", "--to", "replace")
        assert done.status == 0
        assert "there is nothing to repair" in done.out
        cluster.ok("fault", "set", "retire-host", "host=node-2")
        assert "instance-retirement" in first_warning(cluster)
        kept = script(cluster, "repair", "node-2", "--yes", "--to", "stop-start")
        assert "uv run openvidu-enterprise retire node-2" in kept.out
        cluster.ok("fault", "clear")
    require(cluster, 1, 2)


@pytest.mark.matrix
def test_what_is_named_first_repairs_a_base_that_is_lost_while_a_node_is_to_leave(
    cluster: Lab,
) -> None:
    cluster.ok(*SCALED_DOWN)
    try:
        BREAKS["crash"](cluster, "base")
        way = walk(cluster, "base")
        way.go()
        assert way.typed[0] == "uv run openvidu-enterprise repair base"
        cluster.ok("up")
        require_well(cluster)
    finally:
        cluster.ok(*AS_BEFORE)
        cluster.ok("up", "--refresh")


@pytest.mark.matrix
def test_an_update_does_not_end_well_with_a_base_that_is_dead(cluster: Lab) -> None:
    require_update_to_fail(cluster, "base")
    walk(cluster, "base").go()
    require_well(cluster)
