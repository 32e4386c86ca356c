"""Standbys: what they have, and that no machine in service is stopped."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pulumi
import pytest
from pulumi_command import local, remote

from components import down
from components.aws import asked_here
from components.aws.instances import AwsMachines
from components.aws.power import STOP
from components.cluster_observation import ClusterObservation
from components.over_ssh import MACHINES, environment
from components.previous_state import PreviousState, from_outputs
from components.settings.mistakes import ConfigurationError
from components.settings.read import read
from components.settings.table import Settings
from components.update_plan import go_on_running, runs_while_node, warnings
from tests.program.conftest import SECRETS
from tests.program.test_cluster import Recorder, deploy
from tests.program.test_existing import host, problems

OF_A_MACHINE = {"", "interface", "address", "host-key", "docker", "upgrade", "install"}
COMMAND = "command:local:Command"
Parts = Mapping[int, Sequence[str]]


def state(parts: Parts) -> dict[str, Any]:
    """A stack's resources: for each node's number the parts of it that are there."""
    urn = f"urn:pulumi:dev::openvidu-enterprise::{COMMAND}"
    return {
        f"{urn}::node-{number}-{part}": {
            "type": COMMAND,
            "outputs": {
                "environment": {
                    "NODE_GENERATION": "1",
                    "OPENVIDU_VERSION": "2.30.0",
                    **({"STOPS": "true"} if part == "awake" else {}),
                }
            },
        }
        for number, of in parts.items()
        for part in of
    }


def registered(config: dict[str, str], parts: Parts, **more: str) -> Recorder:
    recorder = Recorder()
    recorder.state |= state(parts)
    return deploy({**config, **more}, recorder=recorder)


def parts_of(recorder: Recorder, number: int) -> set[str]:
    name = f"node-{number}"
    return {
        one.removeprefix(name).removeprefix("-")
        for one in recorder.names
        if one == name or one.startswith(f"{name}-")
    }


def command(recorder: Recorder, name: str) -> Mapping[str, Any]:
    return recorder.of_type(COMMAND)[name]


@pytest.fixture
def waits_for(monkeypatch: pytest.MonkeyPatch) -> dict[str, set[str]]:
    """The names of what each command comes after, and is deleted before; filled by a deployment."""
    found: dict[str, set[str]] = {}

    def watch(kind: Any) -> None:
        make = kind.Command

        def watched(name: str, *words: Any, opts: pulumi.ResourceOptions, **given: Any) -> Any:
            after = opts.depends_on
            found[name] = {one._name for one in (after if isinstance(after, list | tuple) else [])}
            return make(name, *words, opts=opts, **given)

        monkeypatch.setattr(kind, "Command", watched)

    watch(local)
    watch(remote)
    return found


def all_before(name: str, waits_for: Mapping[str, set[str]]) -> set[str]:
    """What is there before something, and is deleted after it."""
    direct = waits_for.get(name, set())
    return direct.union(*(all_before(one, waits_for) for one in direct))


SERVES = ("awake", "upgrade", "hold", "membership")
SLEEPS = ("roused", "asleep", "upgrade")
AWAKE = "node-3-awake"


def test_a_standby_is_a_machine_on_which_openvidu_is_installed_and_no_more(
    config: dict[str, str],
) -> None:
    found = registered(config, {}, standbyNodes="1", alarmEmail="ops@example.io")
    assert parts_of(found, 3) == OF_A_MACHINE | {"roused", "asleep"}
    assert {"hold", "env", "identity", "start", "membership", "wanted"} <= parts_of(found, 2)
    assert command(found, "node-3-asleep")["create"] == STOP
    assert not parts_of(found, 4)


def test_without_standbys_nodes_are_as_they_were(config: dict[str, str]) -> None:
    there = {1: ("hold", "membership"), 2: ("hold", "membership")}
    names = {one for one in registered(config, there).names if "-" in one}
    assert not [one for one in names if one.endswith(("-awake", "-roused", "-asleep"))]


def test_a_standby_becomes_a_node_by_what_it_lacks(config: dict[str, str]) -> None:
    there = {1: SERVES, 2: SERVES, 3: SLEEPS}
    found = registered(config, there, standbyNodes="1", nodeCount="3")
    before = registered(config, there, standbyNodes="1")
    same = parts_of(found, 3) & parts_of(before, 3)
    assert same == OF_A_MACHINE
    assert {"awake", "hold", "env", "start", "membership"} <= parts_of(found, 3)
    assert parts_of(found, 4) == OF_A_MACHINE | {"roused", "asleep"}


@pytest.mark.parametrize("more", [{}, {"openviduVersion": "2.31.0"}])
@pytest.mark.parametrize("left", [SERVES, ("awake", "hold"), (*SERVES, "roused", "asleep")])
def test_what_is_made_or_changed_stops_no_machine_that_may_be_in_service(
    config: dict[str, str],
    waits_for: dict[str, set[str]],
    left: Sequence[str],
    more: Mapping[str, str],
) -> None:
    there = {1: SERVES, 2: SERVES, 3: left}
    found = registered(config, there, standbyNodes="1", **more)
    for name, given in found.of_type(COMMAND).items():
        if name != "node-3-asleep":
            assert "instance_power stop" not in f"{given.get('create')}{given.get('update')}", name
    assert "instance_power stop" not in command(found, "node-3-asleep")["create"]


@pytest.mark.parametrize("part", ["docker", "install", "env", "hold", "start", "membership"])
def test_all_of_a_node_is_deleted_before_its_machine_stops(
    config: dict[str, str], waits_for: dict[str, set[str]], part: str
) -> None:
    found = registered(config, {1: SERVES, 2: SERVES}, standbyNodes="1")
    for number in (1, 2):
        assert f"node-{number}-awake" in all_before(f"node-{number}-{part}", waits_for)
        assert command(found, f"node-{number}-awake")["delete"] == STOP


def test_a_removed_machine_is_not_stopped_before(
    config: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    deleted_with: dict[str, str] = {}
    make = local.Command

    def watched(name: str, *words: Any, opts: pulumi.ResourceOptions, **given: Any) -> Any:
        if opts.deleted_with is not None:
            deleted_with[name] = opts.deleted_with._name
        return make(name, *words, opts=opts, **given)

    monkeypatch.setattr(local, "Command", watched)
    registered(config, {}, standbyNodes="1")
    assert deleted_with == {"node-1-awake": "node-1", "node-2-awake": "node-2"}


def test_a_delete_does_not_log_in_with_the_credentials_of_another_day(
    config: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    own = {"accessKey": "AKIA", "secretKey": "of another day"}
    monkeypatch.setattr(asked_here, "config_of_stack", lambda _: (own, {"secretKey"}))
    found = registered(config, {}, standbyNodes="1")
    awake = command(found, "node-2-awake")
    assert "delete" not in awake
    assert not from_outputs({"urn::node-2-awake": {"outputs": awake}}).woken


def test_whatever_stops_a_machine_asks_first_whether_it_serves() -> None:
    asks, stops = STOP.index(" rest"), STOP.index("instance_power stop")
    assert asks < stops
    assert "&&" in STOP[asks:stops]


def test_a_node_that_nothing_would_stop_goes_on_as_a_standby_for_now(
    config: dict[str, str],
) -> None:
    there = dict.fromkeys((1, 2, 3), ("hold", "membership"))
    found = registered(config, there, standbyNodes="1")
    assert "asleep" not in parts_of(found, 3)
    settings = read({**config, "standbyNodes": "1"}, SECRETS)
    (told,) = go_on_running(settings, from_outputs(state(there)))
    assert "node-3 leaves and becomes a standby: its machine runs on" in told


def test_a_node_keeps_what_its_removal_would_stop(settings: Settings) -> None:
    assert settings.standby_nodes == 0
    assert runs_while_node(1, settings, PreviousState(woken=frozenset({1})))
    assert runs_while_node(2, settings, PreviousState(standbys=frozenset({2})))
    assert not runs_while_node(1, settings, PreviousState())


def test_the_base_is_not_asked_about_a_standby_that_gets_another_version(
    config: dict[str, str],
) -> None:
    there = {1: SERVES, 2: SERVES, 3: SLEEPS}
    found = registered(config, there, standbyNodes="1", openviduVersion="2.31.0")
    assert command(found, "node-3-upgrade")["update"] == ":"
    assert command(found, "node-2-upgrade")["update"].endswith(" pause")


def test_another_script_wakes_a_standby(
    config: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def installed(**more: str) -> str:
        given = command(registered(config, {}, standbyNodes="1", **more), "node-3-roused")
        return str(given["environment"]["INSTALLED"])

    assert installed() == installed(nodeCount="2")
    assert installed() != installed(installScriptUrl="https://mirror.example.io/openvidu")


def test_the_state_tells_standbys_from_nodes() -> None:
    found = from_outputs(state({1: SERVES, 2: ("hold", "roused"), 3: SLEEPS}))
    assert (found.standbys, found.held, found.woken) == ({3}, {1, 2}, {1})


def test_aws_is_not_asked_how_a_stopped_standby_is(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def look(instances: Mapping[str, str], *_: Any) -> dict[str, Any]:
        asked.extend(instances)
        return {}

    monkeypatch.setattr(down, "look", look)
    arns = {name: f"arn:aws:ec2:eu-west-1:1:instance/i-{name}" for name in ("base", "node-3")}
    down.ask(replace(PreviousState(), instances=arns, standbys=frozenset({3})))
    assert asked == ["base"]


def test_what_becomes_of_a_node_s_machine_is_said(config: dict[str, str]) -> None:
    there = from_outputs(state({1: SERVES, 2: SERVES, 3: SERVES}))
    (goes,) = warnings(read(config, SECRETS), there, ClusterObservation())
    assert "its machine is removed when they have ended" in goes
    stays = read({**config, "standbyNodes": "1"}, SECRETS)
    (stops,) = warnings(stays, there, ClusterObservation())
    assert "its machine becomes a standby, and is stopped, when they have ended" in stops


def mistakes(config: dict[str, str], **more: str) -> Iterator[str]:
    with pytest.raises(ConfigurationError) as error:
        read({**config, **more}, SECRETS)
    yield from (f"{one.key}: {one.problem}; {one.command}" for one in error.value.mistakes)


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"standbyNodes": "-1"}, "must be a whole number, got"),
        ({"shape": "single-master", "standbyNodes": "1"}, "a single master has no nodes"),
        ({"subnetCidr": "10.5.0.0/28", "nodeCount": "5", "standbyNodes": "5"}, "must be at most 4"),
        (
            {
                "subnetCidr": "10.5.0.0/28",
                "nodeCount": "5",
                "standbyNodes": "5",
                "retiredNodes": json.dumps([1, 2]),
            },
            "beside 5 nodes and 2 retired there are 2 of the 9 nodes",
        ),
    ],
)
def test_standbys_that_cannot_be_had_are_refused(
    config: dict[str, str], more: Mapping[str, str], told: str
) -> None:
    found = [one for one in mistakes(config, **more) if one.startswith("standbyNodes")]
    assert [one for one in found if told in one], found


def test_machines_that_exist_are_not_stopped() -> None:
    told = problems(host(0), host(1), host(2), standbyNodes="1")
    assert (
        "standbyNodes: is for machines that AWS makes, stops and starts; machines is existing"
        in told
    )


def test_standbys_have_the_numbers_that_follow(config: dict[str, str]) -> None:
    settings = read({**config, "standbyNodes": "2", "retiredNodes": "[1, 4]"}, SECRETS)
    assert (settings.node_numbers, settings.standby_numbers) == ((2, 3), (5, 6))
    assert set(settings.instance_types) == {"base", "node-2", "node-3", "node-5", "node-6"}


def test_a_machine_whose_stop_was_not_noted_is_started_once_more(config: dict[str, str]) -> None:
    def starts(there: Mapping[str, Any]) -> str | None:
        recorder = Recorder()
        recorder.state |= there
        deployed = deploy({**config, "nodeCount": "3", "standbyNodes": "1"}, recorder=recorder)
        found: str | None = command(deployed, AWAKE)["environment"].get("STARTS")
        return found

    half_way = state({1: SERVES, 2: SERVES, 3: ("awake", *SLEEPS)})
    (urn,) = (one for one in half_way if one.endswith(AWAKE))
    assert starts(state({1: SERVES, 2: SERVES, 3: SERVES})) is None
    assert starts(half_way) == "1"
    half_way[urn]["outputs"]["environment"]["STARTS"] = "1"
    assert starts(half_way) == "2"
    serves = state({1: SERVES, 2: SERVES, 3: SERVES})
    serves[urn]["outputs"]["environment"]["STARTS"] = "2"
    assert starts(serves) == "2"


def test_a_node_that_becomes_a_standby_gets_another_version_after_those_that_stay(
    config: dict[str, str], waits_for: dict[str, set[str]]
) -> None:
    more = {"standbyNodes": "1", "openviduVersion": "2.31.0"}
    stay = {"node-1-membership", "node-2-membership"}
    registered(config, {1: SERVES, 2: SERVES, 3: SERVES}, **more)
    assert stay <= waits_for["node-3-upgrade"]
    registered(config, {1: SERVES, 2: SERVES, 3: SLEEPS}, **more)
    assert not stay & all_before("node-3-install", waits_for)


def test_a_node_that_becomes_a_standby_is_replaced_after_those_that_stay(
    config: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    after: dict[int, set[str]] = {}
    make = AwsMachines.node

    def watched(self: Any, number: int, before: Sequence[Any], parent: Any) -> Any:
        after[number] = {one._name for one in before}
        return make(self, number, before, parent)

    monkeypatch.setattr(AwsMachines, "node", watched)
    for left in (SERVES, SLEEPS):
        registered(config, {1: SERVES, 2: SERVES, 3: left}, standbyNodes="1")
        stay = {"node-1-membership", "node-2-membership"}
        assert after[3] == (stay if left is SERVES else set())


def test_another_machine_that_takes_the_place_of_a_node_s_is_stopped_by_the_next_update(
    config: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    arn = "arn:aws:ec2:eu-west-1:1:instance/i-1"
    monkeypatch.setattr(down, "ask", lambda _: {})
    make = Recorder.new_resource

    def answered(self: Recorder, args: Any) -> tuple[str, dict[str, Any]]:
        identifier, outputs = make(self, args)
        return identifier, {**outputs, "arn": arn}

    monkeypatch.setattr(Recorder, "new_resource", answered)

    def roused(before: str, left: Sequence[str]) -> Any:
        recorder = Recorder()
        recorder.state |= state({1: SERVES, 2: SERVES, 3: left})
        recorder.state["urn:pulumi:dev::openvidu-enterprise::aws:ec2/instance:Instance::node-3"] = {
            "type": "aws:ec2/instance:Instance",
            "outputs": {"arn": before},
        }
        found = deploy({**config, "standbyNodes": "1"}, recorder=recorder)
        return command(found, "node-3-asleep")["environment"]["ROUSED"]

    next_update = roused(arn, SLEEPS)
    assert roused(arn, SERVES) == next_update
    assert roused(arn.replace("i-1", "i-2"), SERVES) != next_update
    settings = read({**config, "standbyNodes": "1"}, SECRETS)
    previous = from_outputs(state({1: SERVES, 2: SERVES, 3: SERVES}))
    assert not go_on_running(settings, previous)
    other = replace(previous, instance_types={"node-3": "c5.4xlarge"})
    assert "node-3 leaves and becomes a standby" in go_on_running(settings, other)[0]


@pytest.mark.parametrize("way", ["direct", "ssm"])
def test_whatever_has_a_script_run_again_on_a_standby_starts_it_before(
    config: dict[str, str], monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    def installed() -> str:
        more = {"sshVia": "ssm", "sshCidrs": "[]"} if way == "ssm" else {}
        given = command(registered(config, {}, standbyNodes="1", **more), "node-3-roused")
        return str(given["environment"]["INSTALLED"])

    before = installed()
    assert before == installed()
    if way == "ssm":
        another = {**environment(MACHINES), "OVER_SSH": "another text"}
        monkeypatch.setattr("components.remote.environment", lambda _: another)
    else:
        make = Recorder.new_resource

        def answered(self: Recorder, args: Any) -> tuple[str, dict[str, Any]]:
            identifier, outputs = make(self, args)
            return identifier, {**outputs, "publicIp": "203.0.113.99"}

        monkeypatch.setattr(Recorder, "new_resource", answered)
    assert installed() != before


@pytest.mark.parametrize(
    ("standbys", "proposed"),
    [("3", "pulumi config set standbyNodes 2"), ("9", "pulumi config set standbyNodes 2")],
)
def test_a_quota_that_standbys_exceed_costs_no_node(
    config: dict[str, str], standbys: str, proposed: str
) -> None:
    recorder = Recorder()
    recorder.quotas["L-0263D0A3"] = 5.0
    with pytest.raises(ConfigurationError) as refused:
        deploy({**config, "standbyNodes": standbys}, recorder=recorder)
    (mistake,) = refused.value.mistakes
    assert mistake.key == "standbyNodes"
    assert mistake.command.startswith(f"{proposed}\n")
