"""From nothing to the documented example, and what a second look shows."""

from __future__ import annotations

import json

import pytest

from openvidu import environment
from tests.lab.conftest import Lab

pytestmark = [pytest.mark.lab, pytest.mark.xdist_group("example")]

SECRET_KEYS = (
    "openviduSecret",
    "redisPassword",
    "s3SecretKey",
    "elasticsearchPassword",
    "openviduProLicense",
)


def test_the_cluster_is_up_as_on_the_page(cluster: Lab) -> None:
    status = cluster.json("status", "--json")
    assert status["health"] == {
        "clusterStatus": "UP",
        "nodes": {
            f"master_{ip}": {
                "status": "UP",
                "id": f"master_{ip}",
                "uri": f"http://{ip}:5443",
                "disconnectedMediaNodes": [],
            }
            for ip in ("10.5.0.6", "10.5.0.7")
        },
    }
    assert status["loadBalancer"] == {"nodeIps": ["10.5.0.6", "10.5.0.7"]}
    assert {name: host["privateIp"] for name, host in status["hosts"].items()} == {
        "base": "10.5.0.5",
        "node-1": "10.5.0.6",
        "node-2": "10.5.0.7",
    }
    assert all(host["running"] for host in status["hosts"].values())


def test_the_outputs_are_the_documented_addresses(cluster: Lab) -> None:
    outputs = cluster.json("status", "--json")["outputs"]
    assert outputs["callUrl"] == "https://openvidu.example.io/"
    assert outputs["kibanaUrl"] == "https://openvidu.example.io/kibana"
    assert outputs["minioUrl"] == "https://openvidu.example.io/minio"
    assert outputs["inspectorUrl"] == "https://openvidu.example.io/inspector/"
    assert [(node["name"], node["privateIp"]) for node in outputs["nodes"]] == [
        ("node-1", "10.5.0.6"),
        ("node-2", "10.5.0.7"),
    ]


def test_the_application_is_served_from_outside(cluster: Lab) -> None:
    assert "OpenVidu Call" in cluster.ok("curl", "https://openvidu.example.io/")


def test_a_second_up_changes_nothing(cluster: Lab) -> None:
    before = cluster.on(
        "node-1", "stat -c %Y%i /opt/openvidu/.env; pgrep -f '[l]ab.openvidu' | sort"
    )
    cluster.ok("up")
    summary = cluster.json("preview", "--json")["changeSummary"]
    assert set(summary) == {"same"}
    after = cluster.on(
        "node-1", "stat -c %Y%i /opt/openvidu/.env; pgrep -f '[l]ab.openvidu' | sort"
    )
    assert after == before


def test_no_secret_is_plain_in_state_or_on_machines(cluster: Lab) -> None:
    values = environment.parse(cluster.on("node-1", "cat /opt/openvidu/.env"))
    secrets = {
        values[key]
        for key in (
            environment.OPENVIDU_SECRET,
            environment.REDIS_PASSWORD,
            environment.S3_SECRET_KEY,
            environment.ELASTICSEARCH_PASSWORD,
        )
    }
    assert len(secrets) == 4
    state = cluster.ok("state")
    deployment = json.loads(state)["deployment"]
    assert len(deployment["resources"]) > 50
    console = "".join(
        cluster.supervisor.control.console(host.instance_id)
        for host in cluster.supervisor.control.hosts()
    )
    processes = cluster.on("base", "cat /proc/*/cmdline | tr '\\0' ' '")
    for secret in secrets:
        assert secret not in state
        assert secret not in console
        assert secret not in processes


@pytest.mark.parametrize("path", ["/opt/openvidu/.env"])
def test_env_is_private(cluster: Lab, path: str) -> None:
    assert cluster.on("node-1", f"stat -c '%a %U' {path}") == "600 root\n"


def test_preview_of_a_third_node_shows_only_that_node(cluster: Lab) -> None:
    cluster.ok("config", "set", "nodeCount", "3")
    try:
        steps = cluster.json("preview", "--json")["steps"]
    finally:
        cluster.ok("config", "set", "nodeCount", "2")
    changed = {
        step["urn"].rsplit("::", 1)[-1]: step["op"] for step in steps if step["op"] != "same"
    }
    changed = {name: op for name, op in changed.items() if not name.endswith("-example")}
    assert changed
    assert all(name.startswith("node-3") and op == "create" for name, op in changed.items())


def test_another_example_takes_a_lab_of_its_own(cluster: Lab) -> None:
    refused = cluster.run("up", "--example", "existing")
    assert refused.status == 1
    assert "uv run lab --name existing up --example existing" in refused.err
