"""Whom `notify` names: webhooks, and topics of SNS. Text becomes a type once.

Messages never repeat the text: it may be a secret.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from components.settings import aws_values

_WEBHOOK = re.compile(r"(?:slack|json)=https?://[!-.0-~]+(?:/[!-~]*)?")
_TOPIC = "sns="
_FIFO = ".fifo"


def endpoint(text: str) -> str:
    """A webhook or a topic to be told of nodes, with the form in which it's told before it.

    A FIFO topic reaches nobody but queues, and takes only messages that name their group.
    Source: SNS guide, "Message delivery for FIFO topics".
    """
    topic = text.removeprefix(_TOPIC)
    if topic == text:
        if not _WEBHOOK.fullmatch(text):
            raise ValueError(
                "slack=URL or json=URL, with a URL such as https://alerts.example.io/hook, or "
                "sns=ARN of an SNS topic"
            )
        return text
    if topic.endswith(_FIFO):
        raise ValueError("sns=ARN of a standard topic of SNS, as FIFO topics reach only queues")
    try:
        aws_values.topic(topic)
    except ValueError as error:
        raise ValueError(f"sns= and {error}") from None
    return text


def topics(endpoints: Iterable[str]) -> tuple[str, ...]:
    """ARNs of the topics among endpoints, each once."""
    found = (one.removeprefix(_TOPIC) for one in endpoints if one.startswith(_TOPIC))
    return tuple(dict.fromkeys(found))
