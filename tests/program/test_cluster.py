"""What the program registers, under Pulumi's mocks."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import zipfile
from collections.abc import Mapping
from typing import Any

import pulumi
import pytest
from pulumi.runtime import MockCallArgs, MockResourceArgs, Mocks, set_mocks

from components.cluster import Cluster
from components.configuration import read
from components.membership_program import bundle
from components.mistakes import ConfigurationError
from openvidu.ports import BASE_PORTS, NODE_PORTS, Source
from tests.program.conftest import SECRETS

SPECIAL_SIGNATURE = "4dabf18193072939515e22adb298388d"
INSTANCE_TYPES = {
    "c5.2xlarge": (8, 16384, ["x86_64"]),
    "c5.large": (2, 4096, ["i386", "x86_64"]),
    "c6g.2xlarge": (8, 16384, ["arm64"]),
}


class Recorder(Mocks):  # type: ignore[misc]
    """Answers as AWS would, and keeps what was registered."""

    def __init__(self) -> None:
        self.registered: list[MockResourceArgs] = []

    def new_resource(self, args: MockResourceArgs) -> tuple[str, dict[str, Any]]:
        self.registered.append(args)
        outputs = dict(args.inputs)
        if args.typ == "aws:ec2/eip:Eip":
            outputs["publicIp"] = "203.0.113.10"
        if args.typ == "command:local:Command":
            outputs["stdout"] = "ssh-ed25519 AAAA"
        return f"{args.name}-id", outputs

    def call(self, args: MockCallArgs) -> dict[str, Any]:
        match args.token:
            case "aws:ec2/getInstanceType:getInstanceType":
                cpus, memory, architectures = INSTANCE_TYPES[args.args["instanceType"]]
                return {
                    "defaultVcpus": cpus,
                    "memorySize": memory,
                    "supportedArchitectures": architectures,
                }
            case "aws:ec2/getInstanceTypeOfferings:getInstanceTypeOfferings":
                return {"locations": ["eu-west-1b", "eu-west-1a"]}
            case "aws:ec2/getAmi:getAmi":
                return {"id": "ami-newest"}
        raise AssertionError(args.token)

    def of_type(self, token: str) -> dict[str, Mapping[str, Any]]:
        return {args.name: args.inputs for args in self.registered if args.typ == token}


@pytest.fixture
def deployed(config: dict[str, str]) -> Recorder:
    return deploy(config)


def deploy(config: dict[str, str]) -> Recorder:
    # Pulumi's test runner wants an event loop; other tests may have closed theirs.
    asyncio.set_event_loop(asyncio.new_event_loop())
    recorder = Recorder()
    set_mocks(recorder, project="openvidu-enterprise", stack="dev")

    @pulumi.runtime.test
    def run() -> pulumi.Output[Any]:
        return pulumi.Output.all(**Cluster(read(config, SECRETS)).outputs)

    run()
    return recorder


def test_every_documented_port_has_a_rule_and_no_other(deployed: Recorder) -> None:
    rules = deployed.of_type("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")
    opened = {
        (name.split("-")[0], rule["ipProtocol"], rule["fromPort"], rule["toPort"], cidr)
        for name, rule in rules.items()
        for cidr in (rule.get("cidrIpv4") or rule.get("cidrIpv6"),)
    }
    networks = {
        Source.WORLD: ["0.0.0.0/0", "::/0"],
        Source.CLUSTER: ["10.5.0.0/24"],
        Source.OPERATORS: ["198.51.100.0/24"],
    }
    assert opened == {
        (role, rule.protocol, rule.first, rule.last, cidr)
        for role, ports in (("base", BASE_PORTS), ("node", NODE_PORTS))
        for rule in ports
        for cidr in networks[rule.source]
    }
    assert len(rules) == len(opened)
    assert all(rule["description"] for rule in rules.values())


def test_machines_are_as_they_should_be(deployed: Recorder) -> None:
    instances = deployed.of_type("aws:ec2/instance:Instance")
    assert set(instances) == {"base", "node-1", "node-2"}
    for name, instance in instances.items():
        assert instance["metadataOptions"]["httpTokens"] == "required"
        assert instance["rootBlockDevice"]["encrypted"] is True
        assert instance["rootBlockDevice"]["volumeType"] == "gp3"
        assert instance["rootBlockDevice"]["volumeSize"] == 100
        assert instance["tags"] == {
            "project": "openvidu-enterprise",
            "stack": "dev",
            "Name": f"openvidu-enterprise-dev-{name}",
            "role": name.split("-")[0],
        }
        assert "userData" not in instance


def test_addresses_are_fixed_on_interfaces_of_their_own(deployed: Recorder) -> None:
    interfaces = deployed.of_type("aws:ec2/networkInterface:NetworkInterface")
    assert {name: interface["privateIps"] for name, interface in interfaces.items()} == {
        "base-interface": ["10.5.0.5"],
        "node-1-interface": ["10.5.0.6"],
        "node-2-interface": ["10.5.0.7"],
    }


def test_no_secret_is_registered_in_plain(deployed: Recorder, config: dict[str, str]) -> None:
    secrets = [config[key] for key in SECRETS if key in config]
    for args in deployed.registered:
        plain = json.dumps(without_secrets(args.inputs))
        assert not [key for key, secret in zip(SECRETS, secrets, strict=False) if secret in plain]


def without_secrets(value: Any) -> Any:
    """Inputs as registered, with what is marked secret left out."""
    if isinstance(value, pulumi.Output):
        return "[output]"
    if isinstance(value, dict):
        marked = SPECIAL_SIGNATURE in value
        return "[secret]" if marked else {key: without_secrets(item) for key, item in value.items()}
    return [without_secrets(item) for item in value] if isinstance(value, list) else value


def test_commands_check_the_host_key(deployed: Recorder) -> None:
    commands = deployed.of_type("command:remote:Command")
    assert commands
    # The connection holds the private key, and so is secret as a whole.
    assert all(command["connection"]["value"]["hostKey"] for command in commands.values())


def test_the_same_source_gives_the_same_membership_program() -> None:
    assert bundle() == bundle()
    with zipfile.ZipFile(io.BytesIO(base64.b64decode(bundle()))) as archive:
        assert {"__main__.py", "membership/drain.py", "openvidu/api.py"} <= set(archive.namelist())


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("c5.large", "c5.large has 2 CPUs and 4 GiB"),
        ("c6g.2xlarge", "c6g.2xlarge has arm64; takes x86_64"),
    ],
)
def test_a_machine_too_small_is_refused_before_anything(
    config: dict[str, str], name: str, problem: str
) -> None:
    with pytest.raises(ConfigurationError, match=problem):
        deploy({**config, "nodeInstanceType": name})
