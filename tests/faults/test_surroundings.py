"""What happens around a drain that runs: it goes on, and cuts no call itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from openvidu import release
from tests.faults.updates import Update, says
from tests.lab.conftest import Lab
from tests.lab.watching import require, scale

pytestmark = [pytest.mark.lab, pytest.mark.slow, pytest.mark.xdist_group("faults")]

DRAINING = says("node-3: takes no new sessions")


@contextmanager
def draining(lab: Lab, folder: Path, length: str) -> Iterator[Update]:
    """Node 3, leaving while it carries calls."""
    scale(lab, 3)
    lab.ok("calls", "start", "--media", "0", "--count", "9", "--length", length)
    lab.ok("config", "set", "nodeCount", "2")
    with Update(lab, folder) as update:
        update.wait_until(DRAINING)
        try:
            yield update
        except BaseException:
            # What comes next has a cluster that works, whatever failed here.
            lab.run("calls", "stop", "--now")
            lab.run("fault", "clear")
            raise


def results(lab: Lab) -> dict[str, set[str]]:
    """How calls went: the nodes that carried them, by result."""
    lab.ok("calls", "wait")
    found: dict[str, set[str]] = {}
    calls: list[dict[str, Any]] = lab.json("calls", "report", "--json")["calls"]
    for call in calls:
        found.setdefault(call["result"], set()).add(call["node"])
    return found


def require_all_ended(lab: Lab) -> None:
    told = lab.ok("calls", "wait") + lab.ok("calls", "report")
    assert results(lab) == {"ended": {"node-1", "node-2", "node-3"}}, told


def require_none_cut_by_the_drain(lab: Lab) -> None:
    """Those that a broken way has cut had lost it; none was live when the machine went."""
    lab.ok("calls", "wait")
    calls = lab.json("calls", "report", "--json")["calls"]
    causes = {call.get("step") or "" for call in calls if call["result"] == "cut"}
    assert not any("was removed" in cause or "was stopped" in cause for cause in causes), causes


@pytest.mark.matrix
def test_a_drain_outlives_lost_connections_errors_and_redis(lab: Lab, tmp_path: Path) -> None:
    with draining(lab, tmp_path, "20s..25s") as update:
        lab.on("base", "pkill -f 'sshd: ubuntu'")
        update.wait_until(says("no connection to the base"))
        for node in ("node-1", "node-2"):
            lab.ok("fault", "set", "api", "answer=500", "times=3", "--on", node)
        lab.on("base", f"cd {release.BASE.folder} && docker compose restart redis")
        assert update.finish() == 0, update.said
    # A client of another node whose way led through node-3 finds back by what Redis has forgotten.
    results = {
        call["result"]
        for call in lab.json("calls", "report", "--json")["calls"]
        if call["node"] == "node-3"
    }
    assert results == {"ended"}, lab.ok("calls", "report")
    lab.ok("calls", "wait")
    require(lab, 1, 2)


def test_a_drain_that_is_aborted_says_so_and_the_node_comes_back(lab: Lab, tmp_path: Path) -> None:
    with draining(lab, tmp_path, "25s..30s") as update:
        update.wait_until(says("To keep node-3: uv run openvidu-enterprise abort-drain node-3"))
        lab.ok("run", "--", "python", "-m", "scripts.abort_drain", "node-3")
        assert update.finish() != 0
    assert re.search(r"node-3: its drain was aborted: by \S+ on \S+ since", update.said)
    assert "once abort_drain is done: pulumi preview, then: pulumi up" in update.said
    require_all_ended(lab)
    assert lab.ok("config", "get", "nodeCount").strip() == "3"
    lab.ok("up")
    require(lab, 1, 2, 3)
    scale(lab, 2)


@pytest.mark.matrix
def test_of_two_operators_one_waits_or_takes_over(lab: Lab, tmp_path: Path) -> None:
    with draining(lab, tmp_path, "30s..35s") as first:
        refused = lab.run("up")
        assert refused.status != 0
        assert "the stack is currently locked" in refused.out + refused.err
        # The second one takes the lock away, though the first one lives.
        lab.ok("cancel")
        lab.ok("up")
        assert first.finish() != 0
    assert "a newer run works on it" in first.said
    require_all_ended(lab)
    require(lab, 1, 2)


@pytest.mark.parametrize(
    ("how", "found"),
    [
        ("drop", "no way to port 4443"),
        pytest.param("reject", "nothing listens on port 4443", marks=pytest.mark.matrix),
    ],
)
def test_a_node_that_only_the_base_cannot_see_keeps_its_machine(
    lab: Lab, tmp_path: Path, how: str, found: str
) -> None:
    with draining(lab, tmp_path, "60s..65s") as update:
        lab.ok("fault", "set", "partition", "from=base", f"how={how}", "--on", "node-3")
        update.wait_until(says(rf"from here {found}.*AWS says: \S+ is running"))
        assert re.search("its machine says: [1-9] containers of OpenVidu", update.said)
        # Its users' sockets lead through the base here, and break with that; the machine stays.
        assert "dead" not in update.said
        assert lab.json("status", "--json")["hosts"]["node-3"]["running"]
        lab.ok("fault", "clear", "--on", "node-3")
        assert update.finish() == 0, update.said
    lab.ok("calls", "stop", "--now")
    require(lab, 1, 2)


@pytest.mark.matrix
@pytest.mark.parametrize(
    ("far", "seen"),
    [
        ("peers", "has left the cluster"),
        # Whether it has left, its machine is asked: by the operator, who can't reach it.
        ("operator", "waiting for a sign of it .*SSH to it from here: no answer in time"),
    ],
)
def test_a_node_that_others_than_the_base_cannot_see_drains_as_any(
    lab: Lab, tmp_path: Path, far: str, seen: str
) -> None:
    with draining(lab, tmp_path, "30s..35s") as update:
        lab.ok("fault", "set", "partition", f"from={far}", "--on", "node-3")
        update.wait_until(says(seen))
        lab.ok("fault", "clear", "--on", "node-3")
        assert update.finish() == 0, update.said
    require_none_cut_by_the_drain(lab)
    require(lab, 1, 2)


@pytest.mark.matrix
@pytest.mark.parametrize("fault", ["partition from=all", "partition from=base way=in", "hang"])
def test_a_node_that_nobody_sees_for_minutes_keeps_its_machine(
    lab: Lab, tmp_path: Path, fault: str
) -> None:
    with draining(lab, tmp_path, "30s..35s") as update:
        lab.ok("fault", "set", *fault.split(), "--on", "node-3")
        update.wait_until(says(r"waiting for .*, 0:0[4-9]:\d\d of"))
        assert "dead" not in update.said
        assert lab.json("status", "--json")["hosts"]["node-3"]["running"]
        lab.ok("fault", "clear", "--on", "node-3")
        assert update.finish() == 0, update.said
    require_none_cut_by_the_drain(lab)
    require(lab, 1, 2)


@pytest.mark.matrix
@pytest.mark.parametrize(
    "fault",
    [
        "partition from=base",
        "partition from=operator",
        "partition from=all",
        "partition from=base how=reject",
        "hang",
    ],
)
def test_a_node_that_is_not_seen_to_the_limit_keeps_its_machine(
    lab: Lab, tmp_path: Path, fault: str
) -> None:
    lab.ok("config", "set", "drainTimeout", "60s")
    try:
        with draining(lab, tmp_path, "20s..25s") as update:
            lab.ok("fault", "set", *fault.split(), "--on", "node-3")
            assert update.finish() != 0
        assert re.search(r"still waiting for .* after 0:01:00", update.said), update.said
        assert "The machine stays, and so do its calls." in update.said
        assert "dead" not in update.said.replace("if it's dead", "").replace("--dead", "")
        assert lab.json("status", "--json")["hosts"]["node-3"]["running"]
    finally:
        lab.ok("config", "rm", "drainTimeout")
        lab.ok("fault", "clear", "--on", "node-3")
    lab.ok("up")
    require_none_cut_by_the_drain(lab)
    require(lab, 1, 2)


@pytest.mark.matrix
@pytest.mark.parametrize(("how", "state"), [("terminate", "terminated"), ("stop", "stopped")])
def test_a_node_that_dies_in_its_drain_is_not_waited_for(
    lab: Lab, tmp_path: Path, how: str, state: str
) -> None:
    with draining(lab, tmp_path, "90s..95s") as update:
        lab.ok("fault", "set", "lose-host", "host=node-3", f"how={how}")
        assert update.finish() == 0, update.said
    lab.ok("calls", "stop", "--now")
    assert "node-3" in results(lab)["cut"]
    # A socket of another node's call may have led through node-3: its death may cut that too. And
    # clients may notice only when the rest of the machine is gone as well.
    calls = lab.json("calls", "report", "--json")["calls"]
    causes = {call["step"] for call in calls if call["result"] == "cut"}
    its_own = ("node-3 crashed", "the machine of node-3 was removed")
    assert all(cause.startswith(its_own) for cause in causes), causes
    told = rf"node-3: the node is dead, and with it \d+ calls? \(.*AWS says: \S+ is {state}"
    assert re.search(told, update.said), update.said
    require(lab, 1, 2)


@pytest.mark.matrix
def test_a_node_of_which_nobody_knows_goes_on_the_operator_s_word(lab: Lab, tmp_path: Path) -> None:
    with draining(lab, tmp_path, "90s..95s") as update:
        # AWS goes on to say that it runs.
        lab.ok("kill", "node-3")
        update.wait_until(says("waiting for a sign of it"))
        lab.ok("run", "--", "python", "-m", "scripts.retire", "node-3", "--dead", "--yes")
        assert update.finish() == 0, update.said
    assert "says that it's dead" in update.said
    lab.ok("calls", "stop", "--now")
    require(lab, 1, 2)


@pytest.mark.matrix
def test_a_drain_outlives_a_reboot_of_the_base(lab: Lab, tmp_path: Path) -> None:
    with draining(lab, tmp_path, "30s..35s") as update:
        base = next(h for h in lab.supervisor.control.hosts() if h.name.endswith("-base"))
        lab.supervisor.control.reboot_host(base.instance_id)
        assert update.finish() == 0, update.said
    lab.ok("calls", "wait")
    # A reboot that outlasts the patience of clients cuts calls; nothing else may.
    calls = lab.json("calls", "report", "--json")["calls"]
    wrong = {call.get("step", call["result"]) for call in calls if call["result"] != "ended"}
    its_own = {"base crashed", "the load balancer was restarted"}
    assert wrong <= its_own, lab.ok("calls", "report")
    require(lab, 1, 2)
