"""A changed configuration on a running cluster: through its API, once, without cutting calls."""

from __future__ import annotations

import pytest

from openvidu import release
from tests.lab.conftest import Lab
from tests.lab.watching import start_calls, update_waits_for_calls

pytestmark = [pytest.mark.lab, pytest.mark.xdist_group("changed")]

RESTARTS = "which restarts every node, once"


def of_nodes(lab: Lab, key: str) -> set[str]:
    """What the nodes have been started with."""
    return {
        lab.on(node, f"sed -n 's/^{key}=//p' {release.NODE.folder}/.env").strip()
        for node in ("node-1", "node-2")
    }


def test_a_change_waits_for_calls_and_then_restarts_every_node(cluster: Lab) -> None:
    start_calls(cluster)
    cluster.ok("config", "set", "recording", "true")
    assert RESTARTS in cluster.ok("preview")
    assert "to change: OPENVIDU_PRO_AWS_ACCESS_KEY" in update_waits_for_calls(cluster)
    assert of_nodes(cluster, "OPENVIDU_RECORDING") == {"true"}
    assert set(cluster.json("preview", "--json")["changeSummary"]) == {"same"}


@pytest.mark.matrix
def test_what_others_changed_in_the_bucket_is_told_and_changed_back(cluster: Lab) -> None:
    cluster.on(
        "base",
        f"secret=$(sed -n 's/^OPENVIDU_SECRET=//p' {release.BASE.folder}/.env)\n"
        'curl --silent --user "OPENVIDUAPP:$secret" --json \'{"OPENVIDU_CDR": "true", '
        '"OPENVIDU_PRO_CLUSTER_LOAD_STRATEGY": "cpu"}\' '
        "http://127.0.0.1:5443/openvidu/api/restart",
    )
    cluster.wait_until(
        lambda: (
            cluster.json("status", "--json")["health"].get("clusterStatus") == "UP"
            and of_nodes(cluster, "OPENVIDU_PRO_CLUSTER_LOAD_STRATEGY") == {"cpu"}
        )
    )
    told = cluster.ok("preview")
    assert "In the bucket OPENVIDU_PRO_CLUSTER_LOAD_STRATEGY isn't the stack's" in told
    cluster.ok("up")
    assert of_nodes(cluster, "OPENVIDU_PRO_CLUSTER_LOAD_STRATEGY") == {"streams"}
    # What the stack doesn't set is nobody's but the others'.
    assert of_nodes(cluster, "OPENVIDU_CDR") == {"true"}
    assert set(cluster.json("preview", "--json")["changeSummary"]) == {"same"}


def test_rotated_secrets_reach_every_machine_at_a_moment_without_calls(cluster: Lab) -> None:
    start_calls(cluster)
    keys = ("openviduSecret", "redisPassword", "s3SecretKey", "elasticsearchPassword")
    for key in keys:
        cluster.ok("config", "set", "--secret", key, f"new-{key}")
    told = cluster.ok("preview")
    assert "The update changes the base services' configuration, which restarts them" in told
    assert RESTARTS in told
    printed = update_waits_for_calls(cluster)
    assert "then the base services restart" in printed
    assert "new-" not in printed
    assert of_nodes(cluster, "OPENVIDU_SECRET") == {"new-openviduSecret"}
    assert of_nodes(cluster, "OPENVIDU_ENTERPRISE_HA_REDIS_PASSWORD") == {"new-redisPassword"}
    assert of_nodes(cluster, "ELASTICSEARCH_PASSWORD") == {"new-elasticsearchPassword"}
    status = cluster.json("status", "--json")
    assert status["health"]["clusterStatus"] == "UP"
    assert status["loadBalancer"]["nodeIps"] == ["10.5.0.6", "10.5.0.7"]
    assert set(cluster.json("preview", "--json")["changeSummary"]) == {"same"}
