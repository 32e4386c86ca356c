"""ElastiCache as far as moto lacks it: groups' members, and groups that go and are gone.

Source: ElastiCache API reference, DeleteCacheSubnetGroup, ModifyCacheSubnetGroup,
DeleteReplicationGroup, CreateReplicationGroup (NumCacheClusters), ModifyReplicationGroup,
IncreaseReplicaCount, DecreaseReplicaCount and DescribeCacheClusters.
"""

from __future__ import annotations

from itertools import count, islice
from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.elasticache.exceptions import ElastiCacheException
from moto.elasticache.models import ElastiCacheBackend
from moto.elasticache.responses import ElastiCacheResponse

from lab.cloud.aws.patching import put


class InUseError(ElastiCacheException):
    """A group of subnets can't go: Redis is in it."""

    code = "CacheSubnetGroupInUse"


def install() -> None:
    """Complete moto."""
    create = ElastiCacheBackend.create_replication_group
    delete = ElastiCacheBackend.delete_replication_group

    def create_replication_group(self: Any, **given: Any) -> Any:
        if given.get("num_cache_clusters") and not given.get("replicas_per_node_group"):
            given["replicas_per_node_group"] = given["num_cache_clusters"] - 1
        return create(self, **given)

    def delete_replication_group(
        self: Any, replication_group_id: str, *more: Any, **given: Any
    ) -> Any:
        found = delete(self, replication_group_id, *more, **given)
        self.replication_groups.pop(replication_group_id)
        return found

    def modify_replication_group(self: Any) -> ActionResult:
        answer: ActionResult = modify(self)
        group = _asked_for(self)
        group.engine_version = self._get_param("EngineVersion") or group.engine_version
        group.security_group_ids = self._get_param("SecurityGroupIds") or group.security_group_ids
        encrypted = self._get_bool_param("TransitEncryptionEnabled")
        if encrypted is not None:
            group.transit_encryption_enabled = encrypted
        return answer

    def change_replica_count(self: Any) -> ActionResult:
        group = _asked_for(self)
        members = self._get_int_param("NewReplicaCount") + 1
        names = (f"{group.replication_group_id}-{number:03}" for number in count(1))
        more = (name for name in names if name not in group.member_clusters)
        kept = group.member_clusters[:members]
        kept += islice(more, members - len(kept))
        group.member_clusters[:] = kept
        return ActionResult({"ReplicationGroup": group})

    def describe_cache_clusters(self: Any) -> ActionResult:
        asked = self._get_param("CacheClusterId")
        for group in self.elasticache_backend.replication_groups.values():
            if asked in group.member_clusters:
                return ActionResult({"CacheClusters": [_member(asked, group)]})
        found: ActionResult = describe(self)
        return found

    def delete_cache_subnet_group(self: Any) -> EmptyResult:
        backend, name = self.elasticache_backend, self._get_param("CacheSubnetGroupName")
        backend.describe_cache_subnet_groups(name)
        used = (group.cache_subnet_group_name for group in backend.replication_groups.values())
        if name in used:
            raise InUseError(f"Cache subnet group {name} is currently in use.")
        backend.cache_subnet_groups.pop(name)
        return EmptyResult()

    def modify_cache_subnet_group(self: Any) -> ActionResult:
        name = self._get_param("CacheSubnetGroupName")
        (group,) = self.elasticache_backend.describe_cache_subnet_groups(name)
        group.cache_subnet_group_description = self._get_param("CacheSubnetGroupDescription")
        group.subnet_ids = self._get_param("SubnetIds", [])
        return ActionResult({"CacheSubnetGroup": group})

    modify = put(ElastiCacheResponse, "modify_replication_group", modify_replication_group)
    for action in ("increase_replica_count", "decrease_replica_count"):
        setattr(ElastiCacheResponse, action, change_replica_count)
    describe = put(ElastiCacheResponse, "describe_cache_clusters", describe_cache_clusters)
    put(ElastiCacheBackend, "create_replication_group", create_replication_group)
    put(ElastiCacheBackend, "delete_replication_group", delete_replication_group)
    for added in (delete_cache_subnet_group, modify_cache_subnet_group):
        setattr(ElastiCacheResponse, added.__name__, added)


def _asked_for(response: Any) -> Any:
    """The replication group that a call names."""
    backend, name = response.elasticache_backend, response._get_param("ReplicationGroupId")
    (group,) = backend.describe_replication_groups(replication_group_id=name)
    return group


def _patched(version: str | None) -> str | None:
    """A version with its patch, as members have it."""
    return f"{version}.0" if version and version.count(".") == 1 else version


def _member(name: str, group: Any) -> dict[str, Any]:
    """A member of a replication group, which moto knows by name only."""
    return {
        "AtRestEncryptionEnabled": group.at_rest_encryption_enabled,
        "CacheClusterId": name,
        "CacheClusterStatus": "available",
        "CacheNodeType": group.cache_node_type,
        "CacheSubnetGroupName": group.cache_subnet_group_name,
        "Engine": group.engine,
        "EngineVersion": _patched(group.engine_version),
        "ReplicationGroupId": group.replication_group_id,
        "SecurityGroups": [
            {"SecurityGroupId": one, "Status": "active"} for one in group.security_group_ids or ()
        ],
    }
