"""Standbys: nodes join in the time of a boot, leave without a cut call, and stop after that."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.lab.conftest import REFERENCE, Lab, deployed, needs_cli
from tests.lab.watching import (
    calls,
    numbers,
    require_allowed,
    require_order,
    require_well,
    scale,
    served,
)

pytestmark = [pytest.mark.lab, pytest.mark.matrix, pytest.mark.xdist_group("standby")]

ASK_EC2 = """
import sys, boto3
getattr(boto3.client("ec2", "eu-west-1"), sys.argv[1])(InstanceIds=[sys.argv[2]])
"""
SECRETS = ("openviduSecret", "redisPassword", "s3SecretKey", "openviduProLicense")
REPLACE = """
urn=$(pulumi stack --show-urns | grep -o 'urn:.*::node-2-awake')
pulumi up --yes --skip-preview --replace "$urn"
"""


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with deployed("standby", "--config", "standbyNodes=1", engine=REFERENCE) as lab:
        # A machine has an Elastic IP: AWS's quota is five, and this is about more.
        lab.ok("fault", "set", "quota", "addresses=10")
        yield lab


def states(lab: Lab) -> dict[str, str]:
    """What AWS says of each machine that is there, by name."""
    return {
        one.name.partition(f"{lab.name}-")[2]: one.state
        for one in lab.supervisor.control.hosts()
        if one.state not in ("terminated", "shutting-down")
    }


def require(lab: Lab, nodes: int) -> None:
    """So many nodes serve, a standby is stopped, and nothing is left to do."""
    running = dict.fromkeys(["base", *(f"node-{one + 1}" for one in range(nodes))], "running")
    assert states(lab) == {**running, f"node-{nodes + 1}": "stopped"}
    assert served(lab) == [f"10.5.0.{6 + one}" for one in range(nodes)]
    require_well(lab)
    standbys = lab.json("run", "--", "python", "-m", "scripts.status", "--json")["standbys"]
    assert standbys == {f"node-{nodes + 1}": "stopped"}


def ask_ec2(lab: Lab, what: str, host: str) -> str:
    """Start, stop or terminate a machine behind the deployment's back; returns its id."""
    (instance,) = (
        one.instance_id
        for one in lab.supervisor.control.hosts()
        if one.name.endswith(f"-{host}") and one.state in ("running", "stopped")
    )
    lab.ok("run", "--", sys.executable, "-c", ASK_EC2, f"{what}_instances", instance)
    return instance


def test_a_standby_joins_in_place_of_an_install_and_a_node_becomes_one_again(lab: Lab) -> None:
    require(lab, 2)
    machine = lab.json("state")["deployment"]["resources"]
    before = {one["urn"]: one["id"] for one in machine if one["type"].endswith(":Instance")}
    with calls(lab, "5s..12s"):
        joined = scale(lab, 3)
        require(lab, 3)
        left = scale(lab, 2)
    require(lab, 2)
    assert "node-3-install" not in joined
    assert "node-4-install created" in joined
    after = lab.json("state")["deployment"]["resources"]
    assert before == {one["urn"]: one["id"] for one in after if one["type"].endswith(":Instance")}
    require_order(
        left,
        "node-3 leaves: it carries .* becomes a standby",
        "node-3: takes no new sessions from now on",
        "node-3: has left the cluster",
        "node-3-hold deleted",
        "node-3-awake deleting",
        "Nothing of OpenVidu runs here",
        "node-3-awake deleted",
    )
    require_allowed(lab, "ha")


def test_a_drain_that_is_not_over_in_time_leaves_the_machine_in_service(lab: Lab) -> None:
    scale(lab, 3)
    lab.ok("config", "set", "drainTimeout", "5s")
    lab.ok("calls", "start", "--media", "0", "--count", "6", "--length", "60s")
    lab.ok("config", "set", "nodeCount", "2")
    failed = lab.run("up")
    assert failed.status != 0
    assert states(lab)["node-3"] == "running"
    lab.ok("config", "rm", "drainTimeout")
    lab.ok("up")
    lab.ok("calls", "wait")
    report = lab.json("calls", "report", "--json")
    assert report["ended"] == report["started"] == 6, report
    require(lab, 2)


@needs_cli
def test_what_stops_a_machine_stops_none_in_service_though_it_is_asked_to(lab: Lab) -> None:
    with calls(lab, "2s..4s"):
        refused = lab.run("run", "--", "bash", "-c", REPLACE)
        assert refused.status != 0
        assert "in service; it isn't stopped" in refused.out + refused.err
        assert states(lab)["node-2"] == "running"
    lab.ok("up")
    require(lab, 2)


def test_an_update_that_is_killed_before_the_stop_is_carried_on(lab: Lab) -> None:
    scale(lab, 3)
    lab.ok("config", "set", "nodeCount", "2")
    update = subprocess.Popen(
        [*lab.command, "up"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    assert update.stdout
    for line in update.stdout:
        if "node-3-awake deleting" in line:
            break
    os.killpg(update.pid, signal.SIGKILL)
    update.wait()
    lab.run("cancel")
    lab.ok("up")
    require(lab, 2)


def test_another_version_comes_to_a_standby_which_stops_again(lab: Lab) -> None:
    lab.ok("config", "set", "openviduVersion", "2.31.0")
    printed = lab.ok("up")
    require_order(printed, "node-3-roused updated", "node-3-install created", "node-3-asleep updat")
    require(lab, 2)
    scale(lab, 3)
    assert "2.31.0" in lab.on("node-3", "cat /opt/openvidu/docker-compose.yml")
    scale(lab, 2)
    require(lab, 2)


def test_a_standby_that_somebody_starts_runs_nothing_and_holds_no_secret(lab: Lab) -> None:
    ask_ec2(lab, "start", "node-3")
    lab.wait_until(lambda: 3 in numbers(lab))
    assert lab.on("node-3", "docker ps --quiet") == ""
    text = lab.on("node-3", "cat /opt/openvidu*/.env*")
    assert "OPENVIDU_SECRET=\n" in text
    told = [lab.ok("config", "get", name).strip() for name in SECRETS]
    assert not [one for one in told if one in text]
    assert served(lab) == ["10.5.0.6", "10.5.0.7"]
    ask_ec2(lab, "stop", "node-3")
    lab.wait_until(lambda: states(lab)["node-3"] == "stopped")


def test_a_standby_that_is_gone_is_told_of_and_made_anew(lab: Lab) -> None:
    standby = ask_ec2(lab, "terminate", "node-3")
    lab.ok("config", "set", "nodeCount", "3")
    failed = lab.run("up")
    assert failed.status != 0
    assert f"{standby} is terminated: there's no such machine." in failed.out + failed.err
    assert served(lab) == ["10.5.0.6", "10.5.0.7"]
    lab.ok("run", "--", "pulumi", "up", "--yes", "--skip-preview", "--refresh")
    require(lab, 3)
    scale(lab, 2)


def test_standbys_go_with_all_else_and_need_not_run_for_that(lab: Lab) -> None:
    lab.ok("destroy")
    assert states(lab) == {}
