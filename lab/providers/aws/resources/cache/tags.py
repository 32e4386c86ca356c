"""Tags of what ElastiCache has, which hang on ARNs."""

from __future__ import annotations

from collections.abc import Mapping

from lab.providers.aws.call import Call
from lab.providers.aws.schema import State
from lab.providers.aws.tags import tag_list


def retag(call: Call, target: str, old: Mapping[str, str], new: Mapping[str, str]) -> None:
    """Bring the tags of an ARN from one map to another."""
    cache = call.client("elasticache")
    if removed := sorted(set(old) - set(new)):
        cache.remove_tags_from_resource(ResourceName=target, TagKeys=removed)
    if new:
        cache.add_tags_to_resource(ResourceName=target, Tags=tag_list(new))


def target(identifier: str, state: State) -> str:
    """The ARN of a thing."""
    return str(state["arn"])
