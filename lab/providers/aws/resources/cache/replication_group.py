"""aws:elasticache/replicationGroup:ReplicationGroup, without cluster mode."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from lab.providers.aws.call import MINUTE, Call
from lab.providers.aws.errors import gone_is_fine
from lab.providers.aws.facts import fact, facts
from lab.providers.aws.resource_type import AutoName, Change, ResourceType, update
from lab.providers.aws.resources.cache.tags import retag, target
from lab.providers.aws.resources.lookup import find_one, given
from lab.providers.aws.rules import between, matches, not_empty, one_of
from lab.providers.aws.rules import identifier as an_id
from lab.providers.aws.schema import Failure, Kind, State
from lab.providers.aws.tags import tag_list, tag_map

_SECONDS: Final = 60 * MINUTE
_ON: Final = ("enabled", "enabling")
_NAME: Final = matches(
    r"(?!.*--)[A-Za-z][A-Za-z0-9-]{0,39}(?<!-)",
    "a letter and up to 39 letters, digits and hyphens, neither two hyphens nor one at the end",
)
_VERSION: Final = matches(r"[6-9]\.\d+|6\.x|[1-5](\.\d+){2}", "a version such as 7.1, 6.x or 5.0.6")
_SHORT_SINCE: Final = 6
_MEMBERS_TO_FAIL_OVER: Final = 2
_FLAGS: Final = {
    "automaticFailoverEnabled": "AutomaticFailoverEnabled",
    "multiAzEnabled": "MultiAZEnabled",
    "transitEncryptionEnabled": "TransitEncryptionEnabled",
}
_MODIFIED: Final = ("description", "engineVersion", "nodeType", "securityGroupIds", *_FLAGS)


def _create(call: Call, inputs: State) -> str:
    call.client("elasticache").create_replication_group(
        **given(
            ReplicationGroupId=inputs["replicationGroupId"],
            ReplicationGroupDescription=inputs["description"],
            Engine=inputs["engine"],
            EngineVersion=inputs.get("engineVersion"),
            CacheNodeType=inputs.get("nodeType"),
            NumCacheClusters=inputs.get("numCacheClusters"),
            Port=inputs.get("port"),
            CacheSubnetGroupName=inputs.get("subnetGroupName"),
            SecurityGroupIds=inputs.get("securityGroupIds"),
            KmsKeyId=inputs.get("kmsKeyId"),
            Tags=tag_list(inputs.get("tagsAll") or {}),
        ),
        AutomaticFailoverEnabled=bool(inputs.get("automaticFailoverEnabled")),
        MultiAZEnabled=bool(inputs.get("multiAzEnabled")),
        AtRestEncryptionEnabled=bool(inputs.get("atRestEncryptionEnabled")),
        TransitEncryptionEnabled=bool(inputs.get("transitEncryptionEnabled")),
    )
    return str(inputs["replicationGroupId"])


def _find(call: Call, identifier: str) -> dict[str, Any] | None:
    cache = call.client("elasticache")
    return find_one(
        lambda: cache.describe_replication_groups(ReplicationGroupId=identifier),
        "ReplicationGroups",
    )


def _settle(call: Call, identifier: str, inputs: State) -> None:
    def is_available() -> bool | None:
        return True if (_find(call, identifier) or {}).get("Status") == "available" else None

    call.wait("Redis, which takes AWS about 10 minutes", is_available, seconds=_SECONDS)


def _read(call: Call, identifier: str, state: State) -> State | None:
    found = _find(call, identifier)
    if found is None or found["Status"] == "deleting":
        return None
    group = found["NodeGroups"][0]
    tags = call.client("elasticache").list_tags_for_resource(ResourceName=found["ARN"])["TagList"]
    return {
        "arn": found["ARN"],
        "atRestEncryptionEnabled": found.get("AtRestEncryptionEnabled"),
        "automaticFailoverEnabled": found.get("AutomaticFailover") in _ON,
        "description": found["Description"],
        "engine": found.get("Engine", "redis"),
        "kmsKeyId": found.get("KmsKeyId"),
        "memberClusters": sorted(found["MemberClusters"]),
        "multiAzEnabled": found.get("MultiAZ") in _ON,
        "nodeType": found["CacheNodeType"],
        "numCacheClusters": len(found["MemberClusters"]),
        "port": group["PrimaryEndpoint"]["Port"],
        "primaryEndpointAddress": group["PrimaryEndpoint"]["Address"],
        "replicationGroupId": identifier,
        "tagsAll": tag_map(tags),
        "transitEncryptionEnabled": found.get("TransitEncryptionEnabled"),
        **_of_a_member(call, found["MemberClusters"]),
    }


def _of_a_member(call: Call, members: list[str]) -> State:
    """What ElastiCache tells of each member, and not of the group."""
    cache = call.client("elasticache")
    member = find_one(
        lambda: cache.describe_cache_clusters(CacheClusterId=members[0]), "CacheClusters"
    )
    told = member or {}
    return {
        "engineVersion": _short(told.get("EngineVersion")),
        "securityGroupIds": [group["SecurityGroupId"] for group in told.get("SecurityGroups", ())],
        "subnetGroupName": told.get("CacheSubnetGroupName"),
    }


def _short(version: str | None) -> str | None:
    """A version as programs give it: major and minor, for Redis 6 and later."""
    if version is None or int(version.partition(".")[0]) < _SHORT_SINCE:
        return version
    return ".".join(version.split(".")[:2])


def _older_version(old: State, new: State) -> Iterator[str]:
    """ElastiCache doesn't go back in place."""
    before, after = old.get("engineVersion"), new.get("engineVersion")
    if isinstance(before, str) and isinstance(after, str) and _numbers(after) < _numbers(before):
        yield "engineVersion"


def _numbers(version: str) -> list[int]:
    return [int(part) for part in version.split(".") if part.isdigit()]


def _change(call: Call, identifier: str, change: Change) -> None:
    """Members come before failover needs them, and go after it doesn't any longer."""
    before = change.old.get("numCacheClusters") or 0
    after = change.new.get("numCacheClusters") or before
    cache = call.client("elasticache")
    if after > before:
        cache.increase_replica_count(**_replicas(identifier, after))
        _settle(call, identifier, change.new)
    if change.differs(*_MODIFIED):
        _modify(call, identifier, change)
        _settle(call, identifier, change.new)
    if after < before:
        cache.decrease_replica_count(**_replicas(identifier, after))
        _settle(call, identifier, change.new)


def _replicas(identifier: str, members: int) -> dict[str, Any]:
    return {
        "ReplicationGroupId": identifier,
        "NewReplicaCount": members - 1,
        "ApplyImmediately": True,
    }


def _modify(call: Call, identifier: str, change: Change) -> None:
    flags = {
        theirs: bool(change.new[ours]) for ours, theirs in _FLAGS.items() if change.differs(ours)
    }
    call.client("elasticache").modify_replication_group(
        **flags,
        **given(
            ReplicationGroupId=identifier,
            ReplicationGroupDescription=change.new["description"],
            CacheNodeType=change.new.get("nodeType"),
            EngineVersion=change.new.get("engineVersion"),
            SecurityGroupIds=change.new.get("securityGroupIds"),
        ),
        ApplyImmediately=bool(change.new.get("applyImmediately")),
    )


def _delete(call: Call, identifier: str, state: State) -> None:
    with gone_is_fine():
        call.client("elasticache").delete_replication_group(ReplicationGroupId=identifier)

    def is_gone() -> bool | None:
        return True if _find(call, identifier) is None else None

    call.wait("Redis to be gone", is_gone, seconds=_SECONDS)


def _enough_members(inputs: State) -> Iterator[Failure]:
    members, fails_over = inputs.get("numCacheClusters"), inputs["automaticFailoverEnabled"]
    if fails_over is True and isinstance(members, int) and members < _MEMBERS_TO_FAIL_OVER:
        needed = f"expected at least {_MEMBERS_TO_FAIL_OVER}, got {members}"
        yield Failure("numCacheClusters", f"{needed}: automaticFailoverEnabled needs them")
    if inputs["multiAzEnabled"] is True and fails_over is False:
        yield Failure("automaticFailoverEnabled", "expected true: multiAzEnabled needs it")


REPLICATION_GROUP: Final = ResourceType(
    name="aws:elasticache/replicationGroup:ReplicationGroup",
    noun="Redis",
    inputs={
        **facts(
            "applyImmediately",
            "kmsKeyId",
            "nodeType",
            "transitEncryptionEnabled",
            "subnetGroupName",
        ),
        "atRestEncryptionEnabled": fact(kind=Kind.BOOL),
        "automaticFailoverEnabled": fact(default=False),
        "description": fact(not_empty),
        "engine": fact(one_of("redis"), default="redis"),
        "engineVersion": fact(_VERSION, replaces=False),
        "multiAzEnabled": fact(default=False),
        "numCacheClusters": fact(between(1, 6)),
        # Its absence is no change.
        "port": fact(between(1, 65535), computed=True),
        "replicationGroupId": fact(_NAME),
        "securityGroupIds": fact(each=(an_id("sg"),)),
    },
    provider_only=frozenset({"applyImmediately"}),
    checks=(_enough_members,),
    autoname=AutoName("replicationGroupId", limit=40),
    create=_create,
    settle=_settle,
    read=_read,
    also_replaces=_older_version,
    updates=(update(_change, *_MODIFIED, "numCacheClusters"),),
    delete=_delete,
    tag_target=target,
    retag=retag,
)
