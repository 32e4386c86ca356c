"""Backups: whose volume is snapshotted, for how long it's kept, and what DLM may do."""

from __future__ import annotations

import json
from typing import Any

import pytest

from components.aws.actions import TYPES
from components.settings.mistakes import ConfigurationError
from tests.program.test_cluster import Recorder, deploy
from tests.program.test_existing import configured, host

POLICY, ROLE = "aws:dlm/lifecyclePolicy:LifecyclePolicy", "aws:iam/role:Role"
BOUNDARY = "arn:aws:iam::123456789012:policy/openvidu"
OF_BASE = {"Name": "openvidu-enterprise-dev-base-data"}


def statements(recorder: Recorder) -> list[dict[str, Any]]:
    (allowed,) = recorder.of_type("aws:iam/rolePolicy:RolePolicy").values()
    found: list[dict[str, Any]] = json.loads(allowed["policy"])["Statement"]
    return found


def test_without_a_word_there_are_none(config: dict[str, str]) -> None:
    recorder = deploy(config)
    assert not recorder.of_type(POLICY)
    assert not recorder.of_type(ROLE)


def test_the_volume_with_the_data_is_snapshotted_each_day(config: dict[str, str]) -> None:
    recorder = deploy({**config, "backupDays": "14"})
    (volume,) = recorder.of_type("aws:ebs/volume:Volume").values()
    (policy,) = recorder.of_type(POLICY).values()
    assert volume["tags"].items() >= OF_BASE.items()
    details = policy["policyDetails"]
    assert (details["resourceTypes"], details["targetTags"]) == (["VOLUME"], OF_BASE)
    (schedule,) = details["schedules"]
    assert schedule["createRule"] == {"interval": 24, "intervalUnit": "HOURS", "times": "03:00"}
    assert schedule["retainRule"] == {"interval": 14, "intervalUnit": "DAYS"}
    assert schedule["copyTags"]
    made = {one.typ for one in recorder.registered if one.typ.startswith("aws:")}
    assert made <= {*TYPES["ha"]}


def test_of_a_single_master_likewise(config: dict[str, str]) -> None:
    (policy,) = (
        deploy({**config, "shape": "single-master", "backupDays": "3"}).of_type(POLICY).values()
    )
    target = policy["policyDetails"]["targetTags"]
    assert target == {"Name": "openvidu-enterprise-dev-master-data"}


def test_dlm_makes_snapshots_of_this_volume_and_removes_no_other(config: dict[str, str]) -> None:
    recorder = deploy({**config, "backupDays": "14"})
    own = {"StringEquals": {"aws:ResourceTag/Name": OF_BASE["Name"]}}
    limits = {
        (action, one["Resource"]): one.get("Condition")
        for one in statements(recorder)
        for action in ([one["Action"]] if isinstance(one["Action"], str) else one["Action"])
    }
    assert limits["ec2:CreateSnapshot", "arn:*:ec2:*:*:volume/*"] == own
    assert limits["ec2:DeleteSnapshot", "arn:*:ec2:*::snapshot/*"] == own
    assert {action for action, on in limits if on == "*"} == {
        "ec2:DescribeInstances",
        "ec2:DescribeSnapshots",
        "ec2:DescribeVolumes",
    }
    (role,) = recorder.of_type(ROLE).values()
    (trust,) = json.loads(role["assumeRolePolicy"])["Statement"]
    assert trust["Principal"] == {"Service": "dlm.amazonaws.com"}


def test_its_role_is_made_where_roles_may_be(config: dict[str, str]) -> None:
    limits = {"iamPath": "/openvidu/", "permissionsBoundary": BOUNDARY}
    (role,) = deploy({**config, **limits, "backupDays": "14"}).of_type(ROLE).values()
    assert (role["path"], role["permissionsBoundary"]) == ("/openvidu/", BOUNDARY)


@pytest.mark.parametrize("days", ["1001", "-1", "two"])
def test_no_other_number_of_days_is_taken(config: dict[str, str], days: str) -> None:
    with pytest.raises(ConfigurationError, match="backupDays: must be"):
        deploy({**config, "backupDays": days})


def test_only_what_has_a_data_volume_on_aws_has_backups(config: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError, match=r"backupDays: is for .* in AWS's services"):
        deploy({**config, "shape": "ha-managed", "backupDays": "14"})
    hosts = configured(host(5), host(6))
    with pytest.raises(ConfigurationError, match=r"backupDays: is for .* machines is existing"):
        deploy({**hosts, "backupDays": "14"})
