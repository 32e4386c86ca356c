"""aws:elasticache/subnetGroup:SubnetGroup."""

from __future__ import annotations

from typing import Final

from lab.providers.aws.call import MINUTE, Call
from lab.providers.aws.errors import gone_is_fine
from lab.providers.aws.facts import fact, facts
from lab.providers.aws.resource_type import AutoName, Change, ResourceType, update
from lab.providers.aws.resources.cache.tags import retag, target
from lab.providers.aws.resources.lookup import find_one, given
from lab.providers.aws.rules import identifier as an_id
from lab.providers.aws.schema import State
from lab.providers.aws.tags import tag_list, tag_map

_SECONDS: Final = 5 * MINUTE


def _create(call: Call, inputs: State) -> str:
    call.client("elasticache").create_cache_subnet_group(
        CacheSubnetGroupName=inputs["name"],
        CacheSubnetGroupDescription=inputs["description"],
        SubnetIds=inputs["subnetIds"],
        **given(Tags=tag_list(inputs.get("tagsAll") or {})),
    )
    return str(inputs["name"])


def _read(call: Call, identifier: str, state: State) -> State | None:
    cache = call.client("elasticache")
    found = find_one(
        lambda: cache.describe_cache_subnet_groups(CacheSubnetGroupName=identifier),
        "CacheSubnetGroups",
    )
    if found is None:
        return None
    tags = cache.list_tags_for_resource(ResourceName=found["ARN"])["TagList"]
    return {
        "arn": found["ARN"],
        "description": found["CacheSubnetGroupDescription"],
        "name": identifier,
        "subnetIds": [subnet["SubnetIdentifier"] for subnet in found["Subnets"]],
        "tagsAll": tag_map(tags),
        "vpcId": found["VpcId"],
    }


def _modify(call: Call, identifier: str, change: Change) -> None:
    call.client("elasticache").modify_cache_subnet_group(
        CacheSubnetGroupName=identifier,
        CacheSubnetGroupDescription=change.new["description"],
        SubnetIds=change.new["subnetIds"],
    )


def _delete(call: Call, identifier: str, state: State) -> None:
    with gone_is_fine():
        call.insist(
            "the subnet group to be out of use",
            lambda: call.client("elasticache").delete_cache_subnet_group(
                CacheSubnetGroupName=identifier
            ),
            on={"CacheSubnetGroupInUse"},
            seconds=_SECONDS,
        )


SUBNET_GROUP: Final = ResourceType(
    name="aws:elasticache/subnetGroup:SubnetGroup",
    noun="subnet group of Redis",
    inputs={
        **facts("name"),
        "description": fact(default="Managed by Pulumi"),
        "subnetIds": fact(each=(an_id("subnet"),)),
    },
    autoname=AutoName("name"),
    create=_create,
    read=_read,
    updates=(update(_modify, "description", "subnetIds"),),
    delete=_delete,
    tag_target=target,
    retag=retag,
)
