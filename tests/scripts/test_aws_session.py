"""Whatever talks to AWS beside the provider logs in as the provider does."""

from __future__ import annotations

import base64
import json
import os
import re
import urllib.parse
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from components.aws import health, provider_session
from components.aws.provider import VARIABLE
from components.aws.provider_session import AwsSession, LateAnswerError
from lab.openvidu.web.messages import Request, Response
from scripts import aws_session, host_key, instance_state, present_machine
from scripts.pulumi_cli import PulumiCli
from tests.membership.listener import dripping
from tests.serving import serving

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"
CONSOLE = f"-----BEGIN SSH HOST KEY KEYS-----\n{KEY} x\n-----END SSH HOST KEY KEYS-----\n"
ANSWERS = {
    "GetConsoleOutput": (
        "<GetConsoleOutputResponse><output>"
        f"{base64.b64encode(CONSOLE.encode()).decode()}</output></GetConsoleOutputResponse>"
    ),
    "DescribeInstances": (
        "<DescribeInstancesResponse><reservationSet><item><instancesSet><item>"
        "<instanceId>i-1</instanceId><instanceState><name>running</name></instanceState>"
        "</item></instancesSet></item></reservationSet></DescribeInstancesResponse>"
    ),
    "GetCallerIdentity": (
        "<GetCallerIdentityResponse><GetCallerIdentityResult><Account>1</Account>"
        "</GetCallerIdentityResult></GetCallerIdentityResponse>"
    ),
}


def described(instances: list[tuple[str, str]]) -> str:
    """What AWS says of instances with these names, in these states."""
    items = "".join(
        f"<item><instanceId>i-{number}</instanceId><instanceState><name>{state}</name>"
        f"</instanceState><ipAddress>203.0.113.{50 + number}</ipAddress>"
        f"<tagSet><item><key>Name</key><value>{name}</value></item></tagSet></item>"
        for number, (name, state) in enumerate(instances)
    )
    return (
        "<DescribeInstancesResponse><reservationSet><item><instancesSet>"
        f"{items}</instancesSet></item></reservationSet></DescribeInstancesResponse>"
    )


class Aws:
    """Answers, and keeps who has asked for what."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, dict[str, str]]] = []
        self.url = ""
        self.instances: list[tuple[str, str]] | None = None
        self.refuses = ""

    async def answer(self, request: Request) -> Response:
        form = dict(urllib.parse.parse_qsl(request.body.decode()))
        login = re.search(r"Credential=([^/]+)/", request.headers["authorization"])
        assert login
        self.asked.append((form["Action"], login[1], form))
        if form["Action"] == "AssumeRole":
            role = form["RoleArn"].rpartition("/")[2]
            text = (
                "<AssumeRoleResponse><AssumeRoleResult><Credentials>"
                f"<AccessKeyId>{role}</AccessKeyId><SecretAccessKey>x</SecretAccessKey>"
                "<SessionToken>x</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration>"
                "</Credentials></AssumeRoleResult></AssumeRoleResponse>"
            )
            return Response(200, body=text.encode())
        if form["Action"] == "DescribeInstances" and self.refuses:
            error = f"<Errors><Error><Code>{self.refuses}</Code></Error></Errors>"
            return Response(400, body=f"<Response>{error}</Response>".encode())
        if form["Action"] == "DescribeInstances" and self.instances is not None:
            running = "Filter.5.Name" in form
            return Response(200, body=described([] if running else self.instances).encode())
        return Response(200, body=ANSWERS[form["Action"]].encode())

    @property
    def logins(self) -> list[tuple[str, str]]:
        return [(action, login) for action, login, _ in self.asked]


@pytest.fixture
def aws() -> Iterator[Aws]:
    made = Aws()
    with serving(made.answer) as made.url:
        yield made


@pytest.fixture
def provider(aws: Aws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The provider's configuration; the environment has credentials of another account."""
    files = {"config": "[profile calls]\n", "credentials": "[calls]\n"}
    files["credentials"] += "aws_access_key_id = of-profile\naws_secret_access_key = x\n"
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    for name, value in {
        "AWS_ACCESS_KEY_ID": "of-another",
        "AWS_SECRET_ACCESS_KEY": "x",
        "AWS_REGION": "eu-west-1",
        "AWS_MAX_ATTEMPTS": "1",
        "INSTANCE_ID": "i-1",
        "INSTANCE_ARN": "arn:aws:ec2:eu-west-1:1:instance/i-1",
        "MACHINE": "base",
        "HOST": "203.0.113.5",
        "PRESENT": "aws eu-west-1 calls dev",
    }.items():
        monkeypatch.setenv(name, value)
    return {
        "profile": "calls",
        "sharedConfigFiles": json.dumps([str(tmp_path / "config")]),
        "sharedCredentialsFiles": json.dumps([str(tmp_path / "credentials")]),
        "endpoints": json.dumps([{"ec2": aws.url, "sts": aws.url}]),
    }


def require_present(said: str, machine: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What is said of a machine; empty where AWS doesn't know it for sure."""
    if said:
        present_machine.main()
        assert capsys.readouterr().out.strip() == said
    else:
        with pytest.raises(SystemExit, match=f"AWS knows 0 machines called calls-dev-{machine}"):
            present_machine.main()


MAINS = pytest.mark.parametrize("main", [host_key.main, instance_state.main, present_machine.main])


@MAINS
def test_a_profile_is_used_whatever_the_environment_has(
    main: Callable[[], None], aws: Aws, provider: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, json.dumps(provider))
    main()
    assert {login for _, login in aws.logins} == {"of-profile"}


@MAINS
def test_roles_are_assumed_one_by_the_other(
    main: Callable[[], None], aws: Aws, provider: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    roles = [
        {"roleArn": "arn:aws:iam::1:role/first", "externalId": "ours"},
        {"roleArn": "arn:aws:iam::1:role/second", "sessionName": "here"},
    ]
    monkeypatch.setenv(VARIABLE, json.dumps({**provider, "assumeRoles": json.dumps(roles)}))
    main()
    assert aws.logins[:2] == [("AssumeRole", "of-profile"), ("AssumeRole", "first")]
    assert {login for _, login in aws.logins[2:]} == {"second"}
    assert aws.asked[0][2]["ExternalId"] == "ours"
    assert aws.asked[1][2]["RoleSessionName"] == "here"


@pytest.mark.parametrize(
    ("there", "said"),
    [
        ([("calls-dev-node-1", "running"), ("calls-dev-base", "terminated")], "gone"),
        ([("calls-dev-node-1", "running")], "gone"),
        ([("calls-dev-node-1", "running"), ("calls-dev-base", "pending")], ""),
        ([("calls-dev-node-1", "terminated")], ""),
        ([], ""),
    ],
)
def test_a_machine_is_gone_where_aws_knows_all_but_it(
    there: list[tuple[str, str]],
    said: str,
    aws: Aws,
    provider: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv(VARIABLE, json.dumps(provider))
    aws.instances = there
    require_present(said, "base", capsys)


@pytest.mark.parametrize(
    ("machine", "variable", "running", "said"),
    [
        ("base", "BASE_HOST_KEY", ["base"], "203.0.113.51 ssh-ed25519 BEFORE"),
        ("node-1", "NODE_HOST_KEY", ["node-1"], "203.0.113.51 ssh-ed25519 BEFORE"),
        ("base", "NODE_HOST_KEY", ["base"], ""),
        ("base", "BASE_HOST_KEY", ["base", "base"], ""),
    ],
    ids=["the base", "a node", "its key isn't known", "there are two"],
)
def test_a_machine_that_has_another_address_is_found_by_its_name_and_has_to_show_its_key(
    machine: str,
    variable: str,
    running: list[str],
    said: str,
    aws: Aws,
    provider: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, value in {
        VARIABLE: json.dumps(provider),
        "MACHINE": machine,
        variable: "ssh-ed25519 BEFORE",
    }.items():
        monkeypatch.setenv(name, value)
    aws.instances = [("calls-dev-node-9", "running")]
    aws.instances += [(f"calls-dev-{one}", "running") for one in running]
    require_present(said, machine, capsys)


def test_without_what_only_the_program_knows_nobody_else_asks(
    aws: Aws, provider: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, json.dumps({**provider, "withheld": ["secretKey"]}))
    with pytest.raises(SystemExit, match="aws:secretKey of the stack's configuration"):
        instance_state.main()
    assert not aws.asked


ENDED = ("stopped", "terminated")
RUNNING = ("pending", "running", "stopping", "shutting-down")


@pytest.mark.parametrize("name", [*ENDED, *RUNNING])
def test_only_an_instance_that_has_ended_carries_no_calls(
    name: str,
    aws: Aws,
    provider: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv(VARIABLE, json.dumps(provider))
    aws.instances = [("calls-dev-node-1", name)]
    instance_state.main()
    word = "stopped" if name in ENDED else "runs"
    assert capsys.readouterr().out == f"{word} i-1 is {name}\n"


@pytest.mark.parametrize(
    ("refuses", "said"),
    [
        ("InvalidInstanceID.NotFound", "stopped there is no i-1 any more\n"),
        ("", "unknown nothing of i-1\n"),
    ],
)
def test_an_instance_that_aws_does_not_know_is_gone_where_it_says_so(
    refuses: str,
    said: str,
    aws: Aws,
    provider: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv(VARIABLE, json.dumps(provider))
    aws.instances, aws.refuses = [], refuses
    instance_state.main()
    assert capsys.readouterr().out == said


def test_an_aws_that_refuses_says_nothing_of_an_instance(
    aws: Aws, provider: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, json.dumps(provider))
    aws.refuses = "UnauthorizedOperation"
    with pytest.raises(SystemExit, match="UnauthorizedOperation"):
        instance_state.main()


def test_an_instance_of_another_account_is_not_asked_for(
    aws: Aws,
    provider: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv(VARIABLE, json.dumps(provider))
    monkeypatch.setenv("INSTANCE_ARN", "arn:aws:ec2:eu-west-1:2:instance/i-1")
    instance_state.main()
    assert capsys.readouterr().out == "unknown the credentials here are of account 1, not 2\n"
    assert [action for action, _ in aws.logins] == ["GetCallerIdentity"]


class Stack(PulumiCli):
    """A stack with a configuration."""

    def __init__(self, config: dict[str, str], secrets: dict[str, str]) -> None:
        self._plain, self._secret = config, secrets

    def config(self) -> dict[str, dict[str, Any]]:
        plain = {f"aws:{key}": {"value": text} for key, text in self._plain.items()}
        return plain | {f"aws:{key}": {"secret": True} for key in self._secret}

    def get_config(self, key: str) -> str:
        return self._secret[key.removeprefix("aws:")] + "\n"


def test_a_script_asks_as_the_stack_says(aws: Aws, provider: dict[str, str]) -> None:
    logged_in = aws_session.of_stack(Stack({**provider, "region": "eu-north-1"}, {}))
    logged_in.client("ec2").describe_instances()
    assert logged_in.region_name == "eu-north-1"
    own = {"accessKey": "of-stack", "secretKey": "x"}
    aws_session.of_stack(Stack(provider, own)).client("ec2").describe_instances()
    assert [login for _, login in aws.logins] == ["of-profile", "of-stack"]


@pytest.mark.parametrize(
    "head",
    [b"", b"HTTP/1.1 200 OK\r\nX-Header: ", b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n"],
    ids=["in the first line", "in a header", "in the body"],
)
def test_an_aws_that_drips_holds_nobody_up(
    head: bytes, provider: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Each read is in time.
    monkeypatch.setattr(provider_session, "_TIMEOUTS", 0.1)
    with dripping(head) as url:
        there = provider | {"endpoints": json.dumps([{"ec2": url, "sts": url}])}
        ec2 = AwsSession(there).client("ec2", timeout=5)
        pages = ec2.get_paginator("describe_instances").paginate()
        for ask in (
            ec2.describe_instances,
            pages.build_full_result,
            lambda: AwsSession(there | {"assumeRoles": '[{"roleArn": "arn:aws:iam::1:role/a"}]'}),
        ):
            with pytest.raises(LateAnswerError, match=r"AWS gives no whole answer within \S+ s"):
                ask()
        seen = health.look({"base": os.environ["INSTANCE_ARN"]}, partial(AwsSession, there))
    assert seen == health.Unasked("AWS gives no whole answer within 0.5 s")


def test_a_host_key_is_asked_for_again_where_aws_drips() -> None:
    assert host_key._may_pass(LateAnswerError(error="no whole answer within 120 s"))
