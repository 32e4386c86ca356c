"""SSH by Session Manager: up, scaled and down, and port 22 is open to nobody."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.lab.conftest import Lab, deployed
from tests.lab.watching import calls, require, require_allowed, scale, script

pytestmark = [pytest.mark.lab, pytest.mark.matrix, pytest.mark.xdist_group("session-manager")]

OPEN = """
import boto3, json
groups = boto3.client("ec2", "eu-west-1").describe_security_group_rules()["SecurityGroupRules"]
inbound = [one for one in groups if not one["IsEgress"] and one["IpProtocol"] in ("tcp", "-1")]
print(json.dumps([
    one["CidrIpv4"] for one in inbound
    if one["IpProtocol"] == "-1" or one["FromPort"] <= 22 <= one["ToPort"]
]))
"""
KNOCK = """
import socket, sys
try:
    socket.create_connection((sys.argv[1], 22), 3).close()
except TimeoutError:
    sys.exit("shut")
"""
STARTED = "docker inspect --format '{{.State.StartedAt}}' $(docker ps --quiet | sort)"


def opened(lab: Lab) -> list[str]:
    """The networks to which security groups open port 22."""
    found: list[str] = json.loads(lab.ok("run", "--", "python", "-c", OPEN))
    return found


def require_shut(lab: Lab) -> None:
    """No machine lets in whoever comes to port 22, as operators do elsewhere."""
    assert opened(lab) == []
    hosts = lab.json("status", "--json")["hosts"].values()
    addresses = [one["publicIp"] for one in hosts if one["running"]]
    assert len(addresses) >= 3
    for address in addresses:
        assert "shut" in lab.run("run", "--", "python", "-c", KNOCK, address).err


@pytest.fixture
def lab() -> Iterator[Lab]:
    with deployed("ssm", "--example", "ssm") as lab:
        yield lab


def test_a_cluster_without_an_open_port_comes_scales_and_goes(lab: Lab) -> None:
    require_shut(lab)
    require(lab, 1, 2)
    done = script(lab, "ssh", "node-2", "--", "hostname", "-I")
    assert (done.status, done.out.split()[0]) == (0, "10.5.0.7"), done.err
    well = script(lab, "status")
    assert well.status == 0, well.out
    with calls(lab, "4s..8s"):
        scale(lab, 3)
        require(lab, 1, 2, 3)
        require_shut(lab)
        printed = scale(lab, 2)
    assert "node-3: has left the cluster" in printed
    require(lab, 1, 2)
    lab.ok("destroy")
    assert lab.json("status", "--json")["hosts"] == {}
    require_allowed(lab, "ha", ssm=True)


def test_a_cluster_that_runs_closes_its_port_without_a_restart() -> None:
    with deployed("to-ssm") as lab:
        assert opened(lab)
        before = {name: lab.on(name, STARTED) for name in ("base", "node-1", "node-2")}
        with calls(lab, "4s..8s"):
            lab.ok("config", "set", "sshVia", "ssm")
            lab.ok("up")
            lab.ok("config", "rm", "sshCidrs")
            lab.ok("up")
            require_shut(lab)
            require(lab, 1, 2)
        assert {name: lab.on(name, STARTED) for name in before} == before
        scale(lab, 1)
        require(lab, 1)
        # And back.
        lab.ok("config", "set", "--path", "sshCidrs[0]", "198.51.100.0/24")
        lab.ok("up")
        lab.ok("config", "rm", "sshVia")
        lab.ok("up")
        require(lab, 1)
        assert lab.on("base", STARTED) == before["base"]
