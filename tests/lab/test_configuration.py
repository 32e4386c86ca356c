"""A changed configuration on a running cluster: through its API, once, without cutting calls."""

from __future__ import annotations

import sys

import pytest

from openvidu import release
from tests.lab.conftest import Lab
from tests.lab.watching import place, require_all_ended, start_calls, update_waits_for_calls

pytestmark = [pytest.mark.lab, pytest.mark.slow, pytest.mark.xdist_group("changed")]

RESTARTS = "which restarts every node, once"


def of_nodes(lab: Lab, key: str) -> set[str]:
    """What the nodes have been started with."""
    return {
        lab.on(node, f"sed -n 's/^{key}=//p' {release.NODE.folder}/.env").strip()
        for node in ("node-1", "node-2")
    }


REGISTRIES = "OPENVIDU_PRO_DOCKER_REGISTRIES"
LOGINS = '["serveraddress=registry.example.io,username=me,password=mine"]'
SECRET = {"webhookHeaders[0]": "X-Key: abc=", f"extraEnv.{REGISTRIES}": LOGINS}
PLAIN = {
    "webhookEndpoint": "https://app.example.io/hook",
    "webhookEvents[0]": "broadcastStarted",
    "webhookEvents[1]": "HANodeRegistered",
}


def test_a_change_waits_for_calls_and_then_restarts_every_node(cluster: Lab) -> None:
    start_calls(cluster)
    for key, value in {"recording": "true", **PLAIN}.items():
        cluster.ok("config", "set", "--path", key, value)
    for key, value in SECRET.items():
        cluster.ok("config", "set", "--secret", "--path", key, value)
    assert RESTARTS in cluster.ok("preview")
    assert "to change: OPENVIDU_PRO_AWS_ACCESS_KEY" in update_waits_for_calls(cluster)
    assert of_nodes(cluster, "OPENVIDU_RECORDING") == {"true"}
    # The API takes lists as arrays alone, and writes them so.
    assert of_nodes(cluster, "OPENVIDU_WEBHOOK_EVENTS") == {
        '["broadcastStarted","HANodeRegistered"]'
    }
    assert of_nodes(cluster, "OPENVIDU_WEBHOOK_HEADERS") == {'["X-Key: abc="]'}
    assert of_nodes(cluster, REGISTRIES) == {LOGINS}
    assert set(cluster.json("preview", "--json")["changeSummary"]) == {"same"}


def test_calls_that_redis_has_forgotten_keep_nodes_from_restarting(cluster: Lab) -> None:
    """It keeps nothing on disk: nodes are listed again, and their sessions aren't."""
    cluster.ok("calls", "start", "--media", "0", "--count", "4", "--length", "10m..11m")
    cluster.on("base", f"cd {release.BASE.folder} && docker compose restart redis")
    cluster.wait_until(
        lambda: cluster.json("status", "--json")["health"].get("clusterStatus") == "UP"
    )
    limit = "OPENVIDU_STREAMS_VIDEO_MAX_SEND_BANDWIDTH"
    cluster.ok("config", "set", "--path", f"extraEnv.{limit}", "900")
    for key in ("webhookEndpoint", "webhookEvents", "webhookHeaders", f"extraEnv.{REGISTRIES}"):
        cluster.ok("config", "rm", "--path", key)
    # They end once they are waited for: by their users, and none before.
    cluster.until("waiting for 4 calls", lambda: cluster.ok("calls", "stop", "--now"), "up")
    require_all_ended(cluster)
    assert of_nodes(cluster, limit) == {"900"}


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


RESIZE = """
import sys, boto3
ec2 = boto3.client("ec2", "eu-west-1")
ec2.modify_instance_attribute(InstanceId=sys.argv[1], InstanceType={"Value": "c5.4xlarge"})
"""


def test_a_base_of_another_type_is_stopped_at_a_moment_without_calls(cluster: Lab) -> None:
    (base,) = (
        one.instance_id
        for one in cluster.supervisor.control.hosts()
        if one.running and one.name.endswith("-base")
    )
    cluster.ok("run", "--", sys.executable, "-c", RESIZE, base)
    start_calls(cluster)
    update = ("pulumi", "up", "--yes", "--skip-preview", "--non-interactive", "--refresh")
    printed = update_waits_for_calls(cluster, "run", "--", *update)
    assert "the type of the base (c5.4xlarge to c5.2xlarge): AWS stops and starts it" in printed
    assert place(printed, "base-stop updated") < place(printed, "Instance base updating")
    cluster.wait_until(
        lambda: cluster.json("status", "--json")["health"].get("clusterStatus") == "UP"
    )
    assert set(cluster.json("preview", "--json")["changeSummary"]) == {"same"}


FAILS_AFTERWARDS = """
set -e
sudo=$(command -v sudo)
install -m 4755 "$sudo" /usr/local/sbin/sudo-that-works
cat >/usr/local/sbin/sudo-that-fails <<'SUDO'
#!/bin/bash
/usr/local/sbin/sudo-that-works "$@" || exit
[[ "$*" != *"COMMAND"* ]]
SUDO
chmod 755 /usr/local/sbin/sudo-that-fails
mount --bind /usr/local/sbin/sudo-that-fails "$sudo"
"""
WORKS_AGAIN = 'umount "$(command -v sudo)"'
STACK_WANTS = "cat /var/lib/openvidu-membership/"
WEBHOOK = ("webhookEndpoint", "", "https://app.example.io/events")


@pytest.mark.parametrize(
    ("change", "host", "command", "shown"),
    [
        (
            ("drainTimeout", "6h", "5h"),
            "base",
            "put-membership-file.sh",
            f"{STACK_WANTS}drain-policy",
        ),
        *(
            pytest.param(*case, marks=pytest.mark.matrix)
            for case in (
                (WEBHOOK, "base", "put-membership-file.sh", f"{STACK_WANTS}configuration"),
                (WEBHOOK, "node-1", "put-env.sh", f"cat {release.NODE.folder}/.env"),
                (
                    WEBHOOK,
                    "base",
                    "membership.pyz configure",
                    f"grep ^OPENVIDU_WEBHOOK= {release.NODE.folder}/.env",
                ),
                (
                    ("elasticsearchUsername", "elasticadmin", "elasticother"),
                    "base",
                    "put-env.sh",
                    f"cat {release.BASE.folder}/.env",
                ),
            )
        ),
    ],
    ids=["policy", "what nodes share", "a node's .env", "nodes' restart", "the base's .env"],
)
def test_what_a_command_did_before_it_failed_is_taken_back_with_its_input(
    cluster: Lab, change: tuple[str, str, str], host: str, command: str, shown: str
) -> None:
    lab, (key, before, after) = cluster, change
    seen_on = "node-1" if release.NODE.folder in shown else host
    was = lab.on(seen_on, shown)
    lab.on(host, FAILS_AFTERWARDS.replace("COMMAND", command))
    lab.ok("config", "set", key, after)
    assert lab.run("up").status != 0
    lab.on(host, WORKS_AGAIN)
    assert lab.on(seen_on, shown) != was
    lab.ok("config", "set", key, before)
    lab.ok("up")
    assert lab.on(seen_on, shown) == was
    assert set(lab.json("preview", "--json")["changeSummary"]) == {"same"}
