"""aws:sns/topic:Topic and aws:sns/topicSubscription:TopicSubscription.

Source: terraform-provider-aws 6, aws_sns_topic and aws_sns_topic_subscription.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from botocore.exceptions import ClientError

from lab.providers.aws.call import Call
from lab.providers.aws.errors import code_of, gone_is_fine
from lab.providers.aws.resource_type import AutoName, ResourceType
from lab.providers.aws.resources.lookup import given
from lab.providers.aws.rules import one_of
from lab.providers.aws.schema import State, string
from lab.providers.aws.tags import tag_list, tag_map

_GONE: Final = ("NotFound", "NotFoundException")


def _attributes(call: Call, what: str, **identifier: str) -> dict[str, str] | None:
    try:
        answer: Any = getattr(call.client("sns"), f"get_{what}_attributes")(**identifier)
    except ClientError as error:
        if code_of(error) in _GONE:
            return None
        raise
    return dict(answer["Attributes"])


def _create(call: Call, inputs: State) -> str:
    tags = given(Tags=tag_list(inputs.get("tagsAll") or {}))
    return str(call.client("sns").create_topic(Name=inputs["name"], **tags)["TopicArn"])


def _read(call: Call, identifier: str, state: State) -> State | None:
    if _attributes(call, "topic", TopicArn=identifier) is None:
        return None
    tags = call.client("sns").list_tags_for_resource(ResourceArn=identifier)["Tags"]
    return {
        "arn": identifier,
        "name": identifier.rpartition(":")[2],
        "tagsAll": tag_map(tags),
    }


def _retag(call: Call, target: str, old: Mapping[str, str], new: Mapping[str, str]) -> None:
    sns = call.client("sns")
    if removed := sorted(set(old) - set(new)):
        sns.untag_resource(ResourceArn=target, TagKeys=removed)
    if new:
        sns.tag_resource(ResourceArn=target, Tags=tag_list(new))


def _delete(call: Call, identifier: str, state: State) -> None:
    with gone_is_fine():
        call.client("sns").delete_topic(TopicArn=identifier)


def _subscribe(call: Call, inputs: State) -> str:
    answer = call.client("sns").subscribe(
        TopicArn=inputs["topic"],
        Protocol=inputs["protocol"],
        Endpoint=inputs["endpoint"],
        # Where it isn't confirmed yet, AWS tells no ARN without it.
        ReturnSubscriptionArn=True,
    )
    return str(answer["SubscriptionArn"])


def _read_subscription(call: Call, identifier: str, state: State) -> State | None:
    found = _attributes(call, "subscription", SubscriptionArn=identifier)
    if found is None:
        return None
    return {
        "arn": identifier,
        "endpoint": found["Endpoint"],
        "protocol": found["Protocol"],
        "topic": found["TopicArn"],
    }


def _unsubscribe(call: Call, identifier: str, state: State) -> None:
    with gone_is_fine():
        call.client("sns").unsubscribe(SubscriptionArn=identifier)


TOPIC: Final = ResourceType(
    name="aws:sns/topic:Topic",
    noun="topic",
    inputs={"name": string(computed=True, replaces=True)},
    autoname=AutoName("name"),
    create=_create,
    read=_read,
    delete=_delete,
    retag=_retag,
)
SUBSCRIPTION: Final = ResourceType(
    name="aws:sns/topicSubscription:TopicSubscription",
    noun="subscription",
    inputs={
        "endpoint": string(required=True, replaces=True),
        "protocol": string(one_of("email", "https"), required=True, replaces=True),
        "topic": string(required=True, replaces=True),
    },
    create=_subscribe,
    read=_read_subscription,
    delete=_unsubscribe,
)
