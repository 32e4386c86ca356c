"""Tags of what elbv2 has, which hang on ARNs."""

from __future__ import annotations

from collections.abc import Mapping

from lab.providers.aws.call import Call
from lab.providers.aws.tags import tag_list, tag_map


def retag(call: Call, target: str, old: Mapping[str, str], new: Mapping[str, str]) -> None:
    """Bring the tags of an ARN from one map to another."""
    elb = call.client("elbv2")
    if removed := sorted(set(old) - set(new)):
        elb.remove_tags(ResourceArns=[target], TagKeys=removed)
    if changed := {key: text for key, text in new.items() if old.get(key) != text}:
        elb.add_tags(ResourceArns=[target], Tags=tag_list(changed))


def tags_of(call: Call, arn: str) -> dict[str, str]:
    """The tags of an ARN."""
    answer = call.client("elbv2").describe_tags(ResourceArns=[arn])
    return tag_map(answer["TagDescriptions"][0]["Tags"])
