"""What AWS says of instances comes first, and a base that is down ends an update at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import boto3
import pulumi
import pytest
from moto import mock_aws

from components import down
from components.aws.actions import actions
from components.aws.arn import InstanceArn
from components.aws.health import DownError, Event, InstanceHealth, Unasked, look, parse, warnings
from components.aws.provider_session import AwsSession
from components.cluster_observation import ClusterObservation, NodeObservation, Unseen
from components.previous_state import PreviousState, from_outputs
from components.settings.table import Settings
from components.update_plan import generations
from components.update_plan import warnings as warnings_of
from tests.program.test_cluster import Recorder, deploy

ACCOUNT = "123456789012"
SILENT = Unseen("Connection timed out")
RUNS = InstanceHealth("i-0a", "running")
IMPAIRED = replace(RUNS, instance="impaired")
STOPPED = InstanceHealth("i-0a", "stopped", "not-applicable", "not-applicable")
GONE = InstanceHealth("i-0a", "terminated", "not-applicable", "not-applicable")
RETIRES = replace(RUNS, events=(Event("instance-retirement"),))


def log_in(region: str) -> AwsSession:
    return AwsSession({}, region)


@pytest.mark.parametrize("one", [IMPAIRED, replace(RUNS, system="impaired"), STOPPED])
def test_a_base_that_is_down_and_silent_ends_an_update_at_once(
    one: InstanceHealth, settings: Settings, updating: None
) -> None:
    with pytest.raises(DownError, match=r"Next: uv run openvidu-enterprise repair base"):
        down.refuse(settings, SILENT, {"base": one})


@pytest.mark.parametrize(
    ("seen", "one"),
    [
        (ClusterObservation(), IMPAIRED),
        (SILENT, RUNS),
        (SILENT, replace(RUNS, instance="initializing")),
        (SILENT, GONE),
    ],
    ids=["it answers", "AWS says that it's well", "it boots", "another takes its place"],
)
def test_any_other_base_lets_the_update_go_on(
    seen: ClusterObservation | Unseen, one: InstanceHealth, settings: Settings, updating: None
) -> None:
    down.refuse(settings, seen, {"base": one})


def test_a_preview_goes_on_and_warns_first(settings: Settings, previewing: None) -> None:
    down.refuse(settings, SILENT, {"base": STOPPED})
    [told] = warnings({"base": STOPPED, "node-1": RUNS})
    assert told == "AWS says of base (i-0a): stopped. Next: uv run openvidu-enterprise repair base"


def test_a_scheduled_retirement_is_told_with_its_time() -> None:
    event = Event("instance-retirement", datetime(2026, 12, 1, 12, tzinfo=UTC))
    [told] = warnings({"node-2": replace(RUNS, events=(event,))})
    assert "instance-retirement from 2026-12-01 12:00 UTC" in told
    assert told.endswith("Next: uv run openvidu-enterprise repair node-2")


def test_a_machine_that_is_gone_is_made_again() -> None:
    [told] = warnings({"base": GONE})
    assert told.endswith("Next: pulumi up --refresh")


@pytest.mark.parametrize(
    ("name", "one", "following"),
    [
        ("base", STOPPED, "aws ec2 start-instances --instance-ids i-0a, then: pulumi up"),
        ("node-2", STOPPED, "aws ec2 start-instances --instance-ids i-0a, then: pulumi up"),
        ("node-2", IMPAIRED, "uv run openvidu-enterprise repair node-2"),
        ("node-2", GONE, "uv run openvidu-enterprise retire --replace node-2, then: pulumi up"),
        ("base", GONE, "pulumi destroy, then another stack: its data was on its own disk"),
        ("node-2", RETIRES, "uv run openvidu-enterprise retire --replace node-2, then: pulumi up"),
        (
            "base",
            RETIRES,
            "at a quiet moment: aws ec2 stop-instances --instance-ids i-0a, and once it's stopped: "
            "aws ec2 start-instances --instance-ids i-0a",
        ),
    ],
)
def test_an_instance_that_was_taken_over_is_its_owners_to_start(
    name: str, one: InstanceHealth, following: str
) -> None:
    [told] = warnings({name: replace(one, is_owners=True)})
    assert told.endswith(f"Next: {following}")


def test_aws_is_asked_how_an_instance_is_that_was_taken_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with instance() as arn:
        urn = "urn:pulumi:s::p::aws:ec2/instance:Instance::node-1-adopted-instance"
        previous = from_outputs({urn: {"type": "", "outputs": {"arn": arn}}})
        asked: list[tuple[Any, ...]] = []
        monkeypatch.setattr(down, "look", lambda *given: asked.append(given))
        down.ask(previous)
        [(instances, _, owners)] = asked
        found = look(instances, log_in, owners)
    assert not isinstance(found, Unasked)
    assert found["node-1"].is_owners
    assert found["node-1"].state == "running"


def test_the_type_of_a_base_that_was_taken_over_is_its_owners(settings: Settings) -> None:
    base = replace(RUNS, type="t3.medium")
    assert down.with_present_type(PreviousState(), settings, {"base": base}).present_type
    owners = {"base": replace(base, is_owners=True)}
    assert not down.with_present_type(PreviousState(), settings, owners).present_type


def test_what_aws_does_not_tell_is_said_and_holds_nothing(
    settings: Settings, updating: None
) -> None:
    [told] = warnings(Unasked("AccessDenied"))
    assert "ec2:DescribeInstanceStatus" in told
    down.refuse(settings, SILENT, Unasked("AccessDenied"))


def test_a_node_that_is_down_is_left_as_it_is(settings: Settings) -> None:
    previous = PreviousState("203.0.113.5", "ssh-ed25519 AAAA", {1: 1, 2: 4})
    out = NodeObservation(in_service=False, generation=5, calls=None, participants=None)
    seen = ClusterObservation({"10.5.0.6": replace(out, in_service=True), "10.5.0.7": out})
    told = down.overview(settings, previous, seen, {"node-2": IMPAIRED})
    assert generations(settings, previous, seen)[2] == 5
    assert generations(settings, previous, told)[2] == 4
    said = "\n".join(warnings_of(settings, previous, told))
    assert "brought back" not in said
    assert "machine impaired): it's left as it is" in said
    assert "Next: uv run openvidu-enterprise repair node-2" in said


@pytest.mark.parametrize("health", [{"node-2": RUNS}, {"node-2": GONE}, Unasked("no answer")])
def test_any_other_node_that_is_out_is_brought_back(health: Any, settings: Settings) -> None:
    previous = PreviousState("203.0.113.5", "ssh-ed25519 AAAA", {2: 4})
    seen = ClusterObservation({"10.5.0.7": NodeObservation(False, 5, None, None)})
    assert generations(settings, previous, down.overview(settings, previous, seen, health))[2] == 5


def test_an_event_that_is_over_is_none() -> None:
    events = [{"Code": "system-reboot", "Description": "[Completed] scheduled reboot"}]
    told = {"InstanceId": "i-0a", "InstanceState": {"Name": "running"}, "Events": events}
    assert parse(told) == RUNS


@contextmanager
def instance() -> Iterator[str]:
    """An instance's ARN."""
    with mock_aws():
        client = boto3.client("ec2", region_name="eu-west-1")
        image = client.register_image(Name="ubuntu", RootDeviceName="/dev/sda1")
        made = client.run_instances(ImageId=image["ImageId"], MinCount=1, MaxCount=1)
        one = made["Instances"][0]["InstanceId"]
        yield f"arn:aws:ec2:eu-west-1:{ACCOUNT}:instance/{one}"


def test_aws_is_asked_by_the_arns_in_the_state() -> None:
    with instance() as arn:
        missing = f"arn:aws:ec2:eu-west-1:{ACCOUNT}:instance/i-0123456789abcdef0"
        told = look({"base": arn, "node-1": missing}, log_in)
        assert isinstance(told, dict)
        assert {name: one.state for name, one in told.items()} == {
            "base": "running",
            "node-1": "missing",
        }


def test_another_account_says_nothing() -> None:
    with instance():
        told = look(
            {"base": "arn:aws:ec2:eu-west-1:210987654321:instance/i-0123456789abcdef0"}, log_in
        )
        assert told == Unasked(f"the credentials belong to account {ACCOUNT}, not 210987654321")


def test_without_machines_nobody_is_asked() -> None:
    assert look({}, log_in) == {}


def test_the_state_tells_the_instances() -> None:
    urn = "urn:pulumi:dev::x::aws:ec2/instance:Instance::node-2"
    outputs = {"arn": "arn:aws:ec2:eu-west-1:1:instance/i-0a", "instanceType": "c5.2xlarge"}
    found = from_outputs({urn: {"type": "aws:ec2/instance:Instance", "outputs": outputs}})
    assert found.instances == {"node-2": outputs["arn"]}
    assert InstanceArn.parse(outputs["arn"]).instance_id == "i-0a"


class KnownInstances(Recorder):
    """The state knows each instance by its ARN."""

    def new_resource(self, args: Any) -> tuple[str, dict[str, Any]]:
        one, outputs = super().new_resource(args)
        if args.typ == "aws:ec2/instance:Instance":
            outputs["arn"] = f"arn:aws:ec2:eu-west-1:{ACCOUNT}:instance/i-of-{args.name}"
        return one, outputs


@pytest.mark.parametrize(("gone", "ends"), [("i-of-base", True), ("i-another", False)])
def test_an_update_that_goes_by_a_base_that_is_gone_fails(
    gone: str, ends: bool, config: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    health = {"base": replace(GONE, instance_id=gone)}
    monkeypatch.setattr(down, "look", lambda *_: health)
    if not ends:
        assert "base-start" in deploy(config, recorder=KnownInstances()).names
        return
    recorder = KnownInstances()
    with pytest.raises(DownError, match="Next: pulumi up --refresh"):
        deploy(config, recorder=recorder)
    assert "base-docker" not in recorder.names


def test_who_deploys_may_look_and_repair() -> None:
    allowed = actions("ha")
    assert {"ec2:Describe*", "ec2:RebootInstances", "ec2:StopInstances", "ec2:StartInstances"} <= {
        *allowed
    }


@pytest.fixture
def updating(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulumi.runtime, "is_dry_run", lambda: False)


@pytest.fixture
def previewing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulumi.runtime, "is_dry_run", lambda: True)
