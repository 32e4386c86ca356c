"""A topic in `notify`: who may publish there, and where it's refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from components.aws.permissions import Scope, Statement, scope, statements
from components.settings.change_kind import Change
from components.settings.table import keys
from tests.program.test_cluster import INSTANCE_TYPES, Recorder, deploy
from tests.program.test_existing import host, problems
from tests.program.test_key_changes import Compared
from tests.program.test_managed import Cloud
from tests.program.test_session_manager import INSTANCE, POLICY, PROFILE, ROLE

TOPIC = "arn:aws:sns:us-east-1:123456789012:on-call"
HOOK = "slack=https://hooks.slack.com/services/T0/B0/x"


@pytest.fixture
def told(config: dict[str, str]) -> dict[str, str]:
    return {**config, "notify": json.dumps([HOOK, f"sns={TOPIC}"])}


def allowed(recorder: Recorder, name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(recorder.of_type(POLICY)[name]["policy"])["Statement"]
    return found


def profiles(recorder: Recorder) -> dict[str, str | None]:
    found = recorder.of_type(INSTANCE)
    return {name: one.get("iamInstanceProfile") for name, one in found.items()}


@pytest.mark.parametrize(("shape", "main"), [("ha", "base"), ("single-master", "master")])
def test_who_moves_nodes_may_publish_there_and_do_nothing_else(
    shape: str, main: str, told: dict[str, str]
) -> None:
    found = deploy({**told, "shape": shape})
    assert allowed(found, "notify-role-policy") == [
        {"Effect": "Allow", "Action": "sns:Publish", "Resource": TOPIC}
    ]
    having = profiles(found)
    assert having.pop(main)
    assert set(having.values()) <= {None}


def test_webhooks_alone_need_no_role(config: dict[str, str]) -> None:
    found = deploy({**config, "notify": json.dumps([HOOK])})
    assert not found.of_type(PROFILE)
    assert not found.of_type(ROLE)


def test_a_base_keeps_what_sessions_need_and_nodes_get_no_more(told: dict[str, str]) -> None:
    found = deploy({**told, "sshVia": "ssm", "sshCidrs": "[]"})
    publish, sessions = allowed(found, "notify-role-policy")
    assert publish["Resource"] == TOPIC
    assert [sessions] == allowed(found, "session-role-policy")
    having = profiles(found)
    assert having["node-1"] == having["node-2"] != having["base"]


def test_a_bastion_may_publish_by_the_role_that_it_has(
    told: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(INSTANCE_TYPES, "t3.small", (2, 2048, ["x86_64"]))
    cloud = Cloud()
    own = {"shape": "ha-managed", "certificateType": "acm", "hostedZoneId": "Z1"}
    deploy({**told, **own, "elasticsearchPassword": "Secret-of-search-1"}, recorder=cloud)
    assert allowed(cloud, "bastion-role-policy")[-1] == {
        "Effect": "Allow",
        "Action": "sns:Publish",
        "Resource": TOPIC,
    }
    assert "notify-role" not in cloud.of_type(ROLE)


def test_several_topics_are_named_once_each(config: dict[str, str]) -> None:
    other = TOPIC.replace("us-east-1", "eu-west-1")
    named = [f"sns={one}" for one in (TOPIC, other, TOPIC)]
    found = deploy({**config, "notify": json.dumps(named)})
    (statement,) = allowed(found, "notify-role-policy")
    assert statement["Resource"] == [TOPIC, other]


def test_a_topic_restarts_nothing(config: dict[str, str], told: dict[str, str]) -> None:
    compared = Compared(config, told)
    assert keys()["notify"].change is Change.NOTED
    assert compared.restarts == set()
    assert {"notify-role", "notify-profile", "base", "base-drain-policy"} <= compared.names


def test_machines_that_exist_have_no_login_to_publish_with() -> None:
    said = problems(host(0), host(1), notify=json.dumps([HOOK, f"sns={TOPIC}"]))
    assert "notify: names an SNS topic, on which a base that AWS makes publishes" in said
    assert "pulumi config set --secret --path 'notify[1]'" in said
    assert TOPIC not in said
    assert "notify" not in problems(host(0), host(1), notify=json.dumps([HOOK]))


@pytest.mark.parametrize("shape", ["ha", "single-master"])
def test_who_deploys_may_make_that_role_where_it_is_asked_for(shape: str) -> None:
    without = {action for one in statements(Scope(shape)) for action in one.actions}
    assert "iam:CreateRole" not in without
    found = statements(Scope(shape, topics=[TOPIC]))
    (made,) = [one for one in found if "iam:CreateRole" in one.actions]
    assert made.resources == ["arn:*:iam::*:role/notify-role-*"]
    (passed,) = [one for one in found if "iam:PassRole" in one.actions]
    assert passed.conditions == {"iam:PassedToService": ["ec2.amazonaws.com"]}
    (profile,) = [one for one in found if "iam:CreateInstanceProfile" in one.actions]
    assert profile.resources == ["arn:*:iam::*:instance-profile/notify-profile-*"]


@pytest.mark.parametrize("shape", ["ha", "ha-managed"])
def test_who_deploys_may_tell_of_updates_there_and_nowhere_else(shape: str) -> None:
    given = scope(["--shape", shape, "--topic", TOPIC])
    (publishes,) = [one for one in statements(given) if "sns:Publish" in one.actions]
    assert publishes == Statement(["sns:Publish"], [TOPIC])
    assert not [one for one in statements(Scope(shape)) if "sns:Publish" in one.actions]


def test_a_bastion_needs_no_other_role_for_a_topic() -> None:
    (*found, _) = statements(Scope("ha-managed", topics=[TOPIC]))
    assert found == statements(Scope("ha-managed"))
