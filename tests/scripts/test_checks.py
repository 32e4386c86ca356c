"""What the preflight makes of what it's told: results, reasons, what to type."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError

from components.aws.permissions import Scope, statements
from components.aws.quotas import ADDRESSES
from openvidu import environment as env
from openvidu.downloads import HOSTS, downloads
from openvidu.release import NODE
from scripts.checks import (
    aws_account,
    downloadable,
    names,
    node_services,
    reachable,
    stack_configuration,
)
from scripts.checks.finding import Finding, Result, exit_status
from scripts.checks.node_services import Asked, WantedEnv
from scripts.stack_machines import Machine

URN = "urn:pulumi:s::openvidu-enterprise::command:remote:Command::node-1-env"
VALUES = {
    env.S3_BUCKET: "openvidu-enterprise",
    env.S3_SECRET_KEY: "secret-of-minio",
    env.REDIS_HOST: "10.5.0.5",
}
WANTED = WantedEnv(URN, VALUES)
BASE = Machine("base", "203.0.113.1", {"SSH_USER": "ubuntu"}, "")
BASTION = Machine("bastion", "203.0.113.2", {"SSH_USER": "ubuntu"}, "")


def answer(service: str, problem: str | None = None, *keys: str) -> dict[str, Any]:
    return {"service": service, "place": "10.5.0.5:1", "problem": problem, "keys": list(keys)}


def asked(main: Machine = BASE, **changed: str) -> Asked:
    return Asked("node-1", main, VALUES | changed, WANTED)


def test_only_failures_fail_the_preflight() -> None:
    of = {one: Finding("check", "where", one, "said") for one in Result}
    assert exit_status([of[Result.OK], of[Result.WARNING], of[Result.SKIPPED]]) == 0
    assert exit_status([of[Result.OK], of[Result.FAILED]]) == 1


def test_a_preview_that_fails_is_told_in_the_programs_words() -> None:
    told = stack_configuration.findings_of(
        {
            "diagnostics": [
                {"severity": "error", "message": "error: The configuration has 2 mistakes."},
                {"severity": "warning", "message": "With one node …"},
                {"severity": "info", "message": "fine"},
            ]
        },
        "production",
    )
    assert [one.result for one in told] == [Result.FAILED, Result.WARNING]
    assert told[0].said == "The configuration has 2 mistakes."


def test_a_preview_says_what_an_update_would_do() -> None:
    summary = {"create": 8, "same": 80}
    (told,) = stack_configuration.findings_of({"changeSummary": summary}, "production")
    assert (told.result, told.said) == (Result.OK, "8 to create")


def test_a_permission_that_is_missing_is_named() -> None:
    found = aws_account.judged(
        {
            "ec2:CreateVpc": aws_account.Answer("DryRunOperation", "Request would have succeeded"),
            "ec2:AllocateAddress": aws_account.Answer(
                "UnauthorizedOperation", "You are not authorized"
            ),
            "ec2:RunInstances": aws_account.Answer("VPCIdNotSpecified", "No default VPC"),
        }
    )
    said = {one.result: one.said for one in found}
    assert said[Result.OK] == "granted: ec2:CreateVpc"
    assert said[Result.FAILED].startswith("ec2:AllocateAddress isn't granted")
    assert "ec2:RunInstances (VPCIdNotSpecified)" in said[Result.SKIPPED]


def test_a_quota_that_is_used_up_is_a_warning_with_the_way_to_more() -> None:
    room = aws_account.quota_finding(ADDRESSES, "eu-west-1", 3, 5)
    full = aws_account.quota_finding(ADDRESSES, "eu-west-1", 5, 5)
    assert (room.result, full.result) == (Result.OK, Result.WARNING)
    assert room.said == "EC2-VPC Elastic IPs: 3 of 5 in use"
    assert f"--quota-code {ADDRESSES.code}" in str(full.next)


def test_in_a_network_that_exists_nobody_asks_for_the_right_to_make_one() -> None:
    own: dict[str, dict[str, Any]] = {"openvidu-enterprise:shape": {"value": "ha"}}
    subnets = ["subnet-1a2b3c4d"]
    hosts = [{"publicIp": "203.0.113.5", "interface": "eni-1a2b3c4d"}]
    taken = own | {
        "openvidu-enterprise:hosts": {"value": json.dumps(hosts), "objectValue": hosts},
        "openvidu-enterprise:vpcId": {"value": "vpc-1a2b3c4d"},
        "openvidu-enterprise:subnetIds": {"value": json.dumps(subnets), "objectValue": subnets},
    }
    asked = {}
    for name, config in {"own": own, "taken": taken}.items():
        scope = aws_account.scope_of(config, "prod")
        tried = aws_account.first_calls(None, "c5.2xlarge", scope, "ami-1a2b3c4d")
        granted = {action for one in statements(scope) for action in one.actions}
        asked[name] = {*tried} | granted
    of_a_network = {"ec2:CreateVpc", "ec2:CreateInternetGateway", "ec2:CreateSubnet"}
    assert of_a_network <= asked["own"]
    assert not of_a_network & asked["taken"]
    assert "ec2:AllocateAddress" in asked["taken"]
    resources = {one for each in statements(scope) for one in each.resources}
    assert {"arn:*:ec2:*:*:vpc/vpc-1a2b3c4d", "arn:*:ec2:*:*:subnet/subnet-1a2b3c4d"} <= resources
    assert "arn:*:ec2:*:*:network-interface/eni-1a2b3c4d" in resources


class Iam:
    """IAM, as far as it's asked."""

    def __init__(self, *, denies: str = "", fails: bool = False) -> None:
        self.denies, self.fails, self.asked = denies, fails, ""
        self.region_name = "cn-north-1"

    def client(self, _: str) -> Iam:
        return self

    def get_role(self, RoleName: str) -> dict[str, Any]:  # noqa: N803 - boto3's name
        return {"Role": {"Arn": f"arn:aws:iam::1:role/of/{RoleName}"}}

    def get_paginator(self, _: str) -> Iam:
        return self

    def paginate(self, **asked: Any) -> list[dict[str, Any]]:
        if self.fails:
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "Simulate")
        self.asked = asked["PolicySourceArn"]
        return [
            {
                "EvaluationResults": [
                    {
                        "EvalActionName": action,
                        "EvalDecision": "implicitDeny" if action == self.denies else "allowed",
                    }
                    for action in asked["ActionNames"]
                ]
            }
        ]


@pytest.mark.parametrize(
    ("iam", "result"),
    [
        (Iam(), Result.OK),
        (Iam(denies="ec2:CreateVolume"), Result.WARNING),
        (Iam(fails=True), Result.SKIPPED),
    ],
    ids=["granted", "denied", "not asked"],
)
def test_what_cannot_be_tried_is_simulated(iam: Iam, result: Result) -> None:
    who = "arn:aws:sts::1:assumed-role/deployer/session"
    (found,) = aws_account.simulated(iam, who, statements(Scope("ha")))
    assert found.result is result
    assert ("ec2:CreateVolume" in found.said) == (result is Result.WARNING)
    assert iam.asked in ("", "arn:aws:iam::1:role/of/deployer")


def test_permissions_are_simulated_where_they_are_needed() -> None:
    asked: list[dict[str, Any]] = []

    class Kept(Iam):
        def paginate(self, **arguments: Any) -> list[dict[str, Any]]:
            asked.append(arguments)
            return super().paginate(**arguments)

    key = "arn:aws-cn:kms:cn-north-1:1:key/1"
    scope = Scope("ha-managed", "prod", "calls", kms_key=key)
    aws_account.simulated(Kept(), "arn:aws-cn:iam::1:user/me", statements(scope))
    of = {action: one for one in asked for action in one["ActionNames"]}
    assert of["iam:CreateUser"]["ResourceArns"] == ["arn:aws-cn:iam::1:user/bucket-user-preflight"]
    assert of["s3:DeleteBucket"]["ResourceArns"][0] == "arn:aws-cn:s3:::calls"
    assert of["iam:PassRole"]["ContextEntries"][0]["ContextKeyValues"] == ["ec2.amazonaws.com"]
    (flag,) = of["kms:CreateGrant"]["ContextEntries"]
    assert (flag["ContextKeyValues"], flag["ContextKeyType"]) == (["true"], "boolean")
    assert of["kms:CreateGrant"]["ResourceArns"] == [key]
    snapshots = ["arn:aws-cn:ec2:cn-north-1::snapshot/preflight"]
    assert of["ec2:CreateVolume"]["ResourceArns"] == snapshots
    assert "ResourceArns" not in of["ec2:CreateVpc"]
    tagged = {one["ContextKeyName"]: one["ContextKeyValues"] for one in _context(of)}
    assert tagged == {
        "aws:RequestTag/project": ["openvidu-enterprise"],
        "aws:RequestTag/stack": ["prod"],
    }
    domain = "arn:aws-cn:es:cn-north-1:1:domain/openvidu-preflight"
    assert of["es:DeleteDomain"]["ResourceArns"] == [domain]
    zones = of["route53:ChangeResourceRecordSets"]["ResourceArns"]
    assert "arn:aws-cn:route53:::hostedzone/preflight" in zones


def _context(asked: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = asked["ec2:CreateVpc"]["ContextEntries"]
    return found


@pytest.mark.parametrize(
    ("left", "distrust", "kind", "result"),
    [
        (timedelta(days=60), None, "letsencrypt", Result.OK),
        (timedelta(days=60), "self-signed", "selfsigned", Result.WARNING),
        (timedelta(days=60), "unknown issuer", "owncert", Result.WARNING),
        (timedelta(days=5), None, "owncert", Result.WARNING),
        (timedelta(days=-1), None, "owncert", Result.FAILED),
    ],
)
def test_a_certificate_is_judged_by_what_is_left_of_it(
    left: timedelta, distrust: str | None, kind: str, result: Result
) -> None:
    assert names.judged("openvidu.example.io:443", left, distrust, kind).result is result


def test_a_domain_has_to_lead_to_the_deployment() -> None:
    config = {"domainOrPublicIp": "localhost"}
    (right,) = names.domain(config, {"basePublicIp": "127.0.0.1"}, lambda _: {"127.0.0.1"})
    (wrong,) = names.domain(config, {"basePublicIp": "203.0.113.1"}, lambda _: {"127.0.0.1"})
    (early,) = names.domain(config, {}, lambda _: {"127.0.0.1"})
    assert (right.result, wrong.result) == (Result.OK, Result.FAILED)
    assert early.result is Result.SKIPPED
    assert "point localhost to 203.0.113.1 with an A record" in str(wrong.next)


@pytest.mark.parametrize(
    ("kind", "machines", "result"),
    [
        ("letsencrypt", "aws", Result.FAILED),
        ("selfsigned", "aws", Result.WARNING),
        ("letsencrypt", "existing", Result.WARNING),
    ],
)
def test_a_domain_may_lead_nowhere_else(kind: str, machines: str, result: Result) -> None:
    config = {
        "domainOrPublicIp": "openvidu.example.io",
        "certificateType": kind,
        "machines": machines,
    }
    addresses = {"203.0.113.5", "2001:db8::1"}
    (found,) = names.domain(config, {"basePublicIp": "203.0.113.5"}, lambda _: addresses)
    assert found.result is result
    assert "leads to 2001:db8::1, 203.0.113.5; isn't the deployment's" in found.said
    assert "AAAA record 2001:db8::1" in str(found.next)


def test_a_port_where_nothing_listens_is_not_a_firewalls() -> None:
    here = Machine("node-1", "127.0.0.1", {}, "")
    tcp, udp = (look(here, 9) for look in (reachable.tcp, reachable.udp))
    for found in (tcp, udp):
        assert found.result is Result.FAILED
        assert "OpenVidu on node-1 doesn't listen there, or a firewall rejects" in found.said
        assert str(found.next).startswith("uv run openvidu-enterprise repair node-1")


DOWNLOADS = downloads(NODE, "2.30.0")
SCRIPT, FILES, DOCKER_HUB, ELASTIC = (one.url for one in DOWNLOADS)


def test_downloads_that_can_be_had_are_well() -> None:
    (found,) = downloadable.judged(
        "node-1", DOWNLOADS, "".join(f"{one.url}=ok\n" for one in DOWNLOADS)
    )
    assert found.result is Result.OK
    assert all(one.host in found.said for one in DOWNLOADS)


@pytest.mark.parametrize(
    ("url", "why", "following"),
    [
        (FILES, "Could not resolve host: raw", "resolvectl query raw.githubusercontent.com"),
        (DOCKER_HUB, "Connection timed out", "open port 443/tcp to registry-1.docker.io"),
        (ELASTIC, "SSL certificate problem: self-signed", "sudo update-ca-certificates"),
        (SCRIPT, "it answers 403", "pulumi config set openviduVersion"),
    ],
)
def test_a_download_that_cannot_be_had_is_named_with_what_to_do(
    url: str, why: str, following: str
) -> None:
    told = "".join(f"{one.url}={why if one.url == url else 'ok'}\n" for one in DOWNLOADS)
    well, found = downloadable.judged("node-1", DOWNLOADS, told)
    assert (well.result, found.result, found.where) == (Result.OK, Result.FAILED, "node-1")
    assert found.said.endswith(f": {why}")
    assert str(urlsplit(url).hostname) in found.said
    assert following in str(found.next)


def test_a_download_that_is_not_told_of_is_no_success() -> None:
    assert downloadable.judged("node-1", DOWNLOADS, "")[0].result is Result.FAILED


def test_what_must_be_reached_is_documented() -> None:
    text = (Path(__file__).parents[2] / "docs/existing.md").read_text()
    assert [host for host in HOSTS if f"`{host}`" not in text] == []


def test_what_can_be_used_is_well() -> None:
    assert node_services.judged(asked(), answer("Redis"), "ok").result is Result.OK


def test_a_node_that_cannot_reach_what_the_base_can_has_a_shut_port() -> None:
    found = node_services.judged(asked(), answer("S3"), "no answer within 4 s")
    assert found.result is Result.FAILED
    assert "node-1 can't reach 10.5.0.5:1: no answer within 4 s; base can" in found.said
    assert "unable to connect to S3 bucket openvidu-enterprise" in str(found.openvidu)


def test_a_login_that_somebody_changed_on_the_node_is_put_back() -> None:
    changed = asked(**{env.S3_SECRET_KEY: "another"})
    refused = answer("S3", "it refuses", env.S3_ACCESS_KEY, env.S3_SECRET_KEY)
    assert node_services.judged(changed, refused, "ok").next == f"pulumi up --replace '{URN}'"
    (told,) = node_services.changed(changed)
    assert env.S3_SECRET_KEY in told.said
    assert "another" not in told.said


def test_a_service_of_the_base_is_started_again() -> None:
    found = node_services.judged(asked(), answer("Redis", "it doesn't answer", env.REDIS_HOST), "x")
    assert "openvidu-enterprise logs base --service redis" in str(found.next)
    assert "ssh ubuntu@203.0.113.1" in str(found.next)
    assert "unable to connect to Redis server 10.5.0.5:6379" in str(found.openvidu)


def test_a_service_of_ones_own_is_set_right_in_the_configuration() -> None:
    refused = answer("Redis", "it refuses the login", env.REDIS_PASSWORD)
    found = node_services.judged(asked(BASTION), refused, "ok")
    assert found.next == "pulumi config set --secret redisPassword && pulumi up"


def test_the_stacks_own_env_is_read_from_its_state() -> None:
    script = "{\nNAME=value\n\nexit\n}\nFOLDER=/opt/openvidu\n\n"
    text = script + env.render(VALUES, header="a node's")
    exported = {"deployment": {"resources": [{"urn": URN, "inputs": {"stdin": text}}]}}
    assert node_services.wanted_envs(exported)["node-1"] == WANTED


@pytest.mark.parametrize(
    ("place", "found"),
    [
        ("10.5.0.5:6379", "10.5.0.5:6379"),
        ("http://10.5.0.5:9000", "10.5.0.5:9000"),
        ("https://s3.eu-west-1.amazonaws.com", "s3.eu-west-1.amazonaws.com:443"),
        ("https://search.example.io:443/_plugin/kibana", "search.example.io:443"),
    ],
)
def test_a_service_has_a_host_and_a_port(place: str, found: str) -> None:
    assert node_services.address(place) == found
