"""aws:lb/loadBalancer:LoadBalancer, an application load balancer."""

from __future__ import annotations

from typing import Any, Final

from lab.providers.aws.call import MINUTE, Call
from lab.providers.aws.errors import gone_is_fine
from lab.providers.aws.facts import fact, facts
from lab.providers.aws.resource_type import AutoName, Change, ResourceType, update
from lab.providers.aws.resources.load_balancing.tags import retag, tags_of
from lab.providers.aws.resources.lookup import find_one, given
from lab.providers.aws.rules import between, characters, matches, one_of
from lab.providers.aws.rules import identifier as an_id
from lab.providers.aws.schema import State, at_least_one_of
from lab.providers.aws.tags import tag_list

_NAME: Final = matches(
    r"(?!internal-|-)[A-Za-z0-9-]{0,32}(?<!-)",
    "up to 32 letters, digits and hyphens, with no hyphen at an end and no internal- before them",
)
_SECONDS: Final = 10 * MINUTE
_ATTRIBUTES: Final = {
    "dropInvalidHeaderFields": "routing.http.drop_invalid_header_fields.enabled",
    "idleTimeout": "idle_timeout.timeout_seconds",
}


def _create(call: Call, inputs: State) -> str:
    answer = call.client("elbv2").create_load_balancer(
        **given(
            Name=inputs["name"],
            Subnets=inputs.get("subnets"),
            SecurityGroups=inputs.get("securityGroups"),
            Scheme="internal" if inputs.get("internal") else "internet-facing",
            Type=inputs["loadBalancerType"],
            Tags=tag_list(inputs.get("tagsAll") or {}),
        )
    )
    return str(answer["LoadBalancers"][0]["LoadBalancerArn"])


def _find(call: Call, identifier: str) -> dict[str, Any] | None:
    elb = call.client("elbv2")
    return find_one(
        lambda: elb.describe_load_balancers(LoadBalancerArns=[identifier]), "LoadBalancers"
    )


def _settle(call: Call, identifier: str, inputs: State) -> None:
    def is_active() -> bool | None:
        found = _find(call, identifier) or {}
        return True if found.get("State", {}).get("Code") == "active" else None

    call.wait("the load balancer to be active", is_active, seconds=_SECONDS)
    _set_attributes(call, identifier, Change({}, inputs))


def _read(call: Call, identifier: str, state: State) -> State | None:
    found = _find(call, identifier)
    if found is None:
        return None
    elb = call.client("elbv2")
    told = elb.describe_load_balancer_attributes(LoadBalancerArn=identifier)["Attributes"]
    attributes = {one["Key"]: one["Value"] for one in told}
    return {
        "arn": identifier,
        "arnSuffix": identifier.partition("loadbalancer/")[2],
        "dnsName": found["DNSName"],
        "dropInvalidHeaderFields": attributes.get(_ATTRIBUTES["dropInvalidHeaderFields"]) == "true",
        "idleTimeout": int(attributes.get(_ATTRIBUTES["idleTimeout"], 60)),
        "internal": found["Scheme"] == "internal",
        "loadBalancerType": found["Type"],
        "name": found["LoadBalancerName"],
        "securityGroups": found.get("SecurityGroups", []),
        "subnets": [zone["SubnetId"] for zone in found["AvailabilityZones"]],
        "tagsAll": tags_of(call, identifier),
        "vpcId": found["VpcId"],
        "zoneId": found["CanonicalHostedZoneId"],
    }


def _set_attributes(call: Call, identifier: str, change: Change) -> None:
    wanted = {
        theirs: str(change.new[ours]).lower()
        for ours, theirs in _ATTRIBUTES.items()
        if change.new.get(ours) is not None
    }
    call.client("elbv2").modify_load_balancer_attributes(
        LoadBalancerArn=identifier,
        Attributes=[{"Key": key, "Value": value} for key, value in wanted.items()],
    )


def _set_groups(call: Call, identifier: str, change: Change) -> None:
    call.client("elbv2").set_security_groups(
        LoadBalancerArn=identifier, SecurityGroups=change.new["securityGroups"]
    )


def _set_subnets(call: Call, identifier: str, change: Change) -> None:
    call.client("elbv2").set_subnets(LoadBalancerArn=identifier, Subnets=change.new["subnets"])


def _delete(call: Call, identifier: str, state: State) -> None:
    with gone_is_fine():
        call.client("elbv2").delete_load_balancer(LoadBalancerArn=identifier)


LOAD_BALANCER: Final = ResourceType(
    name="aws:lb/loadBalancer:LoadBalancer",
    noun="load balancer",
    inputs={
        **facts("internal"),
        "dropInvalidHeaderFields": fact(default=False),
        "idleTimeout": fact(between(1, 4000), default=60),
        "loadBalancerType": fact(one_of("application"), default="application"),
        "name": fact(_NAME),
        "namePrefix": fact(_NAME, characters(0, 6)),
        "securityGroups": fact(each=(an_id("sg"),)),
        "subnets": fact(each=(an_id("subnet"),)),
    },
    checks=(at_least_one_of("subnets"),),
    autoname=AutoName("name", "namePrefix", limit=32),
    create=_create,
    settle=_settle,
    read=_read,
    updates=(
        update(_set_attributes, *_ATTRIBUTES),
        update(_set_groups, "securityGroups"),
        update(_set_subnets, "subnets"),
    ),
    delete=_delete,
    retag=retag,
)
