from __future__ import annotations

from typing import Any

import grpc
import pytest

from lab.providers.aws.config import ConfigError, parse_config
from lab.providers.base import Secret
from lab.tests.providers.aws.driver import Driver


def test_the_region_comes_from_the_config_before_the_environment() -> None:
    environment = {"AWS_REGION": "us-east-1"}
    assert parse_config({"region": "eu-west-1"}, environment).region == "eu-west-1"
    assert parse_config({}, environment).region == "us-east-1"
    assert parse_config({}, {"AWS_DEFAULT_REGION": "us-west-2"}).region == "us-west-2"


def test_values_come_as_json_and_secrets_are_opened_but_not_shown() -> None:
    config = parse_config(
        {
            "region": "eu-west-1",
            "accessKey": "AKIA",
            "secretKey": Secret("hidden"),
            "defaultTags": '{"tags": {"project": "openvidu"}}',
            "skipCredentialsValidation": "true",
            "version": "7.51.1",
        },
        {},
    )
    assert config.default_tags == {"project": "openvidu"}
    assert config.secret_key == "hidden"
    assert "hidden" not in repr(config)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ({}, "aws:region is missing: run `pulumi config set aws:region"),
        ({"regoin": "x"}, "aws:regoin: .*did you mean region"),
        ({"endpoints": "[]"}, "aws:endpoints: .*AWS_ENDPOINT_URL"),
        ({"region": "x", "defaultTags": "tags"}, "aws:defaultTags: expected JSON"),
        ({"region": "x", "defaultTags": {"project": "x"}}, "aws:defaultTags: expected {"),
        ({"region": "x", "maxRetries": "-1"}, "aws:maxRetries: expected a whole number"),
    ],
)
def test_config_of_no_use_is_refused_by_name(args: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        parse_config(args, {})


def test_a_provider_without_config_says_so(unconfigured: Driver) -> None:
    with pytest.raises(grpc.RpcError, match="before it was configured"):
        unconfigured.check("aws:ec2/vpc:Vpc", "net", {"cidrBlock": "10.5.0.0/16"})


def test_default_tags_are_on_everything_and_not_among_its_own(unconfigured: Driver) -> None:
    aws = unconfigured
    aws.configure(defaultTags='{"tags": {"project": "openvidu", "stack": "dev"}}')
    inputs = {"cidrBlock": "10.5.0.0/16", "tags": {"Name": "net", "stack": "prod"}}
    network = aws.create("aws:ec2/vpc:Vpc", "net", **inputs)
    assert network.outputs["tags"] == {"Name": "net", "stack": "prod"}
    assert network.outputs["tagsAll"] == {"Name": "net", "project": "openvidu", "stack": "prod"}
    assert aws.diff(network, **inputs).paths == set()

    aws.configure(defaultTags='{"tags": {"project": "openvidu", "team": "calls"}}')
    assert aws.diff(network, **inputs).paths == {"tagsAll.team"}
    aws.update(network, **inputs)
    assert network.outputs["tagsAll"]["team"] == "calls"
    aws.delete(network)


def test_a_resource_can_live_in_another_region(aws: Driver) -> None:
    inputs = {"cidrBlock": "10.5.0.0/16", "region": "us-east-1"}
    network = aws.create("aws:ec2/vpc:Vpc", "net", **inputs)
    assert network.outputs["arn"].startswith("arn:aws:ec2:us-east-1:")
    assert aws.diff(network, cidrBlock="10.5.0.0/16", region="eu-west-1").replaces == {"region"}
    aws.delete(network)
