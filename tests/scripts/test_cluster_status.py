"""What a look at a deployment says, and what somebody has to do."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from components.aws.health import Event, InstanceHealth
from openvidu.roles import BASE
from scripts import fullness
from scripts.checks import reachable
from scripts.checks.finding import Result
from scripts.cluster_status import (
    MachineStatus,
    Status,
    Usage,
    main_status,
    node_status,
    parse_usage,
)

NOW = datetime.now(UTC)
NODE = MachineStatus("node-1", "10.5.0.6", "serving", "UP", "2.30.0", 2, 4, Usage(40, 50), True)
RUNS = InstanceHealth("i-0a", "running")
IMPAIRED = replace(RUNS, instance="impaired")
RETIRES = replace(RUNS, events=(Event("instance-retirement"),))
WELL = Status({"clusterStatus": "UP"}, [NODE], NOW + timedelta(days=60), balanced=["10.5.0.6"])


def test_a_healthy_cluster_needs_nobody() -> None:
    assert WELL.is_well
    assert WELL.remarks(NOW) == []
    assert WELL.as_json()["loadBalancer"] == {"nodeIps": ["10.5.0.6"]}


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (replace(WELL, machines=[replace(NODE, balanced=False)]), "isn't in the load balancer"),
        (replace(WELL, machines=[replace(NODE, state="no answer")]), "node-1 is in the load bal"),
        (replace(WELL, machines=[replace(NODE, health=None)]), "the cluster doesn't list it"),
        (replace(WELL, machines=[replace(NODE, usage=None)]), "can't be reached over SSH"),
        (
            replace(WELL, machines=[replace(NODE, state="left", health=None, balanced=False)]),
            "node-1 has left the cluster. Next: pulumi up",
        ),
        (
            replace(WELL, machines=[replace(NODE, state="draining", health=None)]),
            "node-1 is draining, but the cluster doesn't list it, and is in the load "
            "balancer: whether",
        ),
        (
            replace(WELL, machines=[replace(NODE, aws=IMPAIRED)]),
            "AWS says of node-1: running, host ok, machine impaired. Next: uv run openvidu",
        ),
        (
            replace(WELL, machines=[replace(NODE, aws=RETIRES)]),
            "instance-retirement. Next: uv run openvidu-enterprise repair node-1",
        ),
        (
            replace(WELL, machines=[replace(NODE, state="no answer", usage=None)]),
            "can't be reached over SSH. Next: uv run openvidu-enterprise repair node-1",
        ),
        (replace(WELL, certificate=NOW + timedelta(days=5, hours=1)), "expires in 5 days"),
        (replace(WELL, certificate=NOW - timedelta(days=1)), "has expired"),
        (replace(WELL, drift=("OPENVIDU_RECORDING",)), "OPENVIDU_RECORDING isn't the stack's"),
        (replace(WELL, health={"status": 503, "error": "Bad"}), "doesn't say how it is. Next:"),
        (replace(WELL, health={"clusterStatus": "UNSTABLE"}), "health is UNSTABLE. Next:"),
        (
            replace(WELL, health={"nodes": {"a": {"disconnectedMediaNodes": ["media_1"]}}}),
            "a has no connection to its media nodes: media_1",
        ),
        (
            replace(WELL, health={"status": "DOWN", "disconnectedMediaNodes": ["10.5.0.9"]}),
            "the master has no connection to its media nodes: 10.5.0.9",
        ),
        (replace(WELL, drift=None), "in the bucket can't be read"),
        (replace(WELL, balanced=["10.5.0.6", "10.5.0.9"]), "10.5.0.9 is in the load balancer, but"),
        (replace(WELL, health=None, reason="no answer"), "can't be asked: no answer"),
    ],
)
def test_what_needs_somebody_is_told(found: Status, said: str) -> None:
    assert not found.is_well
    assert any(said in remark for remark in found.remarks(NOW))


def test_a_machine_that_is_broken_is_told_before_what_comes_from_that() -> None:
    silent = replace(NODE, state="no answer", usage=None, health=None)
    found = replace(WELL, health={"clusterStatus": "UNSTABLE"}, machines=[silent])
    first, *_, last = found.remarks(NOW)
    assert first.endswith("Next: uv run openvidu-enterprise repair node-1")
    assert last == "The cluster's health is UNSTABLE."


def test_a_base_on_which_nothing_listens_is_repaired_unless_an_update_has_yet_to_start_it() -> None:
    told = {"isOpen": False, "health": None, "nodes": {}}
    base = main_status("base", "2.30.0", Usage(1, 2), told)
    (remark,) = base.remarks(cluster_tells=False)
    assert remark.endswith("Next: uv run openvidu-enterprise repair base")
    (remark,) = replace(base, unfinished=True).remarks(cluster_tells=False)
    assert remark.endswith("The last update hasn't started its services. Next: pulumi up")
    assert not [*main_status("bastion", None, Usage(1, 2), told).remarks(cluster_tells=False)]
    assert not [*main_status("base", None, Usage(1, 2), {}).remarks(cluster_tells=False)]


def test_a_machine_that_cannot_be_reached_is_not_called_gone() -> None:
    silent = replace(NODE, state="no answer", usage=None, health=None)
    assert not any("gone" in remark for remark in replace(WELL, machines=[silent]).remarks(NOW))


def test_what_aws_says_is_for_scripts_too() -> None:
    told = replace(WELL, machines=[replace(NODE, aws=RETIRES)]).as_json()["machines"]["node-1"]
    assert told["aws"] == "running, host ok, machine ok, instance-retirement"


def test_a_cluster_that_is_not_up_is_not_well() -> None:
    assert not replace(WELL, health={"clusterStatus": "UNSTABLE"}).is_well
    assert replace(WELL, health={"status": "UP"}).is_well


def test_a_node_is_as_base_and_cluster_say() -> None:
    told = {
        "nodes": {
            "10.5.0.6": {"phase": "draining", "calls": 3, "participants": 7, "balanced": True}
        },
        "health": {"nodes": {"master_10.5.0.6": {"status": "UP"}}},
    }
    found = node_status("node-1", "10.5.0.6", "2.30.0", Usage(1, 2), told)
    assert found == MachineStatus(
        "node-1", "10.5.0.6", "draining", "UP", "2.30.0", 3, 7, Usage(1, 2), True
    )
    # An earlier release's program on the base tells no sessions, nor since when.
    assert (found.sessions, found.since) == (None, None)
    told["nodes"]["10.5.0.6"]["since"] = 1_000_000.5
    later = node_status("node-1", "10.5.0.6", "2.30.0", Usage(1, 2), told)
    assert later.as_json()["since"] == "1970-01-12T13:46:40.500000+00:00"


def test_a_master_tells_the_calls_of_its_media_nodes() -> None:
    told = {"calls": 3, "participants": 7, "health": {"status": "UP"}}
    found = main_status("master", "2.30.0", Usage(1, 2), told)
    assert (found.state, found.calls, found.participants) == ("up", 3, 7)
    assert Status(told["health"], [found], None).is_well


def test_who_does_not_answer_is_not_guessed_at() -> None:
    assert node_status("node-1", "10.5.0.6", None, None, {}).state == "no answer"
    assert node_status("node-1", "10.5.0.6", None, Usage(1, 2), {}).state == "unknown"


def test_usage_is_in_percent_of_the_whole_machine() -> None:
    text = "4\n2.00 1.0 0.5 1/100 99\nMemTotal:  8000 kB\nMemAvailable:  6000 kB\n"
    assert parse_usage(text) == Usage(cpu=50, memory=25)


DISKS = """\
Filesystem     1024-blocks     Used Available Capacity Mounted on
/dev/root        101430960 98388031   3042929      97% /
tmpfs              8123456  8123456         0     100% /run
/dev/loop0           65536    65536         0     100% /snap/core20/2105
/dev/nvme1n1     102626232  1000000 101626232       1% /opt/ov data
Filesystem        Inodes    IUsed    IFree IUse% Mounted on
/dev/root       12902400   250000 12652400    2% /
/dev/nvme1n1     6553600  6540000    13600  100% /opt/ov data
"""


def test_a_disk_that_is_nearly_full_is_told_with_what_makes_room() -> None:
    text = f"4\n2.00 1.0 0.5 1/100 99\nMemTotal:  8000 kB\nMemAvailable:  6000 kB\n{DISKS}"
    usage = parse_usage(text)
    assert usage
    assert usage.disks == {"/": 97, "/opt/ov data": 100}
    found = replace(WELL, machines=[replace(NODE, usage=usage)])
    assert not found.is_well
    assert any(
        "node-1: 97 % of / is in use" in told
        and "Next: uv run openvidu-enterprise ssh node-1 -- sudo docker image prune" in told
        for told in found.remarks(NOW)
    )
    (finding,) = reachable.disks("base", text)
    assert finding.result is Result.FAILED
    assert "docker image prune" in (finding.next or "")
    (finding,) = reachable.disks("base", text.replace("97%", "47%").replace("100%", "7%"))
    assert finding.said == "in use: / 47 %, /opt/ov data 7 %"
    assert finding.result is Result.OK


def test_file_systems_of_zfs_are_looked_at_and_discs_are_not() -> None:
    text = "4\n2.00 1.0 0.5 1/100 99\nMemTotal:  8000 kB\nMemAvailable:  6000 kB\n"
    text += (
        "rpool/ROOT/ubuntu 100 98 2 98% /\n/dev/sr0 9 9 0 100% /media/cdrom\nudev 9 9 0 100% /dev\n"
    )
    usage = parse_usage(text)
    assert usage
    assert usage.disks == {"/": 98}


CONTAINERS = """\
clock 1704103800
container redis|running|0|2024-01-01T09:00:00.123456789Z
container kibana|running|7|2023-12-01T10:00:00.1Z
container elasticsearch|running|4|2024-01-01T10:09:00.123456789Z
container minio-s3|restarting|1|2024-01-01T10:00:00Z
container mc|created|0|0001-01-01T00:00:00Z
"""
USAGE = "4\n2.00 1.0 0.5 1/100 99\nMemTotal:  8000 kB\nMemAvailable:  6000 kB\n"


def test_containers_that_go_on_failing_are_told_and_those_that_failed_long_ago_are_shown() -> None:
    usage = parse_usage(USAGE + CONTAINERS)
    assert usage
    assert [one.service for one in usage.containers or ()] == [
        "kibana",
        "elasticsearch",
        "minio-s3",
    ]
    found = replace(WELL, machines=[replace(NODE, usage=usage)])
    assert [told for told in found.remarks(NOW) if "container" in told] == [
        "node-1: container elasticsearch was restarted 4 times, last 59 s ago. Next: "
        "uv run openvidu-enterprise logs node-1 --service elasticsearch --tail 50",
        "node-1: container minio-s3 was restarted once, is down now. Next: "
        "uv run openvidu-enterprise logs node-1 --service minio-s3 --tail 50",
    ]
    failed = reachable.containers("node-1", USAGE + CONTAINERS)
    assert [one.result for one in failed] == [Result.FAILED] * 2
    assert (
        failed[0].next == "uv run openvidu-enterprise logs node-1 --service elasticsearch --tail 50"
    )
    (well,) = reachable.containers("base", USAGE + "clock 1704103800\n")
    assert (well.result, well.said) == (Result.OK, "none was restarted")


@pytest.mark.parametrize(
    "told", ["containers unknown\n", "container a|running|1|yesterday\ncontainer"]
)
def test_containers_of_which_docker_does_not_say_are_not_taken_for_well(told: str) -> None:
    usage = parse_usage(f"{USAGE}clock 1704103800\n{told}")
    assert usage
    assert usage.containers is None
    assert not replace(WELL, machines=[replace(NODE, usage=usage)]).is_well
    (finding,) = reachable.containers("base", f"{USAGE}clock 1704103800\n{told}")
    assert finding.result is Result.WARNING
    assert finding.next == "uv run openvidu-enterprise repair base"


ENDED = """\
clock 1704103800
container redis|exited|0|2024-01-01T09:00:00.1Z|137|always|False
container loadbalancer|running|0|2024-01-01T09:00:00.1Z|0|always|False
container createbuckets|exited|0|2024-01-01T09:00:00.1Z|0|no|False
container server|exited|0|2024-01-01T09:00:00.1Z|1|no|True
container |exited|0|2024-01-01T09:00:00.1Z|1|no|
"""


def test_a_service_that_has_ended_is_repaired_and_one_that_has_done_its_work_is_not() -> None:
    usage = parse_usage(USAGE + ENDED)
    assert usage
    assert usage.ended == ("redis",)
    assert usage.containers == ()
    (finding,) = reachable.containers("base", USAGE + ENDED)
    assert finding.result is Result.FAILED
    assert finding.next == "uv run openvidu-enterprise repair base"
    told = (
        "node-1: not all of OpenVidu is running: redis. Next: uv run openvidu-enterprise "
        "repair node-1"
    )
    assert told in [*replace(NODE, usage=usage).remarks(cluster_tells=True)]
    # Of a node that has left none should run.
    left = replace(NODE, usage=usage, state="left", health=None)
    assert told not in [*left.remarks(cluster_tells=True)]


GIB = 2**30
FINE = {
    "elasticsearch": {"status": "yellow", "readOnly": []},
    "redis": {"used": 2**20, "limit": 0, "policy": "noeviction"},
    "minio": {"free": 55 * GIB, "percent": 40},
}


@pytest.mark.parametrize(
    ("name", "told", "problem", "command"),
    [
        (
            "elasticsearch",
            {"status": "yellow", "readOnly": ["a", "b", "c", "d"]},
            "it accepts no more data: a, b, c and 1 more is read-only",
            "until less than 90 % are in use",
        ),
        (
            "elasticsearch",
            {"status": "red", "readOnly": []},
            "its health is red",
            "openvidu-enterprise logs",
        ),
        (
            "redis",
            {"used": 95, "limit": 100, "policy": "noeviction"},
            "it refuses to write",
            "redis-cli --askpass config set maxmemory 0",
        ),
        (
            "redis",
            {"used": 95, "limit": 100, "policy": "allkeys-lru"},
            "it drops what nodes share",
            "--askpass",
        ),
        ("minio", {"free": GIB, "percent": 93}, "93 % in use, 1.0 GiB free; at 99 %", "du -xh"),
    ],
)
def test_a_service_that_is_nearly_full_is_told_with_what_to_type(
    name: str, told: dict[str, object], problem: str, command: str
) -> None:
    fine = fullness.parse(json.dumps(FINE), "base", BASE)
    assert replace(WELL, stores=fine).is_well
    assert {one.result for one in reachable.stores("base", fine)} == {Result.OK}
    found = replace(WELL, stores=fullness.parse(json.dumps({**FINE, name: told}), "base", BASE))
    (remark,) = found.remarks(NOW)
    assert problem in remark
    assert command in remark.partition("Next: ")[2]
    (failed,) = (
        one for one in reachable.stores("base", found.stores) if one.result is not Result.OK
    )
    assert failed.result is Result.FAILED
    assert command in (failed.next or "")


@pytest.mark.parametrize("text", ["", "no JSON", '{"redis": {}}', "[]"])
def test_services_that_nobody_tells_of_are_unknown_and_not_well(text: str) -> None:
    found = replace(WELL, stores=fullness.parse(text, "base", BASE))
    (remark,) = found.remarks(NOW)
    assert "isn't known: base doesn't tell. Next: pulumi up" in remark
    assert [one.result for one in reachable.stores("base", found.stores)] == [Result.WARNING]


@pytest.mark.parametrize("name", ["elasticsearch", "redis", "minio"])
def test_a_service_that_gives_no_answer_is_unknown_and_not_well(name: str) -> None:
    text = json.dumps({**FINE, name: {"unknown": "Connection refused"}})
    found = replace(WELL, stores=fullness.parse(text, "base", BASE))
    (remark,) = found.remarks(NOW)
    assert (
        "how it is isn't known: Connection refused. Next: uv run openvidu-enterprise logs base"
        in remark
    )
    assert Result.WARNING in {one.result for one in reachable.stores("base", found.stores)}


@pytest.mark.parametrize("text", ["", "4\n", "4\nx\n", "0\n1 1 1\nMemTotal: 1 kB\n"])
def test_what_is_no_usage_is_none(text: str) -> None:
    assert parse_usage(text) is None
