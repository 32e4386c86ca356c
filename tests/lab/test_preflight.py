"""The preflight, on a healthy cluster and on the broken ones of the page's Troubleshooting."""

from __future__ import annotations

import json
from typing import Any

import pytest

from membership.load_balancer import KEEPER
from openvidu import environment as env
from openvidu.release import BASE, NODE
from tests.lab.conftest import Lab, new_lab

pytestmark = [pytest.mark.lab, pytest.mark.slow, pytest.mark.xdist_group("broken")]

Found = dict[tuple[str, str], dict[str, Any]]


def preflight(lab: Lab, status: int) -> Found:
    """What has failed, by check and machine."""
    done = lab.run("run", "--", "python", "-m", "scripts.preflight", "--json")
    assert done.status == status, done.out + done.err
    return {
        (one["check"], one["where"]): one
        for one in json.loads(done.out)
        if one["result"] == "failed"
    }


def test_a_healthy_cluster_has_nothing_to_tell(cluster: Lab) -> None:
    done = cluster.run("run", "--", "python", "-m", "scripts.preflight")
    assert done.status == 0, done.out + done.err
    assert "Nothing has failed." in done.out
    shown = {tuple(line.split()[:3]) for line in done.out.splitlines() if line.strip()}
    for node in ("node-1", "node-2"):
        for check in ("SSH", "S3", "Redis", "Elasticsearch", "Kibana"):
            assert (check, node, "ok") in shown
        assert ("port", "443/udp", node) in shown
    for machine in ("base", "node-1", "node-2"):
        assert ("downloads", machine, "ok") in shown
    assert "EC2-VPC Elastic IPs: 3 of 200 in use" in done.out
    assert "granted, according to IAM" in done.out
    assert "24 of 1024 in use" in done.out
    assert ("DNS", "openvidu.example.io", "ok") in shown


@pytest.mark.matrix
def test_before_the_first_update_it_says_what_there_is_to_say() -> None:
    lab = new_lab("before")
    try:
        assert lab.run("up", "--config", "drainTimeout=1h30x").status != 0
        mistake = preflight(lab, 1)["configuration", lab.directory.stack]
        assert 'got "1h30x"' in mistake["said"]
        lab.ok("config", "set", "drainTimeout", "1h30m")
        assert preflight(lab, 0) == {}
        lab.ok("fault", "set", "api-error", "code=UnauthorizedOperation", "actions=AllocateAddress")
        found = preflight(lab, 1)
        assert "ec2:AllocateAddress isn't granted" in found["permissions", "AWS"]["said"]
    finally:
        lab.ok("reset")


def test_a_broken_cluster_says_what_is_wrong_and_what_to_type(cluster: Lab) -> None:
    file, s3 = f"{NODE.folder}/.env", "minio-s3"
    # What keeps the load balancer's list starts a service without which nginx can't be reloaded.
    cluster.on("base", f"systemctl stop {KEEPER}")
    cluster.on("base", f"cd {BASE.folder} && docker compose stop {s3}")
    cluster.on("node-2", f"sed -i 's/^{env.REDIS_PASSWORD}=.*/{env.REDIS_PASSWORD}=wrong/' {file}")
    cluster.ok("run", "--", "python", "-c", _SHUT)
    require_closed_ports_to_be_named(cluster)
    found = preflight(cluster, 1)
    assert set(found) == {
        ("S3", "node-1"),
        ("S3", "node-2"),
        (".env", "node-2"),
        ("Redis", "node-2"),
        ("port 443/udp", "node-1"),
        ("port 443/udp", "node-2"),
        ("containers", "base"),
        *(
            ("security groups", f"node-{service}-udp-from-world-{version}")
            for service in ("turn", "media")
            for version in ("ipv4", "ipv6")
        ),
    }
    assert "unable to connect to S3 bucket openvidu-enterprise" in found["S3", "node-1"]["openvidu"]
    assert "unable to connect to Redis server" in found["Redis", "node-2"]["openvidu"]
    status = cluster.run("run", "--", "python", "-m", "scripts.status")
    assert status.status == 1
    assert (
        "configuration in the bucket can't be read. Next: uv run openvidu-enterprise pre"
        in status.out
    )
    # What it says to type is typed.
    again = found["S3", "node-1"]["next"].rpartition("ssh ubuntu@203.0.113.")[2]
    cluster.on("base", again.partition("'")[2].rstrip("'"))
    cluster.on("base", f"systemctl start {KEEPER}")
    replace = found["Redis", "node-2"]["next"].partition("--replace ")[2].strip("'")
    cluster.ok(
        *("run", "--", "pulumi", "up", "--yes", "--skip-preview", "--refresh"),
        *("--replace", replace),
    )
    assert preflight(cluster, 0) == {}
    assert set(cluster.json("preview", "--json")["changeSummary"]) == {"same"}


def require_closed_ports_to_be_named(cluster: Lab) -> None:
    """Those of `_SHUT`: media go by TURN over TCP alone."""
    done = cluster.run("run", "--", "python", "-m", "scripts.check_call", "--json")
    assert done.status == 1, done.out + done.err
    found = {(one["check"], one["where"]): one for one in json.loads(done.out)}
    for node in ("node-1", "node-2"):
        for way, rule in (("straight", "media"), ("turn-udp", "turn")):
            failed = found[way, node]
            assert f"node-{rule}-udp-from-world-ipv4: UDP" in failed["said"]
            assert failed["next"] == "pulumi up --refresh"
        assert found["turn-tcp", node]["result"] == "ok"


@pytest.mark.matrix
def test_a_node_that_lost_its_public_ip_gets_it_back(cluster: Lab) -> None:
    cluster.ok("run", "--", "python", "-c", _CUT_OFF)
    found = preflight(cluster, 1)
    assert {check for check, node in found if node == "node-2"} == {
        "SSH",
        "port 443/tcp",
        "port 443/udp",
    }
    assert found["SSH", "node-2"]["next"].startswith("uv run openvidu-enterprise repair node-2")
    repair = cluster.run("run", "--", "python", "-m", "scripts.repair", "node-2", "--yes")
    assert "Next: pulumi up --refresh" in repair.out
    cluster.ok("up", "--refresh")
    assert preflight(cluster, 0) == {}


_EC2 = "import boto3; ec2 = boto3.client('ec2', region_name='eu-west-1')\n"
_SHUT = (
    _EC2
    + """
for rule in ec2.describe_security_group_rules()["SecurityGroupRules"]:
    if rule["IpProtocol"] == "udp" and rule["FromPort"] in (443, 40000):
        ec2.revoke_security_group_ingress(
            GroupId=rule["GroupId"], SecurityGroupRuleIds=[rule["SecurityGroupRuleId"]]
        )
"""
)
_CUT_OFF = (
    _EC2
    + """
for address in ec2.describe_addresses()["Addresses"]:
    if any(tag["Value"].endswith("node-2") for tag in address["Tags"]):
        ec2.disassociate_address(AssociationId=address["AssociationId"])
"""
)
