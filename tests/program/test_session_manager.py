"""`sshVia ssm`: who gets which rights, which port is open, by which way machines are reached."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pulumi
import pytest
from pulumi.runtime import config as runtime_config

from components import cluster_observation
from components.aws import session_manager
from components.aws.permissions import Scope, statements
from components.aws.provider import VARIABLE
from components.over_ssh import TEXT
from components.previous_state import PreviousState, from_outputs
from components.settings.change_kind import Change
from components.settings.mistakes import ConfigurationError
from components.settings.read import read
from components.settings.table import keys
from components.ssh_way import SshWay
from tests.program.conftest import SECRETS
from tests.program.test_cluster import INSTANCE_TYPES, Recorder, deploy
from tests.program.test_existing import host, problems
from tests.program.test_key_changes import Compared
from tests.program.test_managed import Cloud

ROLE, POLICY, PROFILE, INSTANCE = (
    "aws:iam/role:Role",
    "aws:iam/rolePolicy:RolePolicy",
    "aws:iam/instanceProfile:InstanceProfile",
    "aws:ec2/instance:Instance",
)
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
BOUNDARY = "arn:aws:iam::123456789012:policy/openvidu"


@pytest.fixture
def by_ssm(config: dict[str, str]) -> dict[str, str]:
    return {**config, "sshVia": "ssm", "sshCidrs": "[]"}


def allowed(recorder: Recorder, name: str) -> set[str]:
    said = json.loads(recorder.of_type(POLICY)[name]["policy"])["Statement"]
    return {
        action
        for one in said
        for action in ([one["Action"]] if isinstance(one["Action"], str) else one["Action"])
    }


@pytest.mark.parametrize("shape", ["ha", "single-master"])
def test_every_machine_may_take_sessions_and_nothing_else(
    shape: str, by_ssm: dict[str, str]
) -> None:
    limits = {"permissionsBoundary": BOUNDARY, "iamPath": "/openvidu/"}
    found = deploy({**by_ssm, **limits, "shape": shape})
    (role,) = found.of_type(ROLE).values()
    assert (role["path"], role["permissionsBoundary"]) == ("/openvidu/", BOUNDARY)
    assert "ec2.amazonaws.com" in role["assumeRolePolicy"]
    assert allowed(found, "session-role-policy") == {
        "ssm:UpdateInstanceInformation",
        "ssmmessages:CreateControlChannel",
        "ssmmessages:CreateDataChannel",
        "ssmmessages:OpenControlChannel",
        "ssmmessages:OpenDataChannel",
    }
    profiles = {one["iamInstanceProfile"] for one in found.of_type(INSTANCE).values()}
    assert len(profiles) == 1
    assert None not in profiles


def test_without_a_word_no_machine_may_do_anything(config: dict[str, str]) -> None:
    found = deploy(config)
    assert not found.of_type(PROFILE)
    assert not [one for one in found.of_type(INSTANCE).values() if one.get("iamInstanceProfile")]


def test_a_bastion_keeps_its_own_rights_beside_those(
    by_ssm: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(INSTANCE_TYPES, "t3.small", (2, 2048, ["x86_64"]))
    cloud = Cloud()
    own = {"shape": "ha-managed", "certificateType": "acm", "hostedZoneId": "Z1"}
    deploy({**by_ssm, **own, "elasticsearchPassword": "Secret-of-search-1"}, recorder=cloud)
    both = allowed(cloud, "bastion-role-policy")
    assert both >= allowed(cloud, "session-role-policy")
    assert "elasticloadbalancing:RegisterTargets" in both
    profiles = {name: one["iamInstanceProfile"] for name, one in cloud.of_type(INSTANCE).items()}
    assert profiles["node-1"] == profiles["node-2"] != profiles["bastion"]


def test_no_port_is_open_for_ssh_and_each_command_goes_by_its_machines_name(
    by_ssm: dict[str, str],
) -> None:
    found = deploy(by_ssm)
    ports = {(one["fromPort"], one["toPort"]) for one in found.of_type(INGRESS).values()}
    assert ports
    assert not [one for one in ports if one[0] <= 22 <= one[1]]
    # pulumi-command's own connections know no way but addresses.
    assert not found.of_type("command:remote:Command")
    commands = found.of_type("command:local:Command")
    env = commands["node-1-env"]
    assert env["environment"]["SCRIPT"] == "put-env.sh"
    way = json.loads(env["environment"]["NODE_SSH_WAY"])
    assert way["ssm"].split()[1:] == ["openvidu-enterprise", "dev", "node-1"]
    keys, _, text = env["stdin"]["value"].partition(TEXT)
    assert keys == by_ssm["sshPrivateKey"]
    assert by_ssm["openviduSecret"] in text
    assert by_ssm["openviduSecret"] not in json.dumps(env["environment"])
    base = json.loads(commands["node-2-membership"]["environment"]["BASE_SSH_WAY"])
    assert base["ssm"].split()[-1] == "base"
    told = commands["node-1-identity"]["stdin"]
    assert f"SSH_WAY={env['environment']['NODE_SSH_WAY']}\n" in told["value"]


def test_another_way_restarts_nothing(config: dict[str, str]) -> None:
    compared = Compared(config, {**config, "sshVia": "ssm"})
    assert keys()["sshVia"].change is Change.WAY_IN
    assert compared.restarts == set()
    assert {"base-start", "node-1-start", "session-profile", "node-1"} <= compared.names


def test_machines_that_exist_have_ways_of_their_own() -> None:
    assert "sshVia: is for machines on AWS" in problems(host(0), host(1), sshVia="ssm")


def test_no_network_is_asked_for_where_there_is_another_way(by_ssm: dict[str, str]) -> None:
    assert read(by_ssm, SECRETS).ssh_cidrs == ()
    with pytest.raises(ConfigurationError, match="sshCidrs: is empty"):
        read({key: text for key, text in by_ssm.items() if key != "sshVia"}, SECRETS)
    with pytest.raises(ConfigurationError, match="sshVia"):
        read({**by_ssm, "sshVia": "vpn"}, SECRETS)


@pytest.fixture
def provider() -> Iterator[Any]:
    before = dict(runtime_config.CONFIG.get())
    yield lambda config: runtime_config.set_all_config(
        {f"aws:{key}": text for key, text in config.items()}, []
    )
    runtime_config.set_all_config(before, [])


def test_keys_of_the_configuration_are_refused_as_a_destroy_would_lack_them(
    by_ssm: dict[str, str], config: dict[str, str], provider: Any
) -> None:
    provider({"accessKey": "AKIA1", "secretKey": "hidden", "region": "eu-west-1"})
    with pytest.raises(ConfigurationError) as refused:
        deploy(by_ssm)
    assert "sshVia: ssm asks AWS at each login" in str(refused.value)
    assert "pulumi config rm aws:accessKey && pulumi config rm aws:secretKey" in str(refused.value)
    deploy(config)
    provider({"profile": "calls", "region": "eu-west-1"})
    deploy(by_ssm)


PLUGINS = {
    "new enough": ("echo 1.2.707.0", None),
    "too old": ("echo 1.2.497.0", "after 1.2.497.0, and 1.2.497.0 is here"),
    "broken": ("echo no such library >&2; exit 1", "gives as its version: no such library"),
    "missing": (None, "isn't on the PATH of this computer"),
}


@pytest.mark.parametrize("is_preview", [True, False], ids=["preview", "update"])
@pytest.mark.parametrize("plugin", PLUGINS)
def test_the_plugin_is_looked_for_before_anything_is_made(
    plugin: str,
    is_preview: bool,
    by_ssm: dict[str, str],
    config: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text, problem = PLUGINS[plugin]
    if text:
        (tmp_path / session_manager.PLUGIN).write_text(f"#!/bin/sh\n{text}\n")
        (tmp_path / session_manager.PLUGIN).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(pulumi.runtime, "is_dry_run", lambda: is_preview)
    told: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", told.append)
    session_manager.require_plugin(read(config, SECRETS))
    try:
        session_manager.require_plugin(read(by_ssm, SECRETS))
    except ConfigurationError as error:
        assert not is_preview
        told.append(str(error))
    assert len(told) == (problem is not None)
    assert all(problem and problem in one and session_manager.INSTALL in one for one in told)


def test_the_base_is_asked_by_the_way_that_was_deployed(
    by_ssm: dict[str, str], monkeypatch: pytest.MonkeyPatch, provider: Any
) -> None:
    provider({"profile": "calls"})
    asked: list[dict[str, str]] = []
    refused = subprocess.CompletedProcess([], 255, "", "Connection refused")

    def run(_: str, given: dict[str, str], *__: Any, **___: Any) -> Any:
        asked.append(given)
        return refused

    monkeypatch.setattr(cluster_observation, "run", run)
    settings = read(by_ssm, SECRETS)
    for way in (SshWay(), SshWay(ssm="- openvidu-enterprise dev base")):
        previous = PreviousState("203.0.113.10", "ssh-ed25519 AAAA", way=way)
        cluster_observation.ask(settings, previous)
    straight, by_it = asked
    assert (straight["BASE_SSH_WAY"], straight.get(VARIABLE)) == ("", None)
    assert json.loads(by_it["BASE_SSH_WAY"])["ssm"] == "- openvidu-enterprise dev base"
    assert by_it[VARIABLE] == '{"profile": "calls"}'


def test_the_way_of_the_last_update_is_known() -> None:
    way = SshWay(ssm="- openvidu-enterprise dev base")
    for name in ("base", "master", "bastion"):
        urn = f"urn:pulumi:dev::openvidu-enterprise::command:local:Command::{name}-quiet"
        outputs = {"environment": {"BASE_SSH_WAY": way.as_text()}}
        assert from_outputs({urn: {"type": "command:local:Command", "outputs": outputs}}).way == way
    assert from_outputs({}).way is None


def test_sessions_are_allowed_to_the_stacks_machines_alone() -> None:
    assert "ssm:" not in str(statements(Scope()))
    found = [one for one in statements(Scope(stack="prod", ssm=True)) if "ssm" in str(one.actions)]
    to, by, own = [one.as_json() for one in found]
    assert to["Action"] == by["Action"] == ["ssm:StartSession"]
    assert to["Resource"] == ["arn:*:ec2:*:*:instance/*"]
    assert to["Condition"]["StringEquals"]["ssm:resourceTag/stack"] == ["prod"]
    assert by["Resource"] == ["arn:*:ssm:*:*:document/AWS-StartSSHSession"]
    assert own["Resource"] == ["arn:*:ssm:*:*:session/${aws:userid}-*"]
    passed = [
        one for one in statements(Scope(ssm=True, backups=True)) if one.actions == ["iam:PassRole"]
    ]
    assert [(one.resources, one.conditions) for one in passed] == [
        (["arn:*:iam::*:role/backup-role-*"], {"iam:PassedToService": ["dlm.amazonaws.com"]}),
        (["arn:*:iam::*:role/session-role-*"], {"iam:PassedToService": ["ec2.amazonaws.com"]}),
    ]
    made = [
        one.resources
        for one in statements(Scope("ha-managed", ssm=True))
        if "iam:CreateInstanceProfile" in one.actions
    ]
    names = ("bastion", "session")
    assert made == [[f"arn:*:iam::*:instance-profile/{one}-profile-*" for one in names]]
