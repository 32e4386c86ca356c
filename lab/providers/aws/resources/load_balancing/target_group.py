"""aws:lb/targetGroup:TargetGroup, of addresses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from lab.providers.aws.call import MINUTE, Call
from lab.providers.aws.errors import gone_is_fine
from lab.providers.aws.facts import fact, facts
from lab.providers.aws.resource_type import AutoName, Change, ResourceType, update
from lab.providers.aws.resources.load_balancing.tags import retag, tags_of
from lab.providers.aws.resources.lookup import find_one, given
from lab.providers.aws.rules import between, characters, matches, one_of
from lab.providers.aws.rules import identifier as an_id
from lab.providers.aws.schema import Failure, Kind, State
from lab.providers.aws.tags import tag_list

_DELAY: Final = "deregistration_delay.timeout_seconds"
_NAME: Final = matches(
    r"(?!-)[A-Za-z0-9-]{1,32}(?<!-)",
    "1 to 32 letters, digits and hyphens, with no hyphen at an end",
)
# Source: terraform-provider-aws, which takes 65536 as well.
_PORT: Final = matches(
    r"traffic-port|[1-9]\d{0,3}|[1-5]\d{4}|6[0-4]\d{3}|65[0-4]\d{2}|655[0-2]\d|6553[0-6]",
    "a port or traffic-port",
)
PROTOCOLS: Final = ("HTTP", "HTTPS", "TCP", "TLS", "UDP", "TCP_UDP", "GENEVE")
_SECONDS: Final = 2 * MINUTE
_CHECK: Final = {
    "healthyThreshold": "HealthyThresholdCount",
    "interval": "HealthCheckIntervalSeconds",
    "path": "HealthCheckPath",
    "port": "HealthCheckPort",
    "protocol": "HealthCheckProtocol",
    "timeout": "HealthCheckTimeoutSeconds",
    "unhealthyThreshold": "UnhealthyThresholdCount",
}


def _check(inputs: State) -> dict[str, Any]:
    wanted = inputs.get("healthCheck") or {}
    matcher = {"HttpCode": wanted["matcher"]} if wanted.get("matcher") else None
    return given(Matcher=matcher, **{theirs: wanted.get(ours) for ours, theirs in _CHECK.items()})


def _create(call: Call, inputs: State) -> str:
    answer = call.client("elbv2").create_target_group(
        **given(
            Name=inputs["name"],
            Port=inputs.get("port"),
            Protocol=inputs.get("protocol"),
            TargetType=inputs["targetType"],
            VpcId=inputs.get("vpcId"),
            Tags=tag_list(inputs.get("tagsAll") or {}),
        ),
        **_check(inputs),
    )
    return str(answer["TargetGroups"][0]["TargetGroupArn"])


def _settle(call: Call, identifier: str, inputs: State) -> None:
    _set_delay(call, identifier, Change({}, inputs))


def _find(call: Call, identifier: str) -> dict[str, Any] | None:
    elb = call.client("elbv2")
    return find_one(
        lambda: elb.describe_target_groups(TargetGroupArns=[identifier]), "TargetGroups"
    )


def _read(call: Call, identifier: str, state: State) -> State | None:
    found = _find(call, identifier)
    if found is None:
        return None
    told = call.client("elbv2").describe_target_group_attributes(TargetGroupArn=identifier)
    attributes = {one["Key"]: one["Value"] for one in told["Attributes"]}
    return {
        "arn": identifier,
        "arnSuffix": identifier.rpartition(":")[2],
        "deregistrationDelay": int(attributes[_DELAY]),
        "healthCheck": {
            **{ours: found.get(theirs) for ours, theirs in _CHECK.items()},
            "matcher": (found.get("Matcher") or {}).get("HttpCode"),
        },
        "name": found["TargetGroupName"],
        "port": found["Port"],
        "protocol": found["Protocol"],
        "tagsAll": tags_of(call, identifier),
        "targetType": found["TargetType"],
        "vpcId": found["VpcId"],
    }


def _set_delay(call: Call, identifier: str, change: Change) -> None:
    delay = str(change.new["deregistrationDelay"])
    call.client("elbv2").modify_target_group_attributes(
        TargetGroupArn=identifier, Attributes=[{"Key": _DELAY, "Value": delay}]
    )


def _set_check(call: Call, identifier: str, change: Change) -> None:
    call.client("elbv2").modify_target_group(TargetGroupArn=identifier, **_check(change.new))


def _delete(call: Call, identifier: str, state: State) -> None:
    with gone_is_fine():
        call.insist(
            "the target group to be out of use",
            lambda: call.client("elbv2").delete_target_group(TargetGroupArn=identifier),
            on={"ResourceInUse"},
            seconds=_SECONDS,
        )


def _fits(inputs: State) -> Iterator[Failure]:
    for name in ("port", "protocol", "vpcId"):
        if inputs.get(name) is None:
            yield Failure(name, f"missing: targets of the type {inputs['targetType']} need it")
    check = inputs.get("healthCheck") or {}
    if isinstance(check, dict) and check.get("protocol") == "TCP" and check.get("matcher"):
        yield Failure("healthCheck.matcher", "cannot be given together with the protocol TCP")


TARGET_GROUP: Final = ResourceType(
    name="aws:lb/targetGroup:TargetGroup",
    noun="target group",
    inputs={
        "name": fact(_NAME),
        "namePrefix": fact(_NAME, characters(0, 6)),
        "deregistrationDelay": fact(between(0, 3600), default=300, kind=Kind.INTEGER),
        "healthCheck": fact(
            fields={
                **facts("matcher"),
                "healthyThreshold": fact(between(2, 10), default=3),
                "interval": fact(between(5, 300), default=30),
                "path": fact(matches(r"/.*", "a path from /"), characters(1, 1024)),
                "port": fact(_PORT, default="traffic-port"),
                "protocol": fact(one_of("HTTP", "HTTPS", "TCP"), default="HTTP"),
                "timeout": fact(between(2, 120)),
                "unhealthyThreshold": fact(between(2, 10), default=3),
            }
        ),
        "port": fact(between(1, 65535)),
        "protocol": fact(one_of(*PROTOCOLS)),
        "targetType": fact(one_of("ip", "instance"), default="instance"),
        "vpcId": fact(an_id("vpc")),
    },
    checks=(_fits,),
    autoname=AutoName("name", "namePrefix", limit=32),
    create=_create,
    settle=_settle,
    read=_read,
    updates=(update(_set_delay, "deregistrationDelay"), update(_set_check, "healthCheck")),
    delete=_delete,
    retag=retag,
)
