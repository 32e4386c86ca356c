"""Publishes what is told on a topic of SNS, with the login of the machine that tells it.

People who have subscribed by mail or SMS get the text; queues, functions and addresses an object,
as webhooks do. Source: SNS API, Publish, with MessageStructure; SNS guide, "Amazon SNS message
attributes".
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

_PROGRAMS = ("sqs", "lambda", "http", "https", "firehose")
_ATTRIBUTES = ("event", "node", "stack")
"""By these a subscription can have a filter policy."""
_LONGEST_SUBJECT = 99
"""Source: SNS API, Publish, Subject: ASCII, and fewer than 100 characters."""
_ANSWER_SECONDS = 5.0
_ATTEMPTS = 3


def publish(topic: str, told: Mapping[str, Any], *, client: Any = None) -> str | None:
    """Publish a message, and again where that makes sense.

    Args:
        topic: its ARN, which has its region.
        told: what is told, as a webhook gets it.
        client: boto3's for `sns`; made where it's None.

    Returns:
        Why it wasn't taken; None where it was.
    """
    try:
        (client or _client(topic)).publish(TopicArn=topic, **message(told))
    except ClientError as error:
        # Its text names who asks and the topic.
        return f"answers {error.response.get('Error', {}).get('Code', 'an error')}"
    except BotoCoreError as error:
        return f"not reached: {type(error).__name__}"
    return None


def message(told: Mapping[str, Any]) -> dict[str, Any]:
    """What is published, as SNS takes it."""
    who = f"{told['stack']}: " if told["stack"] else ""
    subject = f"{who}{told['node']}: {told['event']}".encode("ascii", "replace").decode()
    forms = {"default": f"{who}{told['text']}", **dict.fromkeys(_PROGRAMS, json.dumps(told))}
    return {
        "Subject": subject[:_LONGEST_SUBJECT],
        "Message": json.dumps(forms),
        "MessageStructure": "json",
        "MessageAttributes": {
            name: {"DataType": "String", "StringValue": told[name]}
            for name in _ATTRIBUTES
            if told[name]
        },
    }


def _client(topic: str) -> Any:
    config = Config(
        connect_timeout=_ANSWER_SECONDS,
        read_timeout=_ANSWER_SECONDS,
        retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
    )
    return boto3.client("sns", region_name=topic.split(":")[3], config=config)
