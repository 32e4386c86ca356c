"""What AWS and a machine that boots slowly can do to an update, and what comes of it."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.lab.conftest import Lab

pytestmark = [pytest.mark.lab, pytest.mark.slow, pytest.mark.xdist_group("broken")]


@pytest.fixture
def scaled(cluster: Lab) -> Iterator[Lab]:
    """The example, of which a test may change the number of nodes."""
    yield cluster
    cluster.ok("fault", "clear")
    cluster.ok("scale", "2")


def in_load_balancer(lab: Lab) -> list[str]:
    found: list[str] = lab.json("status", "--json")["loadBalancer"]["nodeIps"]
    return found


def test_a_node_joins_though_aws_throttles_and_its_machine_boots_slowly(scaled: Lab) -> None:
    scaled.ok("fault", "set", "throttle", "rate=0.2")
    scaled.ok("fault", "set", "boot-delay", "seconds=25", "host=node-3")
    printed = scaled.ok("scale", "3")
    assert re.search(r"i-\w+: boots; .+ s of 900 s", printed)
    assert in_load_balancer(scaled) == ["10.5.0.6", "10.5.0.7", "10.5.0.8"]


@pytest.mark.matrix
def test_without_capacity_for_one_node_the_others_join_and_the_next_update_adds_it(
    scaled: Lab,
) -> None:
    scaled.ok("fault", "set", "no-capacity", "times=1")
    refused = scaled.run("scale", "4", "--continue-on-error")
    assert refused.status != 0
    assert "creating EC2 instance node-" in refused.out
    assert "InsufficientInstanceCapacity" in refused.out
    assert "run the update again later, or choose another instance type" in refused.out
    assert len(in_load_balancer(scaled)) == 3
    assert scaled.json("status", "--json")["health"]["clusterStatus"] == "UP"
    scaled.ok("up")
    assert in_load_balancer(scaled) == ["10.5.0.6", "10.5.0.7", "10.5.0.8", "10.5.0.9"]


def test_more_nodes_than_the_quota_holds_are_refused_before_anything_starts(
    scaled: Lab,
) -> None:
    scaled.ok("fault", "set", "quota", "vcpus=24")
    scaled.ok("config", "set", "nodeCount", "3")
    refused = scaled.run("preview")
    assert refused.status != 0
    assert "base and nodes take 32 vCPUs, and the quota L-1216C47A" in refused.out
    assert "pulumi config set nodeCount 2" in refused.out
