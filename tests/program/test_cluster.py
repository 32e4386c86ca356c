"""What the program registers, under Pulumi's mocks."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import re
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any

import grpc
import pulumi
import pulumi_aws as aws
import pytest
from pulumi.runtime import MockCallArgs, MockResourceArgs, Mocks, set_mocks
from pulumi_command import remote as remote_command

from components import cluster_observation, remote
from components.aws.actions import TYPES, actions
from components.cluster_observation import ClusterObservation, NodeObservation
from components.existing import host_checks, prepared_hosts
from components.existing.hosts import fingerprint
from components.membership_program import bundle
from components.previous_state import deployed as deployed_state
from components.settings.mistakes import ConfigurationError
from components.settings.read import read
from components.shapes import SHAPES
from openvidu.ports import Source
from openvidu.roles import BASE, MASTER, NODE, Role
from scripts.init_stack import make_ssh_key
from tests.program.conftest import SECRETS, example
from tests.program.test_existing import OTHER_KEY, configured, host

SECRET_MARK = "4dabf18193072939515e22adb298388d"
INSTANCE_TYPES = {
    "c5.2xlarge": (8, 16384, ["x86_64"]),
    "c5.large": (2, 4096, ["i386", "x86_64"]),
    "c5.4xlarge": (16, 32768, ["x86_64"]),
    "c6g.2xlarge": (8, 16384, ["arm64"]),
    "t2.xlarge": (4, 16384, ["x86_64"]),
}


class DeniedError(grpc.RpcError):  # type: ignore[misc]
    """AWS doesn't tell."""

    def code(self) -> grpc.StatusCode:
        return grpc.StatusCode.PERMISSION_DENIED

    def details(self) -> str:
        return "AccessDeniedException"


USABLE_KEY = {"keyState": "Enabled", "keySpec": "SYMMETRIC_DEFAULT", "keyUsage": "ENCRYPT_DECRYPT"}


class NoSuchZoneError(DeniedError):
    """There is no such zone."""

    def details(self) -> str:
        return "NoSuchHostedZone: No hosted zone found with ID: Z1"


class Recorder(Mocks):  # type: ignore[misc]
    """Answers as AWS would, and keeps what was registered."""

    def __init__(self) -> None:
        self.registered: list[MockResourceArgs] = []
        self.state: dict[str, Any] = {}
        self.zones = ["eu-west-1b", "eu-west-1a"]
        self.zone = "example.io"
        self.records: list[dict[str, str]] = []
        self.offered: dict[str, list[str]] = {}
        self.quotas = {"L-1216C47A": 1024.0, "L-0263D0A3": 200.0}

    def new_resource(self, args: MockResourceArgs) -> tuple[str, dict[str, Any]]:
        self.registered.append(args)
        outputs = dict(args.inputs)
        if args.typ == "aws:ec2/eip:Eip":
            outputs["publicIp"] = "203.0.113.10"
        if args.typ == "command:local:Command":
            outputs["stdout"] = "ssh-ed25519 AAAA"
        if args.typ == "aws:iam/instanceProfile:InstanceProfile":
            outputs["name"] = f"{args.name}-1a2b3c4"
        if args.name == "node-script":
            outputs["stdout"] = f"Downloading …\nSHA-256 of https://x: {'1' * 64}\n"
        if args.name == "base-install":
            outputs["stdout"] = "…\nOpenVidu 2.31.0 is installed in /opt/x.\n"
        return f"{args.name}-id", outputs

    def call(self, args: MockCallArgs) -> dict[str, Any]:
        plain = {
            "aws:ec2/getAmi:getAmi": {"id": "ami-newest"},
            "aws:ec2/getEips:getEips": {"allocationIds": []},
            "aws:kms/getKey:getKey": USABLE_KEY,
            "aws:route53/getRecords:getRecords": {
                "resourceRecordSets": self.records_like(args.args.get("nameRegex", ""))
            },
        }
        match args.token:
            case token if token in plain:
                return plain[token]
            case "aws:ec2/getInstanceType:getInstanceType":
                cpus, memory, architectures = INSTANCE_TYPES[args.args["instanceType"]]
                return {
                    "defaultVcpus": cpus,
                    "memorySize": memory,
                    "supportedArchitectures": architectures,
                    "hypervisor": "xen" if args.args["instanceType"] == "t2.xlarge" else "nitro",
                }
            case "aws:ec2/getInstanceTypeOfferings:getInstanceTypeOfferings":
                return self.offerings(**args.args["filters"][0])
            case "aws:index/getAvailabilityZones:getAvailabilityZones":
                assert args.args["filters"] == [
                    {"name": "zone-type", "values": ["availability-zone"]}
                ]
                return {"names": self.zones}
            case "aws:servicequotas/getServiceQuota:getServiceQuota":
                return self.quota(args.args["quotaCode"])
            case "pulumi:pulumi:readStackResourceOutputs":
                assert args.args == {"stackName": "organization/openvidu-enterprise/dev"}
                return {"outputs": self.state}
        raise AssertionError(args.token)

    def records_like(self, pattern: str) -> list[dict[str, str]]:
        """Those of the zone, which has one of its own."""
        own = {"name": f"{self.zone}.", "type": "SOA"}
        return [one for one in (own, *self.records) if re.search(pattern, one["name"])]

    def offerings(self, name: str, values: list[str]) -> dict[str, Any]:
        """In the zones, each type that isn't said to be offered in some of them alone."""
        everywhere = [*self.zones, "eu-west-1-lax-1a"]
        (value,) = values
        if name == "location":
            types = [one for one in INSTANCE_TYPES if value in self.offered.get(one, everywhere)]
            return {"instanceTypes": types}
        return {"locations": self.offered.get(value, everywhere)}

    def quota(self, code: str) -> dict[str, Any]:
        if code not in self.quotas:
            raise DeniedError
        return {"value": self.quotas[code], "region": "eu-west-1"}

    @property
    def names(self) -> list[str]:
        """Names of what isn't a component, in order."""
        return [args.name for args in self.registered if ":index:" not in args.typ]

    def triggers(self) -> dict[str, Any]:
        """What replaces each command, and so does its work on a machine from the start."""
        return {
            args.name: args.inputs.get("triggers")
            for args in self.registered
            if args.typ.startswith("command:")
        }

    def of_type(self, token: str) -> dict[str, Mapping[str, Any]]:
        return {args.name: args.inputs for args in self.registered if args.typ == token}


@pytest.fixture
def deployed(config: dict[str, str]) -> Recorder:
    return deploy(config)


def deploy(
    config: dict[str, str], existing: Sequence[int] = (), recorder: Recorder | None = None
) -> Recorder:
    # Pulumi's test runner wants an event loop; other tests may have closed theirs.
    asyncio.set_event_loop(asyncio.new_event_loop())
    recorder = recorder or Recorder()
    urn = "urn:pulumi:dev::openvidu-enterprise"
    for number in existing:
        recorder.state |= {
            f"{urn}::command:local:Command::node-{number}-membership": {
                "outputs": {"environment": {"NODE_GENERATION": "3"}}
            },
            f"{urn}::aws:ec2/instance:Instance::node-{number}": {
                "outputs": {"instanceType": "c5.2xlarge"}
            },
        }
    set_mocks(recorder, project="openvidu-enterprise", stack="dev", organization="organization")

    @pulumi.runtime.test
    def run() -> pulumi.Output[Any]:
        settings = read(config, SECRETS, deployed_state)
        return pulumi.Output.all(**SHAPES[settings.shape](settings).outputs)

    run()
    return recorder


@pytest.mark.parametrize(("shape", "expected"), [("ha", [BASE, NODE]), ("single-master", [MASTER])])
def test_every_documented_port_has_a_rule_and_no_other(
    config: dict[str, str], shape: str, expected: list[Role]
) -> None:
    rules = deploy({**config, "shape": shape}).of_type(
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
    )
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
        (role.name, rule.protocol, rule.first, rule.last, cidr)
        for role in expected
        for rule in role.ports
        for cidr in networks[rule.source]
    }
    assert len(rules) == len(opened)
    assert all(rule["description"] for rule in rules.values())


@pytest.mark.parametrize("shape", ["ha", "single-master"])
def test_users_come_in_at_the_port_that_was_chosen(config: dict[str, str], shape: str) -> None:
    found = deploy({**config, "shape": shape, "httpsPort": "8443"})
    rules = found.of_type("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")
    opened = {
        name: (rule["fromPort"], rule["toPort"]) for name, rule in rules.items() if "https" in name
    }
    main = "base" if shape == "ha" else "master"
    assert opened == {
        f"{main}-https-8443-from-world-ipv4": (8443, 8443),
        f"{main}-https-8443-from-world-ipv6": (8443, 8443),
    }


RULE = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"


def with_rule(name: str, port: int) -> Recorder:
    """A stack in which a rule of this name lets users in at a port."""
    recorder = Recorder()
    urn = f"urn:pulumi:dev::openvidu-enterprise::{RULE}::{name}"
    recorder.state[urn] = {"type": RULE, "outputs": {"fromPort": port, "toPort": port}}
    return recorder


@pytest.mark.parametrize("key", ["httpPort", "httpsPort"])
@pytest.mark.parametrize(("shape", "main"), [("ha", "base"), ("single-master", "master")])
def test_another_port_is_a_rule_beside_the_old_one(
    config: dict[str, str], shape: str, main: str, key: str
) -> None:
    service = key.removesuffix("Port")
    before = f"{main}-{service}-from-world-ipv4"
    recorder = with_rule(before, {"http": 80, "https": 443}[service])
    rules = deploy({**config, "shape": shape, key: "8443"}, recorder=recorder).of_type(RULE)
    # What isn't registered any more goes at the end of an update, after the restart.
    assert before not in rules
    assert rules[f"{main}-{service}-8443-from-world-ipv4"]["fromPort"] == 8443


@pytest.mark.parametrize(("port", "known"), [(8443, True), (443, False)])
def test_a_chosen_port_whose_rule_does_not_say_so_is_taken_over(
    config: dict[str, str], monkeypatch: pytest.MonkeyPatch, port: int, known: bool
) -> None:
    aliases: dict[str, list[pulumi.Alias]] = {}
    make = aws.vpc.SecurityGroupIngressRule

    def watched(name: str, **arguments: Any) -> Any:
        aliases[name] = [*(arguments["opts"].aliases or ())]
        return make(name, **arguments)

    monkeypatch.setattr(aws.vpc, "SecurityGroupIngressRule", watched)
    before = "base-https-from-world-ipv4"
    deploy({**config, "httpsPort": "8443"}, recorder=with_rule(before, port))
    named = [alias.name for alias in aliases["base-https-8443-from-world-ipv4"]]
    assert named == ([before] if known else [])


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


def test_every_type_that_is_made_has_its_permissions(deployed: Recorder) -> None:
    made = {one.typ for one in deployed.registered if one.typ.startswith("aws:")}
    assert made <= {*TYPES["ha"]}


def test_a_profile_can_come_to_an_instance_and_leave_it() -> None:
    for shape in TYPES:
        assert {
            "ec2:AssociateIamInstanceProfile",
            "ec2:DisassociateIamInstanceProfile",
            # All of what describes, DescribeInstanceStatus too.
            "ec2:Describe*",
        } <= {*actions(shape)}


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
        marked = SECRET_MARK in value
        return "[secret]" if marked else {key: without_secrets(item) for key, item in value.items()}
    return [without_secrets(item) for item in value] if isinstance(value, list) else value


def test_commands_check_the_host_key(deployed: Recorder) -> None:
    commands = deployed.of_type("command:remote:Command")
    assert commands
    # The connection holds the private key, and so is secret as a whole.
    assert all(command["connection"]["value"]["hostKey"] for command in commands.values())


def test_what_a_login_shell_reads_is_the_same_to_fish_and_tcsh(deployed: Recorder) -> None:
    """They have quotes, variables and line ends of their own; `bash` gets the script on stdin."""
    commands = deployed.of_type("command:remote:Command").values()
    assert commands
    assert all(re.fullmatch(r"[a-z ./-]+", one["create"]) for one in commands)
    assert not any(one.get(verb) for one in commands for verb in ("update", "delete"))


def test_existing_machines_need_nothing_of_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host_checks, "check", lambda settings, previous: None)
    found = deploy(configured(host(0), host(1), host(2), host(3)))
    assert not [one.typ for one in found.registered if one.typ.startswith("aws:")]
    node_hosts = {
        name: environment["NODE_HOST"]
        for name, command in found.of_type("command:local:Command").items()
        if "RELEASE_HOST" in (environment := command.get("environment", {}))
    }
    assert node_hosts == {
        "base": "203.0.113.5",
        "node-1": "203.0.113.6",
        "node-2": "203.0.113.7",
    }


def test_a_host_with_another_host_key_is_not_released(monkeypatch: pytest.MonkeyPatch) -> None:
    kept: dict[str, bool] = {}
    register = prepared_hosts.local_command

    def watched(name: str, *given: Any, **options: Any) -> Any:
        kept[name] = options["ignore_changes"] == ["triggers"]
        return register(name, *given, **options)

    monkeypatch.setattr(host_checks, "check", lambda settings, previous: None)
    monkeypatch.setattr(prepared_hosts, "local_command", watched)
    recorder = Recorder()
    for name, key, address in (("base", "ssh-ed25519 A", "10.5.0.5"), ("node-1", "", "10.5.0.99")):
        variables = {"NODE_HOST_KEY": key, "NODE_IP": address, "NODE_HOST": "203.0.113.5"}
        recorder.state[f"urn::{name}"] = {"outputs": {"environment": variables}}
    deploy(configured(host(0), host(1), host(2)), recorder=recorder)
    assert kept == {"base": True, "node-1": False, "node-2": False}


def identities(previous: Mapping[str, Mapping[str, str]], *hosts: dict[str, Any]) -> list[str]:
    """What the nodes' memberships name as their machines, of a stack with these in its state."""
    recorder = Recorder()
    for name, variables in previous.items():
        recorder.state[f"urn::{name}"] = {"outputs": {"environment": variables}}
    found = deploy(configured(host(0), *hosts), recorder=recorder)
    local, remotes = found.of_type("command:local:Command"), found.of_type("command:remote:Command")
    named = [local[f"node-{one}-membership"]["environment"]["NODE_IDENTITY"] for one in (1, 2)]
    assert all(
        f"IDENTITY={one}\n" in remotes[f"node-{n}-identity"]["stdin"]
        for n, one in enumerate(named, 1)
    )
    kept = [local[f"node-{one}"]["environment"].get("MACHINE_IDENTITY") for one in (1, 2)]
    assert [one or f"node-{number}-id" for number, one in enumerate(kept, 1)] == named
    return named


def test_a_host_is_the_machine_with_its_host_key_at_its_address_whatever_state_names_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A backup of the state that is restored knows each by the same name; its drains need that."""
    monkeypatch.setattr(host_checks, "check", lambda settings, previous: None)
    first = identities({}, host(1), host(2))
    assert first == [f"10.5.0.{ip} {fingerprint(host(0)['hostKey'])}" for ip in (6, 7)]
    previous = {
        "NODE_HOST": "203.0.113.6",
        "NODE_IP": "10.5.0.6",
        "NODE_HOST_KEY": host(1)["hostKey"],
    }
    noted = {"node-1": {**previous, "MACHINE_IDENTITY": first[0]}}
    assert identities(noted, host(1), host(2)) == first
    # With another host key it's the same machine, with another address it isn't.
    assert identities(noted, host(1, hostKey=OTHER_KEY), host(2)) == first
    moved = identities(noted, host(1, publicIp="203.0.113.99", privateIp="10.5.0.99"), host(2))
    assert moved[0] not in first
    # The base knows it by the id of its resource, where an earlier release has deployed it.
    assert identities({"node-1": previous}, host(1), host(2)) == ["node-1-id", first[1]]


JUMP = {
    "host": "jump.example.io",
    "port": 2200,
    "user": "ops@corp.example.io",
    "hostKey": host(0)["hostKey"],
}


def test_every_command_goes_by_the_port_and_the_jump_host_of_its_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(host_checks, "check", lambda settings, previous: None)
    jump_key = make_ssh_key()[1]
    found = deploy(
        configured(
            host(0, sshPort=2222), host(1, sshJump=JUMP), host(2), sshJumpPrivateKey=jump_key
        )
    )
    ways = {
        (connection["host"], connection.get("port"), (connection.get("proxy") or {}).get("host"))
        for command in found.of_type("command:remote:Command").values()
        for connection in (command["connection"]["value"],)
    }
    assert ways == {
        ("203.0.113.5", 2222, None),
        ("203.0.113.6", None, "jump.example.io"),
        ("203.0.113.7", None, None),
    }
    proxy = found.of_type("command:remote:Command")["node-1-install"]["connection"]["value"][
        "proxy"
    ]
    assert {key: proxy[key] for key in JUMP} == JUMP
    assert proxy["privateKey"] == jump_key
    environments = {
        name: command.get("environment") or {}
        for name, command in found.of_type("command:local:Command").items()
    }
    base = '{"port": 2222, "jump": null}'
    assert environments["base"]["NODE_SSH_WAY"] == base
    assert environments["node-2-membership"]["BASE_SSH_WAY"] == base
    assert "NODE_SSH_WAY" not in environments["node-2-membership"]
    node = json.loads(environments["node-1-membership"]["NODE_SSH_WAY"])["jump"]
    assert (node["user"], node["host_key"]) == ("ops@corp.example.io", host(0)["hostKey"])
    announced = found.of_type("command:remote:Command")["node-1-identity"]["stdin"]
    assert f"SSH_WAY={environments['node-1-membership']['NODE_SSH_WAY']}\n" in announced
    keys = environments_stdin(found, "node-1-membership")
    assert keys == example()["sshPrivateKey"] + jump_key


def environments_stdin(found: Recorder, name: str) -> str:
    text: str = found.of_type("command:local:Command")[name]["stdin"]["value"]
    return text


def test_with_the_operators_own_agent_no_key_and_no_socket_is_in_the_state(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(host_checks, "check", lambda settings, previous: None)
    monkeypatch.setenv("SSH_AUTH_SOCK", "/run/agent.1")
    given = configured(host(0), host(1, sshJump=JUMP), host(2), sshAgent="true")
    del given["sshPrivateKey"]
    found = deploy(given)
    connections = [
        command["connection"] for command in found.of_type("command:remote:Command").values()
    ]
    assert connections
    for one in connections:
        assert "privateKey" not in one
        assert "privateKey" not in (one.get("proxy") or {})
        assert "agentSocketPath" not in one
    for name, command in found.of_type("command:local:Command").items():
        if "SSH_USER" in (command.get("environment") or {}):
            assert command["environment"]["SSH_AGENT"] == "own", name
            assert environments_stdin(found, name) == ""


def test_a_stack_keeps_its_kind_of_machines(config: dict[str, str]) -> None:
    recorder = Recorder()
    recorder.state["urn:pulumi:dev::openvidu-enterprise::aws:ec2/eip:Eip::base-address"] = {
        "outputs": {"publicIp": "203.0.113.5", "allocationId": "eipalloc-1"}
    }
    with pytest.raises(
        ConfigurationError, match="machines: must stay as this stack's machines are"
    ):
        deploy(configured(host(0), host(1), host(2)), recorder=recorder)
    assert not recorder.names


def test_a_single_master_is_one_machine_with_its_own_software(config: dict[str, str]) -> None:
    config = {**config, "shape": "single-master", "mediaNodes": '["10.5.0.20", "10.5.0.21"]'}
    del config["redisPassword"], config["s3SecretKey"]
    found = deploy(config)
    assert set(found.of_type("aws:ec2/instance:Instance")) == {"master"}
    commands = found.of_type("command:remote:Command")
    assert "install_openvidu_pro_2.30.0.sh" in str(commands["master-install"]["stdin"])
    env = str(commands["master-env"]["stdin"])
    assert "OPENVIDU_EDITION=enterprise" in env
    uris = '["ws://10.5.0.20:8888/kurento","ws://10.5.0.21:8888/kurento"]'
    assert f"KMS_URIS={uris}" in env.encode().decode("unicode_escape")
    # Wherever nodes are, is a cluster: nothing is written about one.
    assert "OPENVIDU_ENTERPRISE_HA" not in env


@pytest.mark.parametrize(("shape", "main"), [("ha", "base"), ("single-master", "master")])
def test_a_stack_keeps_the_network_that_its_machines_are_in(
    config: dict[str, str], shape: str, main: str
) -> None:
    recorder = Recorder()
    previous = {
        "vpc": {"cidrBlock": "10.6.0.0/24"},
        "subnet": {},
        f"{main}-address": {"allocationId": "eipalloc-1", "publicIp": "203.0.113.5"},
    }
    for name, outputs in previous.items():
        recorder.state[f"urn:pulumi:dev::x::aws:any::{name}"] = {"outputs": outputs}
    with pytest.raises(ConfigurationError) as caught:
        deploy({**config, "shape": shape}, recorder=recorder)
    (mistake,) = caught.value.mistakes
    assert mistake.key == "subnetCidr"
    assert mistake.command.startswith("pulumi config set subnetCidr 10.6.0.0/24\n")
    assert not recorder.names


@pytest.mark.parametrize("found", ["10.5.0.0/24", "10.6.0.0/24"])
def test_a_network_that_an_update_has_begun_to_replace_is_told_with_the_way_back(
    config: dict[str, str], found: str
) -> None:
    recorder = Recorder()
    previous = {
        "vpc": {"cidrBlock": "10.6.0.0/24"},
        "subnet": {},
        "base": {"privateIp": "10.5.0.5"},
        "base-address": {"allocationId": "eipalloc-1", "publicIp": "203.0.113.5"},
    }
    for name, outputs in previous.items():
        recorder.state[f"urn:pulumi:dev::x::aws:any::{name}"] = {"outputs": outputs}
    with pytest.raises(ConfigurationError, match=r"runbook\.md, 'The network was changed'"):
        deploy({**config, "subnetCidr": found}, recorder=recorder)
    assert not recorder.names


@pytest.mark.parametrize("shape", ["ha", "single-master"])
def test_a_stack_keeps_its_shape(config: dict[str, str], shape: str) -> None:
    recorder = Recorder()
    other = "master" if shape == "ha" else "base"
    recorder.state[f"urn:pulumi:dev::openvidu-enterprise::aws:ec2/eip:Eip::{other}-address"] = {
        "outputs": {"publicIp": "203.0.113.5", "allocationId": "eipalloc-1"}
    }
    with pytest.raises(ConfigurationError, match=f"shape: must stay .*, got {shape}"):
        deploy({**config, "shape": shape}, recorder=recorder)
    assert not recorder.names


def test_nodes_get_the_version_that_the_base_has(config: dict[str, str]) -> None:
    commands = deploy({**config, "openviduVersion": "latest"}).of_type("command:remote:Command")
    assert "install_ov_enterprise_ha_base_latest.sh" in str(commands["base-install"]["stdin"])
    # It may be a newer one by now that is the latest.
    assert "install_openvidu_enterprise_ha_node_2.31.0.sh" in str(
        commands["node-1-install"]["stdin"]
    )


def test_nodes_get_the_install_script_that_was_noted_or_pinned(config: dict[str, str]) -> None:
    noted = deploy(config).of_type("command:remote:Command")
    assert "install_openvidu_enterprise_ha_node_2.30.0.sh" in str(noted["node-script"]["stdin"])
    assert f"\nSHA256={'1' * 64}\n" in str(noted["node-2-install"]["stdin"])
    assert "\nSHA256=\n" in str(noted["base-install"]["stdin"])
    pins = {"base": "2" * 64, "node": "3" * 64}
    pinned = deploy({**config, "installScriptSha256": json.dumps(pins)})
    commands = pinned.of_type("command:remote:Command")
    assert f"\nSHA256={'2' * 64}\n" in str(commands["base-install"]["stdin"])
    assert f"\nSHA256={'3' * 64}\n" in str(commands["node-2-install"]["stdin"])


def test_what_holds_a_machine_is_there_before_its_node_starts(config: dict[str, str]) -> None:
    """The membership, which drains it, isn't before the node takes calls."""
    recorder = deploy(config)
    names = recorder.names
    for node in ("node-1", "node-2"):
        order = [node, *(f"{node}-{one}" for one in ("hold", "identity", "start", "membership"))]
        assert sorted(order, key=names.index) == order
        found = recorder.of_type("command:local:Command")[f"{node}-hold"]
        assert str(found["delete"]).endswith(" release")
        assert found["environment"]["NODE_IDENTITY"] == f"{node}-id"
        # It's asked before a machine is replaced, too.
        assert found["triggers"] == [f"{node}-id"]


@pytest.mark.parametrize("forces", ["false", "true"])
def test_an_upgrade_comes_after_the_drain(config: dict[str, str], forces: str) -> None:
    recorder = Recorder()
    before = {"OPENVIDU_VERSION": "2.29.0", "UPGRADE_ATTEMPT": "1"}
    urn = "urn:pulumi:dev::openvidu-enterprise::command:local:Command"
    for name in ("base-version", "base-upgrade"):
        recorder.state[f"{urn}::{name}"] = {"outputs": {"environment": before}}
    for number in (1, 2):
        address = {"NODE_NAME": f"node-{number}", "NODE_IP": f"10.5.0.{5 + number}"}
        joined = {"environment": {**before, **address, "NODE_GENERATION": "3"}}
        recorder.state |= {
            f"{urn}::node-{number}-membership": {"outputs": joined},
            f"{urn}::node-{number}-upgrade": {"outputs": {"environment": before}},
        }
    config = {**config, "forceAfterDrainTimeout": forces}
    names = deploy(config, recorder=recorder).names
    order = ["base-upgrade", "base-install", "base-version"]
    order += ["node-2-upgrade", "node-2-install", "node-2-start", "node-2-membership"]
    assert sorted(order, key=names.index) == order
    commands = recorder.of_type("command:local:Command")
    told = json.loads(str(commands["base-upgrade"]["environment"]["NODES"]))
    assert [one["ip"] for one in told] == ["10.5.0.6", "10.5.0.7"]
    # Its machine can be asked, whatever the base knows.
    given = commands["node-2-upgrade"]["environment"]
    assert given["NODE_HOST_KEY"] == commands["node-2-membership"]["environment"]["NODE_HOST_KEY"]
    # Calls that don't end are cut for it where that was chosen, and nowhere else.
    install = str(recorder.of_type("command:remote:Command")["node-2-install"]["stdin"])
    assert ("\nDURING_CALLS=true\n" in install) is (forces == "true")
    # An update that was killed may have drained it without a note in the state.
    assert not {"CARRIED_OUT_FOR"} & {*given, *commands["base-upgrade"]["environment"]}


@pytest.mark.parametrize(("version", "below"), [("2.32.0", "2.39"), ("2.32.1", ""), ("latest", "")])
def test_a_node_gets_a_compose_that_starts_its_openvidu(
    config: dict[str, str], version: str, below: str
) -> None:
    commands = deploy({**config, "openviduVersion": version}).of_type("command:remote:Command")
    told = f"COMPOSE_BELOW={below}\nCOMPOSE_FROM={below and '5.6'}\n"
    assert told in str(commands["node-1-docker"]["stdin"])
    assert "COMPOSE_BELOW=\n" in str(commands["base-docker"]["stdin"])


def test_the_shared_configuration_holds_no_address_of_a_node(deployed: Recorder) -> None:
    shared = deployed.of_type("command:remote:Command")["configuration-wanted"]["stdin"]
    node = deployed.of_type("command:remote:Command")["node-1-env"]["stdin"]
    line = "OPENVIDU_ENTERPRISE_HA_NODE_PRIVATE_IP="
    assert line in str(node)
    assert line not in str(shared)
    assert "OPENVIDU_RECORDING=false" in str(shared)


def test_the_same_source_gives_the_same_membership_program() -> None:
    assert bundle() == bundle()
    with zipfile.ZipFile(io.BytesIO(base64.b64decode(bundle()))) as archive:
        assert {"__main__.py", "membership/drain.py", "openvidu/api.py"} <= set(archive.namelist())


def test_nodes_that_exist_are_looked_at_one_after_the_other(config: dict[str, str]) -> None:
    names = deploy({**config, "nodeCount": "4"}, [1, 2, 3]).names
    for before, after in ((1, 2), (2, 3)):
        assert names.index(f"node-{before}-membership") < names.index(f"node-{after}")
    # A new node waits for none.
    assert names.index("node-4") < names.index("node-1-membership")


def test_a_replaced_node_waits_for_the_new_ones(config: dict[str, str]) -> None:
    config |= {"nodeCount": "3", "nodeInstanceType": "c5.4xlarge"}
    names = deploy(config, [1]).names
    assert names.index("node-2") < names.index("node-3-membership") < names.index("node-1")
    assert names.index("node-3") < names.index("node-2-membership") < names.index("node-1")


def test_nodes_that_come_back_wait_for_nobody_and_who_is_replaced_for_all_of_them(
    config: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    serves = NodeObservation(in_service=True, generation=3, calls=0, participants=0)
    drained = NodeObservation(in_service=False, generation=4, calls=1, participants=2)
    seen = ClusterObservation({"10.5.0.6": serves, "10.5.0.7": drained, "10.5.0.8": drained})
    monkeypatch.setattr(cluster_observation, "ask", lambda settings, previous: seen)
    config |= {"nodeCount": "3", "nodeInstanceType": "c5.4xlarge"}
    names = deploy(config, [1, 2, 3]).names
    back = ("node-2", "node-3")
    for node in back:
        for other in back:
            assert names.index(node) < names.index(f"{other}-membership")
        assert names.index(f"{node}-membership") < names.index("node-1")


def test_as_many_are_looked_at_as_may_be_out_of_service(config: dict[str, str]) -> None:
    config |= {"nodeCount": "3", "maxUnavailable": "2"}
    names = deploy(config, [1, 2, 3]).names
    assert names.index("node-2") < names.index("node-1-membership") < names.index("node-3")


def test_a_node_leaves_for_good_before_it_drains_and_starts_after_it_is_announced(
    deployed: Recorder,
) -> None:
    names = deployed.names
    for node in ("node-1", "node-2"):
        assert names.index(f"{node}-identity") < names.index(f"{node}-start")
        assert names.index(f"{node}-membership") < names.index("nodes-joined")
        assert names.index("nodes-joined") < names.index(f"{node}-wanted")


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("c5.large", "c5.large has 2 CPUs and 4 GiB"),
        ("c6g.2xlarge", "must be a type for x86_64; c6g.2xlarge is for arm64"),
        (
            "t2.xlarge",
            "must be a type on Nitro, such as t3.xlarge or c5.2xlarge; t2.xlarge runs on Xen",
        ),
    ],
)
def test_a_machine_that_will_not_do_is_refused_before_anything(
    config: dict[str, str], name: str, problem: str
) -> None:
    with pytest.raises(ConfigurationError, match=problem):
        deploy({**config, "nodeInstanceType": name})


def test_more_than_a_quota_holds_is_refused_before_anything_is_registered(
    config: dict[str, str],
) -> None:
    recorder = Recorder()
    recorder.quotas["L-1216C47A"] = 23.0
    with pytest.raises(ConfigurationError, match=r"the quota L-1216C47A .* holds 23 in eu-west-1"):
        deploy(config, recorder=recorder)
    assert not recorder.registered


def test_a_quota_that_nobody_may_ask_for_is_not_checked(
    config: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    warned: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", lambda text, *_: warned.append(text))
    recorder = Recorder()
    recorder.quotas.clear()
    deploy(config, recorder=recorder)
    assert recorder.of_type("aws:ec2/instance:Instance")
    assert any("AccessDenied" in text for text in warned)
    assert any(
        "Couldn't check whether the quota L-0263D0A3 and L-1216C47A" in text for text in warned
    )


def test_a_master_that_exists_is_prepared_and_released(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host_checks, "check", lambda settings, previous: None)
    found = deploy({**configured(host(0)), "shape": "single-master"})
    master = found.of_type("command:local:Command")["master"]
    assert master["environment"]["FIELDS"] == (
        "FOLDER=/opt/openvidu\nCOMMAND=openvidu\nROLE=master\n"
        "STACK=organization/openvidu-enterprise/dev"
    )
    assert not [one.typ for one in found.registered if one.typ.startswith("aws:")]
    taken_over = deploy({**configured(host(0, adopted=True)), "shape": "single-master"})
    again = taken_over.of_type("command:local:Command")["master"]
    assert again["environment"]["FIELDS"].endswith("/dev\nADOPTED=true")


@pytest.mark.parametrize(("shape", "name"), [("ha", "base"), ("single-master", "master")])
def test_data_is_on_an_encrypted_volume_of_its_own(
    config: dict[str, str], shape: str, name: str
) -> None:
    found = deploy({**config, "shape": shape})
    (volume,) = found.of_type("aws:ebs/volume:Volume").values()
    assert volume["encrypted"] is True
    (attachment,) = found.of_type("aws:ec2/volumeAttachment:VolumeAttachment").values()
    assert attachment["instanceId"] == f"{name}-id"
    # Services start with their data in place.
    assert found.names.index(f"{name}-data-mounted") < found.names.index(f"{name}-start")


@pytest.mark.parametrize(
    ("key", "resource", "outputs"),
    [
        ("dataVolumeSize", "aws:ebs/volume:Volume::base-data", {"size": 100}),
        (
            "volumeSize",
            "aws:ec2/instance:Instance::node-1",
            {"rootBlockDevice": {"volumeSize": 100}},
        ),
    ],
)
def test_a_volume_that_would_have_to_shrink_is_refused(
    config: dict[str, str], key: str, resource: str, outputs: dict[str, Any]
) -> None:
    recorder = Recorder()
    recorder.state[f"urn:pulumi:dev::openvidu-enterprise::{resource}"] = {"outputs": outputs}
    with pytest.raises(ConfigurationError) as caught:
        deploy({**config, key: "99"}, recorder=recorder)
    (mistake,) = caught.value.mistakes
    assert mistake.key == key
    assert "has that size, and volumes can't shrink" in mistake.problem
    assert mistake.command == f"pulumi config set {key} 100"
    assert not recorder.registered


@pytest.mark.parametrize("confirmed", ["false", "true"])
def test_data_is_protected_until_its_end_is_confirmed(
    config: dict[str, str], confirmed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    make = aws.ebs.Volume

    def watched(name: str, **arguments: Any) -> Any:
        asked.append(arguments["opts"].protect)
        return make(name, **arguments)

    monkeypatch.setattr(aws.ebs, "Volume", watched)
    deploy({**config, "deleteData": confirmed})
    assert asked == [confirmed == "false"]


def test_a_newer_image_leaves_instances_that_run_as_they_are(
    config: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ignored = {}
    make = aws.ec2.Instance

    def watched(name: str, **arguments: Any) -> Any:
        assert arguments["ami"] == "ami-newest"
        ignored[name] = arguments["opts"].ignore_changes
        return make(name, **arguments)

    monkeypatch.setattr(aws.ec2, "Instance", watched)
    deploy(config)
    # The image, and the key pair: what would replace a machine that carries calls.
    kept = ["ami", "keyName", "userData", "userDataBase64"]
    assert ignored == dict.fromkeys(("base", "node-1", "node-2"), kept)


@pytest.mark.parametrize(("shape", "name"), [("ha", "base"), ("single-master", "master")])
@pytest.mark.parametrize(
    ("found", "runs", "during_calls", "waits", "stops"),
    [
        ("c5.xlarge", True, "false", True, "5"),
        ("c5.2xlarge", True, "false", False, "4"),
        ("c5.xlarge", True, "true", False, "5"),
        ("c5.xlarge", False, "false", False, "4"),
    ],
    ids=["another type", "the same type", "whoever says so cuts calls", "nothing runs there yet"],
)
def test_aws_stops_the_machine_that_users_connect_to_at_a_moment_without_calls(
    config: dict[str, str],
    shape: str,
    name: str,
    found: str,
    runs: bool,
    during_calls: str,
    waits: bool,
    stops: str,
) -> None:
    recorder = Recorder()
    before = {
        f"{name}-address": {"publicIp": "203.0.113.10", "allocationId": "eipalloc-1"},
        f"{name}-host-key": {"stdout": "ssh-ed25519 BEFORE"},
        f"{name}-stop": {"environment": {"STOPS": "4"}},
        name: {"instanceType": found},
        **({f"{name}-quiet": {"environment": {"CONFIGURATION": "x"}}} if runs else {}),
    }
    for one, outputs in before.items():
        recorder.state[f"urn:pulumi:dev::x::aws:any::{one}"] = {"outputs": outputs}
    deploy({**config, "shape": shape, "configChangeDuringCalls": during_calls}, recorder=recorder)
    assert recorder.names.index(f"{name}-stop") < recorder.names.index(name)
    stop = recorder.of_type("command:local:Command")[f"{name}-stop"]
    quiet = "quiet" if shape == "ha" else "quiet-master"
    assert stop["update"].endswith(f'"$OVER_SSH" {quiet}') is waits
    assert stop["environment"]["STOPS"] == stops
    # Its own host key is known only after the instance is.
    assert stop["environment"].get("BASE_HOST_KEY", "ssh-ed25519 BEFORE") == "ssh-ed25519 BEFORE"
    start = recorder.of_type("command:remote:Command")[f"{name}-start"]
    assert f"\nSTOPS={stops}\n" in str(start["stdin"])
    # Only a master carries calls itself, and is asked for them a last time.
    cuts = shape == "single-master" and during_calls == "true"
    assert ("\nDURING_CALLS=true\n" in str(start["stdin"])) is cuts


@pytest.mark.parametrize("shape", ["ha", "single-master"])
def test_each_script_runs_again_after_it_failed_also_for_the_input_before(
    config: dict[str, str], shape: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = {}
    make = remote_command.Command

    def watched(name: str, **arguments: Any) -> Any:
        opts = arguments["opts"]
        made[name] = (opts.delete_before_replace, opts.replace_on_changes)
        return make(name, **arguments)

    monkeypatch.setattr(remote_command, "Command", watched)
    found = deploy({**config, "shape": shape})
    assert set(made) == set(found.of_type("command:remote:Command"))
    assert set(map(str, made.values())) == {"(True, ['stdin'])"}


def test_a_node_of_another_type_is_another_machine_and_not_one_that_aws_stops(
    config: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = {}
    make = aws.ec2.Instance

    def watched(name: str, **arguments: Any) -> Any:
        made[name] = arguments["opts"].replace_on_changes
        return make(name, **arguments)

    monkeypatch.setattr(aws.ec2, "Instance", watched)
    deploy(config)
    # Its membership drains first; AWS's stop of the base has `base-stop` before it.
    assert made == {"base": [], "node-1": ["instanceType"], "node-2": ["instanceType"]}


def test_what_was_imported_gets_another_type_once_its_calls_can_be_waited_for(
    config: dict[str, str],
) -> None:
    recorder = Recorder()
    for one in ("base", "node-1", "node-2"):
        recorder.state[f"urn:pulumi:dev::x::aws:any::{one}"] = {
            "outputs": {"instanceType": "c5.xlarge"}
        }
    # What an import can't bring; the update before made this one.
    recorder.state["urn:pulumi:dev::x::command:any::node-2-hold"] = {"outputs": {}}
    made = deploy(config, recorder=recorder).of_type("aws:ec2/instance:Instance")
    types = {name: inputs["instanceType"] for name, inputs in made.items()}
    assert types == {"base": "c5.xlarge", "node-1": "c5.xlarge", "node-2": "c5.2xlarge"}


def test_a_nodes_restart_for_other_logins_knows_how_long_calls_are_waited_for(
    config: dict[str, str],
) -> None:
    config |= {"configChangeTimeout": "2h", "configChangeDuringCalls": "true"}
    start = deploy(config).of_type("command:remote:Command")["node-2-start"]
    assert "\nCHANGE_SECONDS=7200\nDURING_CALLS=true\n" in str(start["stdin"]["value"])
    assert "\nNAME=node-2\n" in str(start["stdin"]["value"])


def test_another_text_of_a_script_replaces_nothing(
    config: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = deploy(config).triggers()
    read_script = remote.text_of
    monkeypatch.setattr(remote, "text_of", lambda name: f"{read_script(name)}# as it was\n")
    after = deploy(config)
    assert "# as it was" in str(after.of_type("command:remote:Command")["node-1-start"]["stdin"])
    assert len(before) > 10
    assert after.triggers() == before


def zones_of(found: Recorder) -> set[str]:
    subnets = found.of_type("aws:ec2/subnet:Subnet")
    volumes = found.of_type("aws:ebs/volume:Volume")
    return {one["availabilityZone"] for one in (*subnets.values(), *volumes.values())}


def in_zone(zone: str) -> Recorder:
    """A stack whose base, node-1 and node-2 are in a zone."""
    recorder = Recorder()
    urn = "urn:pulumi:dev::openvidu-enterprise"
    recorder.state = {
        f"{urn}::aws:ec2/subnet:Subnet::subnet": {"outputs": {"availabilityZone": zone}},
        **{
            f"{urn}::aws:ec2/instance:Instance::{name}": {"outputs": {"instanceType": "c5.2xlarge"}}
            for name in ("base", "node-1", "node-2")
        },
    }
    return recorder


def test_a_zone_is_chosen_among_those_that_are_no_local_zones(config: dict[str, str]) -> None:
    recorder = Recorder()
    recorder.zones = ["eu-west-1c"]
    assert zones_of(deploy(config, recorder=recorder)) == {"eu-west-1c"}


def test_a_zone_in_use_stays_whatever_is_offered_elsewhere(config: dict[str, str]) -> None:
    assert zones_of(deploy(config, recorder=in_zone("eu-west-1b"))) == {"eu-west-1b"}


def test_data_without_a_subnet_says_where_the_zone_is(config: dict[str, str]) -> None:
    recorder = Recorder()
    urn = "urn:pulumi:dev::openvidu-enterprise::aws:ebs/volume:Volume::base-data"
    recorder.state = {urn: {"outputs": {"availabilityZone": "eu-west-1b"}}}
    assert zones_of(deploy(config, recorder=recorder)) == {"eu-west-1b"}


def test_a_type_that_the_zone_in_use_lacks_is_refused_with_what_it_has(
    config: dict[str, str],
) -> None:
    recorder = in_zone("eu-west-1b")
    recorder.offered["c5.4xlarge"] = ["eu-west-1a"]
    with pytest.raises(ConfigurationError) as caught:
        deploy({**config, "nodeInstanceType": "c5.4xlarge"}, recorder=recorder)
    (mistake,) = caught.value.mistakes
    assert mistake.key == "nodeInstanceType"
    assert mistake.problem == (
        "is c5.4xlarge, which isn't available in eu-west-1b, where this deployment is: "
        "it has c5.2xlarge"
    )
    assert mistake.command == "pulumi config set nodeInstanceType c5.2xlarge"
    assert not recorder.registered


def test_machines_that_run_need_no_zone_to_have_their_type_still(config: dict[str, str]) -> None:
    recorder = in_zone("eu-west-1b")
    recorder.offered["c5.2xlarge"] = []
    assert zones_of(deploy(config, recorder=recorder)) == {"eu-west-1b"}


def test_data_stays_in_its_zone_whatever_another_would_begin_with(
    config: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ignored = []
    make = aws.ebs.Volume

    def watched(name: str, **arguments: Any) -> Any:
        ignored.append(arguments["opts"].ignore_changes)
        return make(name, **arguments)

    monkeypatch.setattr(aws.ebs, "Volume", watched)
    deploy(config)
    assert ignored == [["availabilityZone", "snapshotId"]]


def test_data_that_would_be_lost_is_the_first_warning(
    config: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    warned: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", lambda text, *_: warned.append(text))
    recorder = in_zone("eu-west-1b")
    urn = "urn:pulumi:dev::openvidu-enterprise::aws:ebs/volume:Volume::base-data"
    recorder.state[urn] = {"outputs": {"availabilityZone": "eu-west-1b", "encrypted": False}}
    recorder.quotas.clear()
    deploy({**config, "nodeCount": "3"}, recorder=recorder)
    assert len(warned) > 1
    assert warned[0].startswith("base-data, the data volume, isn't encrypted")


def with_zone(config: dict[str, str], **more: str) -> dict[str, str]:
    return {**config, "hostedZoneId": "Z1", **more}


@pytest.mark.parametrize("kind", ["A", "CNAME"])
def test_a_record_that_is_there_is_refused_and_told(config: dict[str, str], kind: str) -> None:
    recorder = Recorder()
    recorder.records = [{"name": "openvidu.example.io.", "type": kind}]
    with pytest.raises(ConfigurationError) as caught:
        deploy(with_zone(config), recorder=recorder)
    (mistake,) = caught.value.mistakes
    assert f"Z1 already has a record for openvidu.example.io ({kind})" in mistake.problem
    assert mistake.command.startswith("pulumi config set overwriteRecord true")
    assert not recorder.registered
    deploy(with_zone(config, overwriteRecord="true"), recorder=recorder)
    assert recorder.of_type("aws:route53/record:Record")["base-record"]["allowOverwrite"] is True


@pytest.mark.parametrize("zone", ["example.io", "openvidu.example.io", "io"])
def test_a_domain_has_its_record_in_a_zone_above_it(config: dict[str, str], zone: str) -> None:
    recorder = Recorder()
    recorder.zone = zone
    # Which is somebody else's, as that of the zone itself may be.
    recorder.records = [] if zone.startswith("openvidu") else [{"name": f"{zone}.", "type": "A"}]
    deploy(with_zone(config), recorder=recorder)
    assert "base-record" in recorder.names


@pytest.mark.parametrize("zone", ["example.org", "vidu.example.io", "dev.openvidu.example.io"])
@pytest.mark.parametrize("overwrite", ["false", "true"])
def test_a_zone_of_something_else_is_refused(
    config: dict[str, str], zone: str, overwrite: str
) -> None:
    recorder = Recorder()
    recorder.zone = zone
    with pytest.raises(ConfigurationError) as caught:
        deploy(with_zone(config, overwriteRecord=overwrite), recorder=recorder)
    (mistake,) = caught.value.mistakes
    assert mistake.key == "hostedZoneId"
    assert mistake.problem.startswith("Z1 isn't a zone of openvidu.example.io")
    assert not recorder.registered


def test_a_zone_that_is_not_there_is_refused(config: dict[str, str]) -> None:
    class WithoutZone(Recorder):
        def call(self, args: MockCallArgs) -> dict[str, Any]:
            if args.token == "aws:route53/getRecords:getRecords":
                raise NoSuchZoneError
            return super().call(args)

    recorder = WithoutZone()
    with pytest.raises(ConfigurationError) as caught:
        deploy(with_zone(config), recorder=recorder)
    (mistake,) = caught.value.mistakes
    assert (mistake.key, mistake.problem) == (
        "hostedZoneId",
        "Z1 isn't a hosted zone of this account",
    )
    assert not recorder.registered


def test_a_record_of_this_stack_and_one_of_another_kind_are_no_hindrance(
    config: dict[str, str],
) -> None:
    recorder = Recorder()
    recorder.records = [{"name": "openvidu.example.io.", "type": "AAAA"}]
    deploy(with_zone(config), recorder=recorder)
    recorder.records = [{"name": "openvidu.example.io.", "type": "A"}]
    urn = "urn:pulumi:dev::openvidu-enterprise::aws:route53/record:Record::base-record"
    recorder.state = {urn: {"outputs": {"fqdn": "openvidu.example.io"}}}
    deploy(with_zone(config), recorder=recorder)


def test_a_domain_is_waited_for_longer_than_resolvers_keep_its_record(
    config: dict[str, str],
) -> None:
    record = deploy(with_zone(config)).of_type("aws:route53/record:Record")["base-record"]
    waits = re.search(r"DOMAIN_SECONDS:-([0-9]+)", remote.text_of("start-services.sh"))
    assert waits
    assert int(waits[1]) > record["ttl"]
