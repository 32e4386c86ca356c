"""What the program registers is in the real provider's words, and by its schema."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import yaml

from lab.directory import PROJECT
from lab.providers.aws.facts import told_of
from lab.tests.providers.aws.terraform.program import Registered, registered, resources
from lab.tests.providers.aws.terraform.translation import TYPES, named, problems, translated
from tests.program.conftest import example

EXAMPLES = {
    "ha": PROJECT / "Pulumi.dev.yaml",
    "ha-managed": PROJECT / "examples" / "Pulumi.ha-managed.yaml",
    "single-master": PROJECT / "examples" / "Pulumi.single-master.yaml",
}
BUCKET = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
RULE = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
LISTENER = "aws:lb/listener:Listener"


def configuration(shape: str, **more: str) -> dict[str, str]:
    """An example's, with the secrets that it lacks."""
    told = yaml.safe_load(EXAMPLES[shape].read_text())["config"]
    own = {key.partition(":")[2]: value for key, value in told.items() if "openvidu" in key}
    texts = {key: one if isinstance(one, str) else json.dumps(one) for key, one in own.items()}
    return {**example(), "elasticsearchPassword": "Made-by-init-stack-1", **texts, **more}


@pytest.fixture(params=EXAMPLES)
def program(request: pytest.FixtureRequest) -> Registered:
    return registered(configuration(request.param))


@pytest.mark.parametrize(
    ("token", "expected"),
    [
        ("aws:ec2/volumeAttachment:VolumeAttachment", "aws_volume_attachment"),
        (
            "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
            "aws_vpc_security_group_egress_rule",
        ),
        ("aws:lb/loadBalancer:LoadBalancer", "aws_lb"),
        ("aws:lb/targetGroup:TargetGroup", "aws_lb_target_group"),
        ("aws:s3/bucketVersioning:BucketVersioning", "aws_s3_bucket_versioning"),
    ],
)
def test_each_type_has_its_name_in_terraform(token: str, expected: str) -> None:
    assert TYPES[token] == expected


def test_what_the_program_registers_is_by_the_real_providers_schema(program: Registered) -> None:
    found = {key: problems(key[0], inputs) for key, inputs in program.of_aws().items()}
    assert found
    assert not {key: what for key, what in found.items() if what}


def test_resources_refer_to_each_other(program: Registered) -> None:
    instances = resources(program)["aws_instance"]
    for name, machine in instances.items():
        interface = f"${{aws_network_interface.{name}-interface.id}}"
        assert machine["primary_network_interface"] == {"network_interface_id": interface}


def test_no_two_resources_become_one(program: Registered) -> None:
    assert sum(map(len, resources(program).values())) == len(program.of_aws())


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        ({"ipProtocl": "tcp"}, "ipProtocl: there is no such argument"),
        ({"arn": "x"}, "arn: only AWS sets it"),
        ({"fromPort": "x"}, "fromPort: expected an integer, got 'x'"),
        ({"ipProtocol": None}, "ipProtocol: missing"),
    ],
)
def test_what_the_schema_has_not_is_found(inputs: dict[str, Any], expected: str) -> None:
    rule = {"securityGroupId": "sg-1", "ipProtocol": "-1"}
    found = problems(RULE, rule | inputs)
    assert found == [expected]


@pytest.mark.parametrize(
    ("token", "inputs", "expected"),
    [
        ("aws:ec2/vpc:Vpc", {"tags": {"aB": "${x} %{y}"}}, {"tags": {"aB": "$${x} %%{y}"}}),
        (
            LISTENER,
            {"defaultActions": [{"redirect": {"statusCode": "HTTP_301"}}]},
            {"default_action": [{"redirect": {"status_code": "HTTP_301"}}]},
        ),
        (BUCKET, {"rules": [{"id": "a"}]}, {"rule": [{"id": "a"}]}),
        (
            "aws:ec2/eip:Eip",
            {"instance": "<<aws_instance.a.id>>"},
            {"instance": "${aws_instance.a.id}"},
        ),
        ("aws:iam/user:User", {}, {"name": "thing-1a2b3c4"}),
    ],
)
def test_inputs_are_said_in_terraforms_words(
    token: str, inputs: dict[str, Any], expected: dict[str, Any]
) -> None:
    assert translated(token, "thing", inputs) == expected


def test_each_reference_leads_to_a_resource_and_to_what_it_has(program: Registered) -> None:
    made = resources(program)
    found = re.findall(r"\$\{(?:\w+\()?(aws_\w+)\.([\w-]+)\.(\w+)", json.dumps(made))
    assert found
    tokens = {theirs: token for token, theirs in TYPES.items()}
    for kind, name, attribute in found:
        has = {named(tokens[kind], key) for key in told_of(tokens[kind])} | {"id"}
        assert name in made[kind]
        assert attribute in has
