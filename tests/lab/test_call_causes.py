"""`check-call` names what is closed, or set wrongly, on a cluster that is otherwise healthy."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from membership.load_balancer import KEEPER
from openvidu.environment import NODE_IPS
from openvidu.release import BASE, NODE
from tests.lab.conftest import Lab, deployed

pytestmark = [pytest.mark.lab, pytest.mark.matrix, pytest.mark.xdist_group("causes")]

DOMAIN = "openvidu.example.io"
_BASE, _NODE = f"cd {BASE.folder}", f"cd {NODE.folder}"
_CERTIFICATE = f"{BASE.folder}/certificates/live/{DOMAIN}"


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with deployed("causes") as lab:
        assert failed(lab) == {}
        yield lab


def failed(lab: Lab) -> dict[str, str]:
    """What has failed, as `CHECK PLACE`, and what is said of it and what to do."""
    done = lab.run("run", "--", "openvidu-enterprise", "check-call", "--json")
    assert done.status in {0, 1}, done.out + done.err
    wrong = [one for one in json.loads(done.out) if one["result"] == "failed"]
    assert bool(wrong) == bool(done.status), done.out
    return {
        f"{one['check']} {one['where']}": f"{one['said']}. Next: {one['next']}" for one in wrong
    }


def require(lab: Lab, expected: dict[str, str]) -> None:
    """See that just these have failed, for these reasons: patterns."""
    found = failed(lab)
    assert found.keys() == expected.keys(), found
    for what, said in expected.items():
        assert re.search(said, found[what]), found


@contextmanager
def broken(lab: Lab, machine: str, breaks: str, mends: str) -> Iterator[None]:
    """A machine on which a script has broken something; another one mends it."""
    lab.on(machine, breaks)
    try:
        yield
    finally:
        lab.on(machine, mends)


@contextmanager
def closed(lab: Lab, machine: str, service: str, port: int) -> Iterator[None]:
    """A port that the security group lets nobody in by; `up --refresh` opens it."""
    lab.ok("run", "--", "python", "-c", _CLOSE, f"{machine} {service}", str(port))
    try:
        yield
    finally:
        lab.ok("up", "--refresh")


@contextmanager
def faulty(lab: Lab, *fault: str) -> Iterator[None]:
    """A fault on both nodes."""
    nodes = ("node-1", "node-2")
    for node in nodes:
        lab.ok("fault", "set", *fault, "--on", node)
    try:
        yield
    finally:
        for node in nodes:
            lab.ok("fault", "clear", "--on", node)


def test_the_security_group_lets_no_turn_over_tcp_in(lab: Lab) -> None:
    with closed(lab, "node", "tcp", 443):
        said = "node-turn-tcp-from-world-ipv4.*pulumi up --refresh"
        require(lab, {f"turn-tcp node-{number}": said for number in (1, 2)})


def test_the_security_group_lets_no_media_in(lab: Lab) -> None:
    with closed(lab, "node", "udp", 40000):
        said = "node-media-udp-from-world-ipv4.*By TURN over UDP 443.* they do"
        require(lab, {f"straight node-{number}": said for number in (1, 2)})


def test_the_security_group_lets_no_user_in(lab: Lab) -> None:
    with closed(lab, "base", "tcp", 443):
        require(lab, {f"HTTPS {DOMAIN}": "no answer; base-https-from-world-ipv4"})


def test_a_machines_own_firewall_closes_media(lab: Lab) -> None:
    drop = "udp dport 40000-65535 drop"
    chain = "add chain inet own in { type filter hook input priority 0; }"
    breaks = f"nft add table inet own; nft '{chain}'; nft add rule inet own in {drop}"
    with broken(lab, "node-1", breaks, "nft delete table inet own"):
        said = "the security group lets UDP 40000-65535 in.*ssh node-1 -- sudo nft list ruleset"
        # What coturn relays comes in there, too.
        relayed = "the TURN server answers, and doesn't reach the media server by UDP 40000-65535"
        ways = {"straight": said, "turn-udp": relayed, "turn-tcp": relayed}
        require(lab, {f"{way} node-1": said for way, said in ways.items()})


def test_coturn_does_not_run(lab: Lab) -> None:
    stop, start = (f"{_NODE} && docker compose {verb} coturn" for verb in ("stop", "start"))
    with broken(lab, "node-2", stop, start):
        said = "coturn doesn't listen there.*logs node-2 --service coturn"
        require(lab, {"turn-udp node-2": said, "turn-tcp node-2": said})


def test_coturn_and_openvidu_have_different_secrets(lab: Lab) -> None:
    key = f"{NODE.folder}/coturn/shared-secret-key"
    breaks, mends = f"cp {key} /root/key; echo other > {key}", f"cp /root/key {key}"
    with broken(lab, "node-1", breaks, mends):
        said = "it refuses the credentials; the clocks may differ, or the secret of coturn and"
        require(lab, {"turn-udp node-1": said, "turn-tcp node-1": said})


def test_a_node_is_not_in_the_load_balancer(lab: Lab) -> None:
    edit = f"{_BASE} && sed -i 's/^{NODE_IPS}=.*/{NODE_IPS}=%s/' .env"
    reload = f"./{BASE.command} update-loadbalancer"
    breaks = f"systemctl stop {KEEPER}; {edit % '10.5.0.6'} && {reload}"
    mends = f"{edit % '10.5.0.6,10.5.0.7'} && {reload}; systemctl start {KEEPER}"
    with broken(lab, "base", breaks, mends):
        said = "no call: of .* sessions the load balancer placed none there"
        require(lab, {"reached node-2": said})


def test_no_node_answers(lab: Lab) -> None:
    verbs = ("stop", "start")
    stop, start = (f"{_NODE} && docker compose {verb} openvidu-server" for verb in verbs)
    with broken(lab, "node-1", stop, start), broken(lab, "node-2", stop, start):
        require(lab, {f"REST API {DOMAIN}": "the load balancer has no node that answers"})


def test_the_cluster_has_another_secret(lab: Lab) -> None:
    with faulty(lab, "api", "answer=401"):
        require(lab, {f"REST API {DOMAIN}": "the cluster has another openviduSecret"})


def test_media_servers_are_lost(lab: Lab) -> None:
    with faulty(lab, "media-disconnected"):
        require(lab, {f"joinRoom {DOMAIN}": "a node has no connection to its media server"})


def test_the_load_balancer_does_not_run(lab: Lab) -> None:
    with broken(
        lab,
        "base",
        f"{_BASE} && docker compose stop loadbalancer",
        f"{_BASE} && docker compose start loadbalancer",
    ):
        said = "it refuses connections: nothing listens there.*repair base"
        require(lab, {f"HTTPS {DOMAIN}": said})


def test_the_certificate_is_another_one(lab: Lab) -> None:
    said = "the certificate isn't one to trust"
    with broken(lab, "base", *certificate("-days 9")):
        require(lab, {f"certificate {DOMAIN}": said})


def test_the_name_leads_elsewhere(lab: Lab) -> None:
    control = lab.supervisor.control
    control.set_dns(DOMAIN, "198.51.100.99")
    try:
        require(lab, {f"DNS {DOMAIN}": "the name leads to 198.51.100.99"})
    finally:
        control.set_dns(DOMAIN, "base")


def test_the_api_is_open_to_others_alone(lab: Lab) -> None:
    lab.ok("config", "set", "--path", "apiCidrs[0]", "192.0.2.0/24")
    try:
        lab.ok("up")
        require(lab, {f"REST API {DOMAIN}": "apiCidrs hasn't the address that you come from"})
    finally:
        lab.ok("config", "rm", "apiCidrs")
        lab.ok("up")


def certificate(options: str) -> tuple[str, str]:
    """What puts another certificate into place on the base, and what puts the old one back."""
    reload = f"{_BASE} && docker compose exec -T loadbalancer nginx -s reload"
    make = (
        f"openssl req -x509 -newkey rsa:2048 -nodes {options} -subj /CN={DOMAIN} "
        f"-addext subjectAltName=DNS:{DOMAIN} "
        f"-keyout {_CERTIFICATE}/privkey.pem -out {_CERTIFICATE}/fullchain.pem"
    )
    return (
        f"cp -aL {_CERTIFICATE} /root/live; {make}; {reload}",
        f"cp /root/live/* {_CERTIFICATE}/; {reload}",
    )


_CLOSE = """
import sys
import boto3
ec2 = boto3.client("ec2", region_name="eu-west-1")
role, protocol = sys.argv[1].split()
for group in ec2.describe_security_groups()["SecurityGroups"]:
    if any(tag == {"Key": "role", "Value": role} for tag in group.get("Tags", ())):
        rules = ec2.describe_security_group_rules(
            Filters=[{"Name": "group-id", "Values": [group["GroupId"]]}]
        )["SecurityGroupRules"]
        for rule in rules:
            if (rule["IpProtocol"], rule["FromPort"]) == (protocol, int(sys.argv[2])):
                ec2.revoke_security_group_ingress(
                    GroupId=group["GroupId"], SecurityGroupRuleIds=[rule["SecurityGroupRuleId"]]
                )
"""
