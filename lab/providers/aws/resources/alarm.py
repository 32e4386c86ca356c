"""aws:cloudwatch/metricAlarm:MetricAlarm, of one metric.

Source: terraform-provider-aws 6, aws_cloudwatch_metric_alarm.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from lab.providers.aws.call import Call
from lab.providers.aws.errors import gone_is_fine
from lab.providers.aws.resource_type import AutoName, Change, ResourceType, update
from lab.providers.aws.resources.lookup import find_one, given
from lab.providers.aws.rules import between, one_of
from lab.providers.aws.schema import STRING_MAP, STRING_SET, State, integer, string
from lab.providers.aws.tags import tag_list, tag_map

_PLAIN: Final = {
    "alarmDescription": "AlarmDescription",
    "comparisonOperator": "ComparisonOperator",
    "evaluationPeriods": "EvaluationPeriods",
    "metricName": "MetricName",
    "namespace": "Namespace",
    "period": "Period",
    "statistic": "Statistic",
    "threshold": "Threshold",
    "treatMissingData": "TreatMissingData",
}
"""Pulumi's names of what is told as it is, and AWS's."""


def _put(call: Call, name: str, inputs: State, tags: Mapping[str, str]) -> None:
    dimensions = (inputs.get("dimensions") or {}).items()
    call.client("cloudwatch").put_metric_alarm(
        AlarmName=name,
        **given(
            **{theirs: inputs.get(ours) for ours, theirs in _PLAIN.items()},
            AlarmActions=sorted(inputs.get("alarmActions") or ()),
            OKActions=sorted(inputs.get("okActions") or ()),
            Dimensions=[{"Name": key, "Value": value} for key, value in sorted(dimensions)],
            Tags=tag_list(tags),
        ),
    )


def _create(call: Call, inputs: State) -> str:
    _put(call, inputs["name"], inputs, inputs.get("tagsAll") or {})
    return str(inputs["name"])


def _read(call: Call, identifier: str, state: State) -> State | None:
    alarms = call.client("cloudwatch")
    found = find_one(lambda: alarms.describe_alarms(AlarmNames=[identifier]), "MetricAlarms")
    if found is None:
        return None
    tags = alarms.list_tags_for_resource(ResourceARN=found["AlarmArn"])["Tags"]
    told: dict[str, Any] = {ours: found.get(theirs) for ours, theirs in _PLAIN.items()}
    actions = {"alarmActions": "AlarmActions", "okActions": "OKActions"}
    return {
        **{name: value for name, value in told.items() if value is not None},
        **{ours: sorted(found[theirs]) for ours, theirs in actions.items() if found.get(theirs)},
        "threshold": int(found["Threshold"]),
        "treatMissingData": found.get("TreatMissingData") or "missing",
        "arn": found["AlarmArn"],
        "dimensions": {one["Name"]: one["Value"] for one in found.get("Dimensions") or ()},
        "name": identifier,
        "tagsAll": tag_map(tags),
    }


def _modify(call: Call, identifier: str, change: Change) -> None:
    _put(call, identifier, change.new, {})


def _retag(call: Call, target: str, old: Mapping[str, str], new: Mapping[str, str]) -> None:
    alarms = call.client("cloudwatch")
    if removed := sorted(set(old) - set(new)):
        alarms.untag_resource(ResourceARN=target, TagKeys=removed)
    if new:
        alarms.tag_resource(ResourceARN=target, Tags=tag_list(new))


def _delete(call: Call, identifier: str, state: State) -> None:
    with gone_is_fine():
        call.client("cloudwatch").delete_alarms(AlarmNames=[identifier])


ALARM: Final = ResourceType(
    name="aws:cloudwatch/metricAlarm:MetricAlarm",
    noun="alarm",
    inputs={
        "alarmActions": STRING_SET,
        "alarmDescription": string(),
        "comparisonOperator": string(
            one_of(
                "GreaterThanOrEqualToThreshold",
                "GreaterThanThreshold",
                "LessThanOrEqualToThreshold",
                "LessThanThreshold",
            ),
            required=True,
        ),
        "dimensions": STRING_MAP,
        "evaluationPeriods": integer(between(1, 1440), required=True),
        "metricName": string(),
        "name": string(computed=True, replaces=True),
        "namespace": string(),
        "okActions": STRING_SET,
        "period": integer(),
        "statistic": string(one_of("Average", "Maximum", "Minimum", "SampleCount", "Sum")),
        "threshold": integer(),
        "treatMissingData": string(
            one_of("breaching", "ignore", "missing", "notBreaching"), default="missing"
        ),
    },
    autoname=AutoName("name"),
    create=_create,
    read=_read,
    updates=(update(_modify, *_PLAIN, "alarmActions", "dimensions", "okActions"),),
    delete=_delete,
    tag_target=lambda identifier, state: str(state["arn"]),
    retag=_retag,
)
