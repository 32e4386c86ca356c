"""The fully highly available shape: nodes come and go behind AWS's load balancer, no call cut."""

from __future__ import annotations

import json
from collections.abc import Iterator
from ipaddress import IPv4Address

import pytest

from tests.lab.conftest import Lab, deployed
from tests.lab.watching import (
    WAITS_FOR_CALLS,
    calls,
    place,
    require_allowed,
    require_order,
    scale,
    start_calls,
    update_waits_for_calls,
)

pytestmark = [pytest.mark.lab, pytest.mark.slow, pytest.mark.xdist_group("managed")]

BOTH = ["10.5.0.6", "10.5.0.38"]


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with deployed("managed", "--example", "ha-managed") as lab:
        yield lab


def served(lab: Lab) -> list[str]:
    (targets,) = lab.supervisor.control.targets().values()
    return sorted(targets, key=IPv4Address)


def zones(lab: Lab) -> list[str]:
    """The availability zones of the nodes."""
    found = lab.json("state")["deployment"]["resources"]
    return [
        one["outputs"]["availabilityZone"]
        for one in found
        if one["type"] == "aws:ec2/instance:Instance" and "::node-" in one["urn"]
    ]


def test_users_reach_nodes_in_two_zones_through_the_load_balancer(lab: Lab) -> None:
    status = lab.json("status", "--json")
    assert status["health"]["clusterStatus"] == "UP"
    assert status["loadBalancer"]["nodeIps"] == BOTH
    assert sorted(status["hosts"]) == ["bastion", "node-1", "node-2"]
    assert lab.ok("curl", "--fail", "https://openvidu.example.io/openvidu/health").strip() == "OK"
    moved = lab.ok("curl", "-I", "http://openvidu.example.io/openvidu/health")
    assert "Location: https://openvidu.example.io/openvidu/health" in moved
    # From outside, what isn't for users is shut.
    redis = lab.on("node-1", "sed -n 's/^OPENVIDU_ENTERPRISE_HA_REDIS_HOST=//p' /opt/openvidu/.env")
    assert lab.run("curl", "--max-time", "3", f"http://{redis.strip()}:6379/").status != 0
    assert lab.on("node-1", f"exec 3<>/dev/tcp/{redis.strip()}/6379 && echo open") == "open\n"


def test_the_state_holds_no_secret_of_the_bucket_in_plain(lab: Lab) -> None:
    env = lab.on("node-1", "cat /opt/openvidu/.env")
    key = next(line.partition("=")[2] for line in env.splitlines() if "S3_CONFIG_SECRET" in line)
    assert len(key) > 20
    assert json.dumps(key)[1:-1] not in lab.ok("state")


def test_a_node_is_added_and_removed_without_cutting_a_call(lab: Lab) -> None:
    with calls(lab, "4s..8s"):
        scale(lab, 3)
        assert served(lab) == ["10.5.0.6", "10.5.0.7", "10.5.0.38"]
        printed = scale(lab, 2)
    steps = [
        printed.index(text)
        for text in (
            "node-3: takes no new sessions",
            "node-3: has left the cluster",
            "node-3 leaves: target 10.5.0.7 is draining",
            "10.5.0.7 is out of the load balancer; its machine may go",
            "Instance node-3 deleting",
        )
    ]
    assert steps == sorted(steps)
    assert served(lab) == BOTH
    assert set(lab.json("preview", "--json")["changeSummary"]) == {"same"}


@pytest.mark.matrix
def test_a_rotated_secret_waits_for_a_moment_without_calls(lab: Lab) -> None:
    start_calls(lab)
    lab.ok("config", "set", "openviduSecret", "another-secret-of-openvidu", "--secret")
    printed = update_waits_for_calls(lab)
    waited = place(printed, WAITS_FOR_CALLS)
    assert waited < place(printed, "changed in the bucket: OPENVIDU_SECRET")
    assert set(lab.json("preview", "--json")["changeSummary"]) == {"same"}


@pytest.mark.matrix
def test_a_redis_that_does_not_answer_stops_the_update_before_any_node(lab: Lab) -> None:
    lab.ok("config", "set", "redisHost", "10.5.0.200:6379")
    failed = lab.run("up")
    assert failed.status != 0
    assert "OpenVidu was unable to connect to Redis server 10.5.0.200:6379" in failed.out
    assert "so none was started or changed" in failed.out
    assert lab.json("status", "--json")["health"]["clusterStatus"] == "UP"
    lab.ok("run", "--", "pulumi", "config", "rm", "redisHost")
    lab.ok("up")
    assert set(lab.json("preview", "--json")["changeSummary"]) == {"same"}


@pytest.mark.matrix
def test_a_port_is_closed_when_nobody_comes_in_there_any_more(lab: Lab) -> None:
    start_calls(lab)
    lab.ok("config", "set", "httpsPort", "8443")
    printed = update_waits_for_calls(lab)
    steps = require_order(
        printed,
        "load-balancer-https-8443-from-world-ipv4 created",
        "Listener https-8443 created",
        "configuration: waiting for",
        "Command configuration created replacement",
        "Listener https deleting",
    )
    assert place(printed, "load-balancer-https-from-world-ipv4 deleting") > steps[-2]


@pytest.mark.matrix
def test_a_third_zone_is_added_and_the_next_node_comes_there(lab: Lab) -> None:
    lab.ok("config", "set", "availabilityZones", "3")
    summary = lab.json("preview", "--json")["changeSummary"]
    assert {*summary} == {"same", "create", "update"}
    with calls(lab, "4s..8s"):
        lab.ok("up")
        assert served(lab) == BOTH
        scale(lab, 3)
    assert served(lab) == [*BOTH, "10.5.0.70"]
    assert len({*zones(lab)}) == 3
    fewer = lab.run("config", "set", "availabilityZones", "2")
    assert fewer.status == 0
    refused = lab.run("preview")
    assert refused.status != 0
    assert "availabilityZones: must stay 3, where this stack's machines are" in refused.out
    lab.ok("config", "set", "availabilityZones", "3")
    scale(lab, 2)
    assert set(lab.json("preview", "--json")["changeSummary"]) == {"same"}


def test_destroy_drains_the_nodes_and_leaves_nothing(lab: Lab) -> None:
    lab.ok("destroy")
    assert not json.loads(lab.ok("state"))["deployment"].get("resources")
    assert lab.supervisor.control.targets() == {}
    assert not [host for host in lab.supervisor.control.hosts() if host.state != "terminated"]
    require_allowed(lab, "ha-managed")
