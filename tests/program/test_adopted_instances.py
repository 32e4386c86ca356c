"""Instances that were made by hand are taken over, and others are made beside them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pulumi_aws as aws
import pytest
from pulumi import _types
from pulumi.runtime import config as runtime_config
from pulumi.runtime.mocks import MockCallArgs, MockMonitor, MockResourceArgs

from components.aws import adopted_instance, owners_lookup
from components.aws.owners_network import Owners
from components.aws.quotas import GROUPS
from components.existing import host_checks
from components.settings.mistakes import ConfigurationError
from components.settings.read import read
from lab.providers.aws.facts import told_of, words_of
from policy.resource import Resource
from policy.rules import resource_rules, stack_rules
from policy.wanted import Wanted
from scripts.node_names import node_of
from tests.program.conftest import SECRETS
from tests.program.test_cluster import Recorder, deploy
from tests.program.test_existing import host
from tests.program.test_owners_network import INTERFACE, Owner, owner, problems

__all__ = ["owner"]

INSTANCE = "aws:ec2/instance:Instance"
ATTACHMENT = (
    "aws:ec2/networkInterfaceSecurityGroupAttachment:NetworkInterfaceSecurityGroupAttachment"
)
RETIRED = "pulumi config set --path 'retiredNodes[0]' 2"
RULES = (
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
)


def taken(number: int, **changes: Any) -> dict[str, Any]:
    """The base is number 0."""
    ids = {"instance": f"i-{number:08x}", "interface": f"eni-{number:08x}"}
    return {**host(number), "privateIp": f"10.20.1.{4 + number}", "adopted": True, **ids, **changes}


@pytest.fixture
def by_hand(
    config: dict[str, str], owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> dict[str, str]:
    """A base and two nodes; one more is wanted."""
    monkeypatch.setattr(host_checks, "check", lambda *_: None)
    hosts = [taken(0, address="eipalloc-00000000"), taken(1), taken(2)]
    asked = owners_lookup.ask
    there = [interface_of(one) for one in hosts]
    monkeypatch.setattr(
        owners_lookup, "ask", lambda *given: replace(asked(*given), interfaces=there)
    )
    return {**config, **owner.config, "hosts": json.dumps(hosts), "nodeCount": "3"}


def interface_of(host: Mapping[str, Any]) -> dict[str, Any]:
    """What AWS tells of a machine's interface."""
    address = host["privateIp"]
    return {
        "NetworkInterfaceId": host["interface"],
        "Attachment": {"InstanceId": host["instance"]},
        "PrivateIpAddress": address,
        "PrivateIpAddresses": [{"PrivateIpAddress": address}],
        "Association": {"AllocationId": host.get("address")},
    }


def state_of(*numbers: int, owner: Owner) -> Recorder:
    """A stack that has taken these over."""
    recorder = Recorder()
    urn = "urn:pulumi:dev::openvidu-enterprise"
    for number in numbers:
        name = f"node-{number}" if number else "base"
        one = host(number)
        environment = {
            "NODE_HOST": one["publicIp"],
            "NODE_IP": f"10.20.1.{4 + number}",
            "NODE_HOST_KEY": one["hostKey"],
        }
        recorder.state[f"{urn}::command:local:Command::{name}"] = {
            "outputs": {"environment": environment}
        }
    kind = "openvidu-enterprise:index:Network"
    outputs = {"vpcId": owner.vpc, "subnetIds": owner.subnets}
    recorder.state[f"{urn}::{kind}::network"] = {"type": kind, "outputs": outputs}
    return recorder


def imported(recorder: Recorder) -> dict[str, str]:
    """Ids of what was imported, by name."""
    found = [one for one in recorder.registered if one.resource_id]
    return {one.name: one.resource_id or "" for one in found}


class WithArns(Recorder):
    """AWS tells the ARNs of instances."""

    def new_resource(self, args: MockResourceArgs) -> tuple[str, dict[str, Any]]:
        id_, outputs = super().new_resource(args)
        arn = {"arn": f"arn-of-{args.name}"} if args.typ == INSTANCE else {}
        return id_, {**outputs, **arn}


def requests(recorder: Recorder) -> Mapping[str, MockResourceArgs]:
    return {one.name: one for one in recorder.registered}


def test_instances_are_imported_and_the_next_node_is_made(by_hand: dict[str, str]) -> None:
    recorder = deploy(by_hand)
    assert imported(recorder) == {
        "base-adopted-address": "eipalloc-00000000",
        **{
            f"{name}-adopted-{what}": f"{prefix}-{number:08x}"
            for number, name in enumerate(("base", "node-1", "node-2"))
            for what, prefix in (("instance", "i"), ("interface", "eni"))
        },
    }
    made = recorder.of_type(INSTANCE).keys() - imported(recorder).keys()
    assert made == {"node-3"}
    # Where the fewest are.
    assert recorder.of_type(INTERFACE)["node-3-interface"]["privateIps"] == ["10.20.2.4"]
    # Their data are where they were.
    assert not recorder.of_type("aws:ebs/volume:Volume")


@pytest.mark.parametrize(
    ("ignored", "of"),
    [
        (adopted_instance.INSTANCE, aws.ec2.InstanceArgs),
        (adopted_instance.INTERFACE, aws.ec2.NetworkInterfaceArgs),
        (adopted_instance.ADDRESS, aws.ec2.EipArgs),
    ],
)
def test_no_property_of_theirs_is_changed(ignored: tuple[str, ...], of: type) -> None:
    properties = {*_types.input_type_py_to_pulumi_names(of).values()}
    assert properties - {*ignored} <= {*adopted_instance.TOLD_TWICE}
    assert {*ignored} <= properties


@pytest.mark.parametrize(
    ("kind", "ignored"),
    [(INSTANCE, adopted_instance.INSTANCE), (INTERFACE, adopted_instance.INTERFACE)],
)
def test_what_is_not_said_stays_as_it_is(kind: str, ignored: tuple[str, ...]) -> None:
    told = told_of(kind)
    left = {*adopted_instance.TOLD_TWICE} & told.keys() - {*ignored}
    words = {name: words_of(told[name]) for name in left}
    assert not [name for name, of in words.items() if not of & {"computed", "newer"}]


def noted(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the engine is asked for, by name."""
    asked: dict[str, Any] = {}
    register = MockMonitor.RegisterResource

    def note(monitor: MockMonitor, request: Any) -> Any:
        asked[request.name] = request
        return register(monitor, request)

    monkeypatch.setattr(MockMonitor, "RegisterResource", note)
    return asked


@pytest.mark.parametrize(("adopted", "stays"), [(True, True), (False, False)])
def test_they_stay_when_they_leave_until_they_are_the_stacks(
    by_hand: dict[str, str], monkeypatch: pytest.MonkeyPatch, *, adopted: bool, stays: bool
) -> None:
    asked = noted(monkeypatch)
    hosts = json.loads(by_hand["hosts"])
    by_hand["hosts"] = json.dumps([{**one, "adopted": adopted} for one in hosts])
    found = {name: asked[name] for name in imported(deploy(by_hand))}
    assert {name: one.retainOnDelete for name, one in found.items()} == dict.fromkeys(found, stays)
    for one in found.values():
        assert "tags" in one.ignoreChanges


def test_they_are_in_groups_that_let_in_members_alone(by_hand: dict[str, str]) -> None:
    recorder = deploy(by_hand)
    attached = {
        (one["networkInterfaceId"], one["securityGroupId"])
        for one in recorder.of_type(ATTACHMENT).values()
    }
    assert attached == {
        (f"eni-{number:08x}", group)
        for number, role in enumerate(("base", "node", "node"))
        for group in (f"adopted-{role}-security-group-id", "cluster-security-group-id")
    }
    rules = {
        name: one
        for kind in RULES
        for name, one in recorder.of_type(kind).items()
        if name.startswith("adopted-")
    }
    assert any(name.endswith("redis-from-cluster") for name in rules)
    for one in rules.values():
        assert one["referencedSecurityGroupId"] == "cluster-security-group-id"
    # The made one has what the page says.
    (interface,) = recorder.of_type(INTERFACE).keys() - imported(recorder).keys()
    assert interface == "node-3-interface"
    assert recorder.of_type(INTERFACE)[interface]["securityGroups"] == [
        "node-security-group-id",
        "cluster-security-group-id",
    ]


def test_they_break_no_rule_of_the_policy_pack(by_hand: dict[str, str]) -> None:
    resources = [
        Resource(f"urn:{one.name}", one.typ, one.name, one.inputs)
        for one in deploy(by_hand).registered
        if ":index:" not in one.typ
    ]
    wanted = Wanted.of(by_hand)
    rules = resource_rules(wanted)
    assert not [told for rule in rules for one in resources for told in rule.broken_by(one)]
    assert not [told for rule in stack_rules(wanted) for told in rule.violations(resources)]


def test_the_first_node_that_is_made_changes_nothing_else(by_hand: dict[str, str]) -> None:
    fewer, more = ({*deploy({**by_hand, "nodeCount": count}).names} for count in ("2", "3"))
    assert not fewer - more
    assert {name for name in more - fewer if node_of(f"::{name}") != 3} == set()
    assert not any(name.startswith("base-security-group") for name in more)


def test_docker_of_theirs_is_left_to_them(by_hand: dict[str, str]) -> None:
    commands = {
        name: one.inputs["stdin"]
        for name, one in requests(deploy(by_hand)).items()
        if name.endswith("-docker")
    }
    assert {name: "INSTALL=true" in text for name, text in commands.items()} == {
        "base-docker": False,
        "node-1-docker": False,
        "node-2-docker": False,
        "node-3-docker": True,
    }


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"standbyNodes": "1"}, "standbyNodes: is for machines that AWS makes"),
        ({"sshVia": "ssm"}, "sshVia: is for machines that AWS makes"),
        ({"backupDays": "7"}, "backupDays: is for the data volume of a base or master that AWS"),
        ({"subnetIds": "[]", "vpcId": ""}, "subnetIds: is missing"),
        ({"shape": "single-master"}, "hosts: is for existing machines; machines is aws"),
        ({"hosts": json.dumps([taken(0, interface="")])}, "interface is missing in hosts[0]"),
        ({"hosts": json.dumps([taken(0, instance="node")])}, "hosts[0].instance must be an id of"),
        ({"hosts": json.dumps([taken(0), taken(0)])}, "is the address of hosts[0] and hosts[1]"),
        ({"hosts": json.dumps([host(0)])}, "hosts: is for existing machines; machines is aws"),
        ({"machines": "existing"}, "names instance, interface or address of AWS"),
    ],
)
def test_what_does_not_go_with_them_is_refused(
    by_hand: dict[str, str], changes: dict[str, str], told: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read({**by_hand, **changes}, SECRETS)
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("place", "changes", "told"),
    [
        (2, {"instance": "i-00000001"}, "hosts[2].instance is i-00000001, but eni-00000002, its"),
        (1, {"privateIp": "10.20.1.9"}, "hosts[1].privateIp is 10.20.1.9, but eni-00000001, its"),
        (0, {"address": "eipalloc-00000009"}, "hosts[0].address is eipalloc-00000009, but eni-"),
        (2, {"interface": "eni-00000009"}, "hosts[2].interface is eni-00000009, which is in none"),
    ],
)
def test_ids_of_several_machines_are_refused(
    by_hand: dict[str, str], place: int, changes: dict[str, str], told: str
) -> None:
    hosts = json.loads(by_hand["hosts"])
    hosts[place] |= changes
    (problem,) = problems({**by_hand, "hosts": json.dumps(hosts)})
    assert problem.startswith(f"hosts: {told}")


@pytest.mark.parametrize(("holds", "refused"), [(5, True), (6, False)])
def test_an_interface_that_has_no_room_for_the_stack_s_groups_is_refused(
    by_hand: dict[str, str], monkeypatch: pytest.MonkeyPatch, holds: int, refused: bool
) -> None:
    asked = owners_lookup.ask

    def crowded(*given: Any) -> Owners:
        found = asked(*given)
        base, *nodes = found.interfaces
        in_groups = [{"GroupId": f"sg-{number:08x}"} for number in range(4)]
        return replace(found, interfaces=[{**base, "Groups": in_groups}, *nodes])

    monkeypatch.setattr(owners_lookup, "ask", crowded)
    recorder = Recorder()
    recorder.quotas[GROUPS.code] = holds
    if not refused:
        assert "base-adopted-in-cluster" in deploy(by_hand, recorder=recorder).names
        return
    with pytest.raises(ConfigurationError) as caught:
        deploy(by_hand, recorder=recorder)
    (mistake,) = caught.value.mistakes
    assert mistake.problem.startswith("the interface of hosts[0] would be in 6 security groups")
    assert "--service-code vpc --quota-code L-2AFB9258 --desired-value 6" in mistake.command


def test_one_that_is_gone_stops_no_update_until_it_would_be_imported_again(
    by_hand: dict[str, str], owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = owners_lookup.ask
    monkeypatch.setattr(
        owners_lookup,
        "ask",
        lambda *given: replace(found := asked(*given), interfaces=found.interfaces[:2]),
    )
    recorder = state_of(0, 1, 2, owner=owner)
    urn = "urn:pulumi:dev::openvidu-enterprise"
    known = {"adopted-instance": "i-00000002", "adopted-interface": "eni-00000002"}
    state = {
        f"{urn}::aws:x:X::node-2-{part}": {"outputs": {"id": one}} for part, one in known.items()
    }
    recorder.state |= state
    assert "node-3" in deploy(by_hand, recorder=recorder).names
    # As a refresh leaves it.
    with pytest.raises(ConfigurationError) as caught:
        deploy(by_hand, recorder=state_of(0, 1, 2, owner=owner))
    (mistake,) = caught.value.mistakes
    assert mistake.command.endswith(RETIRED)


def test_one_in_service_cannot_be_taken_out_of_hosts(by_hand: dict[str, str], owner: Owner) -> None:
    hosts = json.loads(by_hand["hosts"])
    config = {**by_hand, "hosts": json.dumps(hosts[:2])}
    (told,) = problems(config, state_of(0, 1, 2, owner=owner))
    assert told.startswith("hosts: must have node-2, which was taken over and is in service")
    with pytest.raises(ConfigurationError) as caught:
        deploy({**config, "hosts": json.dumps(hosts[:1])}, recorder=state_of(0, 1, 2, owner=owner))
    (mistake,) = caught.value.mistakes
    assert mistake.problem.startswith("must have node-1 and node-2, which were taken over and are")
    # Those that AWS has made stay.
    assert mistake.command.endswith("retire node-1 node-2 && pulumi up")
    # Where it isn't wanted any more, AWS may make another one with its number.
    recorder = deploy(config, recorder=state_of(0, 1, owner=owner))
    assert recorder.of_type(INSTANCE).keys() - imported(recorder).keys() == {"node-2", "node-3"}


def test_one_that_is_left_out_before_others_is_told_as_such(
    by_hand: dict[str, str], owner: Owner
) -> None:
    base, _, last = json.loads(by_hand["hosts"])
    config = {**by_hand, "hosts": json.dumps([base, last])}
    (told,) = problems(config, state_of(0, 1, 2, owner=owner))
    assert "is node-2 in this stack and would become node-1" in told


def test_a_base_that_is_there_needs_no_type_that_the_region_has(by_hand: dict[str, str]) -> None:
    recorder = deploy({**by_hand, "baseInstanceType": "t2.xlarge"})
    assert "node-3" in recorder.names


class WithTaggedAddress(Recorder):
    """The base's Elastic IP has the stack's tags, so that it may be released."""

    def call(self, args: MockCallArgs) -> dict[str, Any]:
        match args.token:
            case "aws:ec2/getEips:getEips":
                return {"allocationIds": ["eipalloc-00000000"]}
            case "aws:ec2/getElasticIp:getElasticIp":
                return {"publicIpv4Pool": "amazon"}
        return super().call(args)


def test_an_address_that_was_taken_over_is_none_that_a_new_node_may_have(
    by_hand: dict[str, str],
) -> None:
    recorder = WithTaggedAddress()
    recorder.quotas["L-0263D0A3"] = 1
    (told,) = problems(by_hand, recorder)
    assert "1 Elastic IPs beside 1 others in the account" in told


@pytest.mark.parametrize(("delete_data", "protected"), [("false", True), ("true", False)])
def test_the_base_is_terminated_with_its_data_only_where_that_is_confirmed(
    by_hand: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    delete_data: str,
    *,
    protected: bool,
) -> None:
    asked = noted(monkeypatch)
    hosts = [{**one, "adopted": False} for one in json.loads(by_hand["hosts"])]
    deploy({**by_hand, "hosts": json.dumps(hosts), "deleteData": delete_data})
    instances = {name: one.protect for name, one in asked.items() if name.endswith("ed-instance")}
    assert instances == {
        "base-adopted-instance": protected,
        "node-1-adopted-instance": False,
        "node-2-adopted-instance": False,
    }
    deploy(by_hand)
    assert not asked["base-adopted-instance"].protect


def test_one_that_is_put_in_the_place_of_a_made_one_is_refused(
    by_hand: dict[str, str], owner: Owner
) -> None:
    recorder = state_of(0, 1, owner=owner)
    urn = "urn:pulumi:dev::openvidu-enterprise"
    recorder.state[f"{urn}::{INSTANCE}::node-2"] = {"outputs": {"instanceType": "c5.2xlarge"}}
    (told,) = problems(by_hand, recorder)
    assert told.startswith("hosts: names hosts[2] for node-2, which AWS has made")


def test_aws_is_asked_of_them_as_the_stack_logs_in(by_hand: dict[str, str]) -> None:
    before = dict(runtime_config.CONFIG.get())
    runtime_config.set_all_config({"aws:stsRegion": "eu-west-1"}, [])
    try:
        recorder = deploy(by_hand, recorder=WithArns())
    finally:
        runtime_config.set_all_config(before, [])
    environment = {
        name: requests(recorder)[f"{name}-membership"].inputs["environment"]
        for name in ("node-2", "node-3")
    }
    # One that was stopped or terminated carries no calls, whoever made it.
    assert environment["node-2"]["NODE_INSTANCE"] == "arn-of-node-2-adopted-instance"
    assert environment["node-3"]["NODE_INSTANCE"] == "arn-of-node-3"
    for one in environment.values():
        assert json.loads(one["AWS_PROVIDER"]) == {"stsRegion": "eu-west-1"}
