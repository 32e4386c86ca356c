"""What is handed on of the provider's configuration."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from pulumi.runtime import config as runtime_config

from components.aws.provider import VARIABLE, secret_variables, variables
from tests.program.test_cluster import SECRET_MARK, Recorder, deploy

ROLES = json.dumps([{"roleArn": "arn:aws:iam::1:role/deploy"}])
OWN = {"accessKey": "AKIA1", "secretKey": "hidden", "profile": "calls"}


def test_nothing_is_handed_on_where_the_environment_says_all() -> None:
    assert variables({"region": "eu-west-1", "defaultTags": "{}"}, ()) == {}


def test_what_leads_elsewhere_is_handed_on() -> None:
    config = {"profile": "calls", "assumeRoles": ROLES}
    assert json.loads(variables(config, ())[VARIABLE]) == config


@pytest.mark.parametrize(
    ("config", "secret_keys", "withheld"),
    [
        (OWN, (), ["accessKey", "secretKey"]),
        ({"httpsProxy": "http://me:hidden@proxy"}, ("httpsProxy",), ["httpsProxy"]),
        (
            {"assumeRoleWithWebIdentity": '{"webIdentityToken": "hidden"}'},
            (),
            ["assumeRoleWithWebIdentity"],
        ),
    ],
)
def test_no_secret_is_handed_on_in_plain(
    config: dict[str, str], secret_keys: tuple[str, ...], withheld: list[str]
) -> None:
    found = variables(config, secret_keys)[VARIABLE]
    assert json.loads(found)["withheld"] == withheld
    assert "hidden" not in found
    assert json.loads(secret_variables(config)[VARIABLE]) == config


@pytest.fixture
def configured() -> Iterator[Any]:
    before = dict(runtime_config.CONFIG.get())
    yield lambda config: runtime_config.set_all_config(
        {f"aws:{key}": text for key, text in config.items()}, []
    )
    runtime_config.set_all_config(before, [])


def environments(found: Recorder) -> dict[str, Any]:
    commands = found.of_type("command:local:Command")
    return {
        name: env if SECRET_MARK in env else env.get(VARIABLE)
        for name in ("base-host-key", "node-1-host-key", "node-1-membership", "configuration")
        for env in (commands[name]["environment"],)
    }


def test_commands_ask_aws_as_the_provider_does(config: dict[str, str], configured: Any) -> None:
    assert set(environments(deploy(config)).values()) == {None}
    configured({"profile": "calls"})
    assert set(environments(deploy(config)).values()) == {'{"profile": "calls"}'}


def test_keys_of_the_configuration_reach_what_reads_host_keys_as_a_secret(
    config: dict[str, str], configured: Any
) -> None:
    configured(OWN)
    found = environments(deploy(config))
    for name in ("base-host-key", "node-1-host-key"):
        assert found[name][SECRET_MARK]
        assert json.loads(found[name]["value"][VARIABLE]) == OWN
    assert "hidden" not in found["node-1-membership"] + found["configuration"]
