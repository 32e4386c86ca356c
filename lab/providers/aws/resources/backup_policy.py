"""aws:dlm/lifecyclePolicy:LifecyclePolicy, of snapshots of volumes by one schedule.

Source: terraform-provider-aws 6, aws_dlm_lifecycle_policy.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from botocore.exceptions import ClientError

from lab.providers.aws.call import Call
from lab.providers.aws.errors import gone_is_fine, is_gone
from lab.providers.aws.facts import fact, facts
from lab.providers.aws.resource_type import Change, ResourceType, update
from lab.providers.aws.rules import ARN, between, matches, one_of
from lab.providers.aws.schema import State
from lab.providers.aws.tags import tag_list, tag_map

_WORDS: Final = matches(r"[0-9A-Za-z _-]+", "letters, digits, spaces, hyphens and underscores")
_TIME: Final = matches(r"([01][0-9]|2[0-3]):[0-5][0-9]", "a time of day such as 03:00")


def _details(inputs: State) -> dict[str, Any]:
    details = inputs["policyDetails"]
    return {
        "ResourceTypes": details["resourceTypes"],
        "TargetTags": tag_list(details["targetTags"]),
        "Schedules": [_schedule(one) for one in details["schedules"]],
    }


def _schedule(one: Mapping[str, Any]) -> dict[str, Any]:
    made, kept = one["createRule"], one["retainRule"]
    return {
        "Name": one["name"],
        "CopyTags": bool(one.get("copyTags")),
        "CreateRule": {
            "Interval": made["interval"],
            "IntervalUnit": made["intervalUnit"],
            "Times": [made["times"]],
        },
        "RetainRule": {"Interval": kept["interval"], "IntervalUnit": kept["intervalUnit"]},
    }


def _told(one: Mapping[str, Any]) -> State:
    made, kept = one["CreateRule"], one["RetainRule"]
    return {
        "name": one["Name"],
        "copyTags": one["CopyTags"],
        "createRule": {
            "interval": made["Interval"],
            "intervalUnit": made["IntervalUnit"],
            "times": made["Times"][0],
        },
        "retainRule": {"interval": kept["Interval"], "intervalUnit": kept["IntervalUnit"]},
    }


def _arguments(inputs: State) -> dict[str, Any]:
    return {
        "Description": inputs["description"],
        "ExecutionRoleArn": inputs["executionRoleArn"],
        "PolicyDetails": _details(inputs),
        "State": inputs["state"],
    }


def _create(call: Call, inputs: State) -> str:
    tags = inputs.get("tagsAll") or {}
    answer = call.client("dlm").create_lifecycle_policy(**_arguments(inputs), Tags=tags)
    return str(answer["PolicyId"])


def _read(call: Call, identifier: str, state: State) -> State | None:
    try:
        found = call.client("dlm").get_lifecycle_policy(PolicyId=identifier)["Policy"]
    except ClientError as error:
        if is_gone(error):
            return None
        raise
    details = found["PolicyDetails"]
    return {
        "arn": found["PolicyArn"],
        "description": found["Description"],
        "executionRoleArn": found["ExecutionRoleArn"],
        "policyDetails": {
            "resourceTypes": details["ResourceTypes"],
            "targetTags": tag_map(details["TargetTags"]),
            "schedules": [_told(one) for one in details["Schedules"]],
        },
        "state": found["State"],
        "tagsAll": found.get("Tags") or {},
    }


def _change(call: Call, identifier: str, change: Change) -> None:
    call.client("dlm").update_lifecycle_policy(PolicyId=identifier, **_arguments(change.new))


def _retag(call: Call, target: str, old: Mapping[str, str], new: Mapping[str, str]) -> None:
    dlm = call.client("dlm")
    if removed := sorted(set(old) - set(new)):
        dlm.untag_resource(ResourceArn=target, TagKeys=removed)
    if new:
        dlm.tag_resource(ResourceArn=target, Tags=dict(new))


def _delete(call: Call, identifier: str, state: State) -> None:
    with gone_is_fine():
        call.client("dlm").delete_lifecycle_policy(PolicyId=identifier)


BACKUP_POLICY: Final = ResourceType(
    name="aws:dlm/lifecyclePolicy:LifecyclePolicy",
    noun="lifecycle policy",
    inputs={
        "description": fact(_WORDS),
        "executionRoleArn": fact(ARN),
        "policyDetails": fact(
            fields={
                "resourceTypes": fact(each=(one_of("VOLUME"),)),
                "targetTags": fact(),
                "schedules": fact(
                    fields={
                        **facts("name", "copyTags"),
                        "createRule": fact(
                            fields={
                                "interval": fact(between(1, 24)),
                                "intervalUnit": fact(one_of("HOURS")),
                                "times": fact(_TIME),
                            }
                        ),
                        "retainRule": fact(
                            fields={
                                "interval": fact(between(1, 1000)),
                                "intervalUnit": fact(one_of("DAYS", "WEEKS", "MONTHS", "YEARS")),
                            }
                        ),
                    }
                ),
            }
        ),
        "state": fact(one_of("ENABLED", "DISABLED"), default="ENABLED"),
    },
    create=_create,
    read=_read,
    updates=(update(_change, "description", "executionRoleArn", "policyDetails", "state"),),
    delete=_delete,
    tag_target=lambda identifier, state: str(state["arn"]),
    retag=_retag,
)
