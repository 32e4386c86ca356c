"""ElastiCache as far as moto lacks it: groups' members, and groups that go and are gone.

Source: ElastiCache API reference, DeleteCacheSubnetGroup, ModifyCacheSubnetGroup,
DeleteReplicationGroup, CreateReplicationGroup (NumCacheClusters) and DescribeCacheClusters.
"""

from __future__ import annotations

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

    describe = put(ElastiCacheResponse, "describe_cache_clusters", describe_cache_clusters)
    put(ElastiCacheBackend, "create_replication_group", create_replication_group)
    put(ElastiCacheBackend, "delete_replication_group", delete_replication_group)
    for added in (delete_cache_subnet_group, modify_cache_subnet_group):
        setattr(ElastiCacheResponse, added.__name__, added)


def _member(name: str, group: Any) -> dict[str, Any]:
    """A member of a replication group, which moto knows by name only."""
    return {
        "CacheClusterId": name,
        "CacheClusterStatus": "available",
        "CacheNodeType": group.cache_node_type,
        "CacheSubnetGroupName": group.cache_subnet_group_name,
        "Engine": group.engine,
        "EngineVersion": group.engine_version,
        "ReplicationGroupId": group.replication_group_id,
        "SecurityGroups": [
            {"SecurityGroupId": one, "Status": "active"} for one in group.security_group_ids or ()
        ],
    }
