"""Alarms: whom they reach, what is watched, and what AWS does then."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from pulumi.runtime import MockCallArgs, MockResourceArgs

from components.aws.alarms import topic_name
from components.settings.mistakes import ConfigurationError
from components.settings.read import read
from tests.program.conftest import SECRETS, example
from tests.program.test_cluster import INSTANCE_TYPES, deploy
from tests.program.test_existing import configured, host
from tests.program.test_managed import Cloud

ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
TOPIC = "arn:aws:sns:eu-west-1:123456789012:operators"
RECOVER = "arn:aws:automate:eu-west-1:ec2:recover"
MAIL = {"alarmEmail": "operators@example.io"}
MANAGED = {
    "shape": "ha-managed",
    "certificateType": "acm",
    "hostedZoneId": "Z1",
    "elasticsearchPassword": "Secret-of-search-1",
}


class Watched(Cloud):
    """Answers with what alarms are about."""

    def __init__(self, *, moves: bool = True) -> None:
        super().__init__()
        self.moves = moves

    def new_resource(self, args: MockResourceArgs) -> tuple[str, dict[str, Any]]:
        identifier, outputs = super().new_resource(args)
        service = args.typ.partition("/")[0].removeprefix("aws:")
        outputs |= {
            "arn": f"arn:aws:{service}:eu-west-1:123456789012:{args.name}",
            "arnSuffix": f"suffix-of-{args.name}",
            "memberClusters": ["redis-002", "redis-001"],
        }
        return identifier, outputs

    def call(self, args: MockCallArgs) -> dict[str, Any]:
        found = super().call(args)
        if args.token == "aws:ec2/getInstanceType:getInstanceType":
            return {**found, "autoRecoverySupported": self.moves}
        return found


@pytest.fixture(autouse=True)
def type_of_bastions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(INSTANCE_TYPES, "t3.small", (2, 2048, ["x86_64"]))


def alarms(config: Mapping[str, str], *, moves: bool = True) -> Mapping[str, Mapping[str, Any]]:
    return deploy(dict(config), recorder=Watched(moves=moves)).of_type(ALARM)


def test_without_a_word_there_are_none(config: dict[str, str]) -> None:
    recorder = deploy(config, recorder=Watched())
    assert not [one.typ for one in recorder.registered if "cloudwatch" in one.typ]
    assert not [one.typ for one in recorder.registered if "sns" in one.typ]


def test_base_and_nodes_are_watched_and_moved_to_another_host(config: dict[str, str]) -> None:
    found = alarms({**config, "alarmTopicArn": TOPIC})
    assert set(found) == {
        f"{machine}-{what}-alarm"
        for machine in ("base", "node-1", "node-2")
        for what in ("host", "machine")
    }
    of_host = found["node-2-host-alarm"]
    assert (of_host["metricName"], of_host["threshold"]) == ("StatusCheckFailed_System", 1)
    assert of_host["dimensions"] == {"InstanceId": "node-2-id"}
    assert of_host["alarmActions"] == [RECOVER, TOPIC]
    assert of_host["name"] == "openvidu-enterprise-dev-node-2-host"


def test_a_machine_that_does_not_answer_is_told_and_left_alone(config: dict[str, str]) -> None:
    found = alarms({**config, "alarmTopicArn": TOPIC})
    # A reboot cuts calls.
    assert {tuple(one["alarmActions"]) for one in found.values()} == {(TOPIC,), (RECOVER, TOPIC)}
    of_itself = found["base-machine-alarm"]
    assert of_itself["metricName"] == "StatusCheckFailed_Instance"
    assert of_itself["alarmActions"] == [TOPIC]


def test_a_type_that_aws_cannot_move_is_only_told_of(config: dict[str, str]) -> None:
    found = alarms({**config, "alarmTopicArn": TOPIC}, moves=False)
    assert {tuple(one["alarmActions"]) for one in found.values()} == {(TOPIC,)}


def test_an_address_gets_a_topic_of_the_stacks_own(config: dict[str, str]) -> None:
    recorder = deploy({**config, **MAIL}, recorder=Watched())
    (topic,) = recorder.of_type("aws:sns/topic:Topic").values()
    assert topic["name"] == "openvidu-enterprise-dev-alarms"
    (by_mail,) = recorder.of_type("aws:sns/topicSubscription:TopicSubscription").values()
    arn = "arn:aws:sns:eu-west-1:123456789012:alarms"
    assert by_mail == {"endpoint": MAIL["alarmEmail"], "protocol": "email", "topic": arn}
    assert {one["okActions"][0] for one in recorder.of_type(ALARM).values()} == {arn}


def test_a_dot_in_the_stacks_name_is_none_in_the_topics() -> None:
    name = topic_name("openvidu-enterprise", "eu.prod")
    assert name == "openvidu-enterprise-eu-prod-alarms"


def test_services_of_aws_are_watched(config: dict[str, str]) -> None:
    found = alarms({**config, **MANAGED, "alarmTopicArn": TOPIC, "dataVolumeSize": "200"})
    of_services = {
        name.removesuffix("-alarm"): (one["metricName"], one["threshold"], one["dimensions"])
        for name, one in found.items()
        if one["namespace"] != "AWS/EC2"
    }
    nodes = {"LoadBalancer": "suffix-of-load-balancer", "TargetGroup": "suffix-of-nodes"}
    search = {"ClientId": "123456789012", "DomainName": "openvidu-dev"}
    assert of_services == {
        "nodes": ("UnHealthyHostCount", 1, nodes),
        "redis-1-memory": ("DatabaseMemoryUsagePercentage", 80, {"CacheClusterId": "redis-001"}),
        "redis-1-cpu": ("EngineCPUUtilization", 90, {"CacheClusterId": "redis-001"}),
        "redis-2-memory": ("DatabaseMemoryUsagePercentage", 80, {"CacheClusterId": "redis-002"}),
        "redis-2-cpu": ("EngineCPUUtilization", 90, {"CacheClusterId": "redis-002"}),
        "search-space": ("FreeStorageSpace", 51200, search),
        "search-status": ("ClusterStatus.red", 1, search),
    }
    assert found["search-space-alarm"]["comparisonOperator"] == "LessThanOrEqualToThreshold"
    assert "bastion-host-alarm" in found


@pytest.mark.parametrize(
    ("own", "problem"),
    [
        ({**MAIL, "alarmTopicArn": TOPIC}, "alarmEmail: is set, and so is alarmTopicArn"),
        ({"alarmEmail": "operators"}, 'alarmEmail: must be an e-mail address, got "operators"'),
        ({"alarmTopicArn": f"{TOPIC}.fifo"}, "must be the ARN of an SNS topic: arn:aws:sns:"),
    ],
)
def test_whom_alarms_cannot_reach_is_refused(own: dict[str, str], problem: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read({**example(), **own}, SECRETS)
    assert problem in str(caught.value)
    assert len(caught.value.mistakes) == 1


def test_machines_that_exist_have_no_alarms_of_aws() -> None:
    with pytest.raises(ConfigurationError, match="alarmEmail: is for machines on AWS"):
        read({**configured(host(0), host(1)), **MAIL}, SECRETS)
