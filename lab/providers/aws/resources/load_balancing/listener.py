"""aws:lb/listener:Listener, with one default action: forward or redirect."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from lab.providers.aws.call import Call
from lab.providers.aws.errors import gone_is_fine
from lab.providers.aws.facts import fact, facts
from lab.providers.aws.resource_type import Change, ResourceType, update
from lab.providers.aws.resources.load_balancing.tags import retag, tags_of
from lab.providers.aws.resources.load_balancing.target_group import PROTOCOLS
from lab.providers.aws.resources.lookup import find_one, given
from lab.providers.aws.rules import ARN, between, not_empty, one_of
from lab.providers.aws.schema import Failure, State
from lab.providers.aws.tags import tag_list
from lab.providers.base import UNKNOWN

_REDIRECT: Final = {
    "host": "Host",
    "path": "Path",
    "port": "Port",
    "protocol": "Protocol",
    "query": "Query",
    "statusCode": "StatusCode",
}
_SAME: Final = {"host": "#{host}", "path": "/#{path}", "query": "#{query}"}


def _arguments(inputs: State) -> dict[str, Any]:
    certificate = inputs.get("certificateArn")
    return given(
        Port=inputs.get("port"),
        Protocol=inputs.get("protocol"),
        SslPolicy=inputs.get("sslPolicy"),
        Certificates=[{"CertificateArn": certificate}] if certificate else None,
        DefaultActions=[_action(action) for action in inputs["defaultActions"]],
    )


def _action(action: State) -> dict[str, Any]:
    redirect = action.get("redirect") or {}
    return given(
        Type=action["type"],
        TargetGroupArn=action.get("targetGroupArn"),
        RedirectConfig=given(**{theirs: redirect.get(ours) for ours, theirs in _REDIRECT.items()}),
    )


def _create(call: Call, inputs: State) -> str:
    answer = call.client("elbv2").create_listener(
        LoadBalancerArn=inputs["loadBalancerArn"],
        **given(Tags=tag_list(inputs.get("tagsAll") or {})),
        **_arguments(inputs),
    )
    return str(answer["Listeners"][0]["ListenerArn"])


def _read(call: Call, identifier: str, state: State) -> State | None:
    elb = call.client("elbv2")
    found = find_one(lambda: elb.describe_listeners(ListenerArns=[identifier]), "Listeners")
    if found is None:
        return None
    certificates = found.get("Certificates") or [{}]
    return {
        "arn": identifier,
        "certificateArn": certificates[0].get("CertificateArn"),
        "defaultActions": [_shown(action) for action in found["DefaultActions"]],
        "loadBalancerArn": found["LoadBalancerArn"],
        "port": int(found["Port"]),
        "protocol": found["Protocol"],
        "sslPolicy": found.get("SslPolicy") or None,
        "tagsAll": tags_of(call, identifier),
    }


def _shown(action: dict[str, Any]) -> State:
    redirect = action.get("RedirectConfig")
    return given(
        type=action["Type"],
        targetGroupArn=action.get("TargetGroupArn"),
        redirect=given(**{ours: redirect.get(theirs) for ours, theirs in _REDIRECT.items()})
        if redirect
        else None,
    )


def _modify(call: Call, identifier: str, change: Change) -> None:
    call.client("elbv2").modify_listener(ListenerArn=identifier, **_arguments(change.new))


def _delete(call: Call, identifier: str, state: State) -> None:
    with gone_is_fine():
        call.client("elbv2").delete_listener(ListenerArn=identifier)


def _complete(inputs: State) -> Iterator[Failure]:
    actions = inputs["defaultActions"]
    for index, action in enumerate(() if actions is UNKNOWN else actions):
        if action is UNKNOWN:
            continue
        needed = {"forward": "targetGroupArn", "redirect": "redirect"}.get(action["type"])
        if needed and action.get(needed) is None:
            path = f"defaultActions[{index}].{needed}"
            yield Failure(path, f"missing: the type {action['type']} needs it")


LISTENER: Final = ResourceType(
    name="aws:lb/listener:Listener",
    noun="listener",
    inputs={
        **facts("sslPolicy"),
        "certificateArn": fact(ARN),
        "defaultActions": fact(
            not_empty,
            fields={
                "redirect": fact(
                    fields={
                        "host": fact(default=_SAME["host"]),
                        "path": fact(default=_SAME["path"]),
                        "port": fact(default="#{port}"),
                        "protocol": fact(
                            one_of("#{protocol}", "HTTP", "HTTPS"), default="#{protocol}"
                        ),
                        "query": fact(default=_SAME["query"]),
                        "statusCode": fact(one_of("HTTP_301", "HTTP_302")),
                    }
                ),
                "targetGroupArn": fact(ARN),
                "type": fact(one_of("forward", "redirect")),
            },
        ),
        "loadBalancerArn": fact(ARN),
        "port": fact(between(1, 65535)),
        "protocol": fact(one_of(*PROTOCOLS)),
    },
    checks=(_complete,),
    create=_create,
    read=_read,
    updates=(update(_modify, "certificateArn", "defaultActions", "port", "protocol", "sslPolicy"),),
    delete=_delete,
    retag=retag,
)
