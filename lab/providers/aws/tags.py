"""Tags between Pulumi's maps and AWS's lists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from lab.providers.aws.call import Call
from lab.providers.aws.schema import State

if TYPE_CHECKING:
    from mypy_boto3_ec2.literals import ResourceTypeType
    from mypy_boto3_ec2.type_defs import TagSpecificationTypeDef, TagTypeDef


def tag_list(tags: Mapping[str, str]) -> list[TagTypeDef]:
    """A map as AWS takes it."""
    return [{"Key": key, "Value": text} for key, text in sorted(tags.items())]


def specification(what: ResourceTypeType, inputs: State) -> list[TagSpecificationTypeDef]:
    """The tags that a create call gives to the new thing."""
    tags = inputs.get("tagsAll")
    return [{"ResourceType": what, "Tags": tag_list(tags)}] if tags else []


def tag_map(tags: Sequence[TagTypeDef] | None) -> dict[str, str]:
    """The tags that AWS tells, without its own."""
    return {
        tag.get("Key", ""): tag.get("Value", "")
        for tag in tags or ()
        if not tag.get("Key", "").startswith("aws:")
    }


def replace_tags(call: Call, target: str, old: Mapping[str, str], new: Mapping[str, str]) -> None:
    """Bring the tags of a thing of EC2 from one map to another."""
    removed = sorted(set(old) - set(new))
    if removed:
        call.ec2.delete_tags(Resources=[target], Tags=[{"Key": key} for key in removed])
    changed = {key: text for key, text in new.items() if old.get(key) != text}
    if changed:
        call.ec2.create_tags(Resources=[target], Tags=tag_list(changed))
