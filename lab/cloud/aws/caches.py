"""ElastiCache as far as moto lacks it: groups' members, places, and groups that go and are gone.

Source: ElastiCache API reference, DeleteCacheSubnetGroup, ModifyCacheSubnetGroup,
DeleteReplicationGroup, CreateReplicationGroup (NumCacheClusters), ModifyReplicationGroup,
IncreaseReplicaCount, DecreaseReplicaCount and DescribeCacheClusters; ElastiCache user guide,
"Finding connection endpoints": the region's short name in them.
"""

from __future__ import annotations

import re
from itertools import count, cycle, islice
from typing import Any, Final

from moto.core.responses import ActionResult, EmptyResult
from moto.elasticache.exceptions import ElastiCacheException
from moto.elasticache.models import ElastiCacheBackend, ReplicationGroup
from moto.elasticache.responses import ElastiCacheResponse

from lab.cloud.aws.pace import Pace, under_way
from lab.cloud.aws.patching import put

_MINUTES: Final = 10
"""How long a group takes to be made, to change and to go: AWS promises nothing."""
_MOTOS_REGION: Final = ".use1."


class InUseError(ElastiCacheException):
    """A group of subnets can't go: Redis is in it."""

    code = "CacheSubnetGroupInUse"


def install(pace: Pace | None = None) -> None:
    """Complete moto.

    Args:
        pace: how long things take; that of the environment by default.
    """
    steps = pace or Pace()
    create = ElastiCacheBackend.create_replication_group
    delete = ElastiCacheBackend.delete_replication_group

    def create_replication_group(self: Any, **given: Any) -> Any:
        if given.get("num_cache_clusters") and not given.get("replicas_per_node_group"):
            given["replicas_per_node_group"] = given["num_cache_clusters"] - 1
        group = create(self, **given)
        _place(self, group)
        steps.carry_out(group, "creating", _MINUTES)
        return group

    def delete_replication_group(
        self: Any, replication_group_id: str, *more: Any, **given: Any
    ) -> Any:
        found = delete(self, replication_group_id, *more, **given)
        groups = self.replication_groups
        steps.carry_out(found, "deleting", _MINUTES, lambda: groups.pop(replication_group_id))
        return found

    def modify_replication_group(self: Any) -> ActionResult:
        answer: ActionResult = modify(self)
        group = _asked_for(self)
        group.engine_version = self._get_param("EngineVersion") or group.engine_version
        group.security_group_ids = self._get_param("SecurityGroupIds") or group.security_group_ids
        encrypted = self._get_bool_param("TransitEncryptionEnabled")
        if encrypted is not None:
            group.transit_encryption_enabled = encrypted
        steps.carry_out(group, "modifying", _MINUTES)
        return answer

    def change_replica_count(self: Any) -> ActionResult:
        group = _asked_for(self)
        _resize(group, self._get_int_param("NewReplicaCount") + 1)
        _place(self.elasticache_backend, group)
        steps.carry_out(group, "modifying", _MINUTES)
        return ActionResult({"ReplicationGroup": group})

    def describe_cache_clusters(self: Any) -> ActionResult:
        groups = self.elasticache_backend.replication_groups
        if members := _members(groups, self._get_param("CacheClusterId")):
            return ActionResult({"CacheClusters": members})
        found: ActionResult = describe(self)
        return found

    modify = put(ElastiCacheResponse, "modify_replication_group", modify_replication_group)
    for action in ("increase_replica_count", "decrease_replica_count"):
        setattr(ElastiCacheResponse, action, change_replica_count)
    describe = put(ElastiCacheResponse, "describe_cache_clusters", describe_cache_clusters)
    setattr(ReplicationGroup, "status", property(_status, _set_status))  # noqa: B010
    put(ElastiCacheBackend, "create_replication_group", create_replication_group)
    put(ElastiCacheBackend, "delete_replication_group", delete_replication_group)
    _install_subnet_groups()


def _resize(group: Any, members: int) -> None:
    """Have a group keep its first members, or get more."""
    names = (f"{group.replication_group_id}-{number:03}" for number in count(1))
    more = (name for name in names if name not in group.member_clusters)
    kept = group.member_clusters[:members]
    group.member_clusters[:] = [*kept, *islice(more, members - len(kept))]


def _members(groups: Any, asked: str | None) -> list[Any]:
    """All members of groups, or the one of that name."""
    return [
        _member(name, group)
        for group in list(groups.values())
        for name in group.member_clusters
        if asked in (None, name)
    ]


def _asked_for(response: Any) -> Any:
    """The replication group that a call names."""
    backend, name = response.elasticache_backend, response._get_param("ReplicationGroupId")
    (group,) = backend.describe_replication_groups(replication_group_id=name)
    return group


def _install_subnet_groups() -> None:
    def delete_cache_subnet_group(self: Any) -> EmptyResult:
        backend, name = self.elasticache_backend, self._get_param("CacheSubnetGroupName")
        backend.describe_cache_subnet_groups(name)
        used = (group.cache_subnet_group_name for group in backend.replication_groups.values())
        if name in used:
            raise InUseError(f"Cache subnet group {name} is currently in use.")
        backend.cache_subnet_groups.pop(name)
        return EmptyResult()

    def modify_cache_subnet_group(self: Any) -> ActionResult:
        backend, name = self.elasticache_backend, self._get_param("CacheSubnetGroupName")
        (group,) = backend.describe_cache_subnet_groups(name)
        del backend.cache_subnet_groups[name]
        description = self._get_param("CacheSubnetGroupDescription")
        # moto looks at subnets, zones and VPC where it makes one.
        made = backend.create_cache_subnet_group(
            name, description, self._get_param("SubnetIds", []), group.tags
        )
        return ActionResult({"CacheSubnetGroup": made})

    for added in (delete_cache_subnet_group, modify_cache_subnet_group):
        setattr(ElastiCacheResponse, added.__name__, added)


def _status(group: Any) -> str:
    return under_way(group) or str(group.word)


def _set_status(group: Any, word: str) -> None:
    group.word = word


def _place(backend: Any, group: Any) -> None:
    """Put a group's members into its own region, where moto has another one's.

    Args:
        backend: moto's.
        group: the replication group, whose members' names are known.
    """
    found = backend.cache_subnet_groups.get(group.cache_subnet_group_name)
    known = [one["subnet_availability_zone"] for one in found.subnets] if found else []
    zones = cycle(known or [f"{backend.region_name}a"])
    for node_group in group.node_groups:
        first = node_group["node_group_members"][0]
        _, _, domain = first["read_endpoint"]["address"].partition(".")
        domain = domain.replace(_MOTOS_REGION, f".{_short_name(backend.region_name)}.")
        for kind in ("primary", "reader"):
            host = node_group[f"{kind}_endpoint_address"].partition(".")[0]
            endpoint = {"address": f"{host}.{domain}", "port": group.port}
            node_group[f"{kind}_endpoint_address"] = endpoint["address"]
            node_group[f"{kind}_endpoint"] = endpoint
        node_group["node_group_members"] = [
            {
                "cache_cluster_id": name,
                "cache_node_id": first["cache_node_id"],
                "read_endpoint": {"address": f"{name}.{domain}", "port": group.port},
                "preferred_availability_zone": zone,
                "current_role": "replica" if number else "primary",
            }
            for number, (name, zone) in enumerate(zip(group.member_clusters, zones, strict=False))
        ]


def _short_name(region: str) -> str:
    """A region's name in endpoints: `euw1` of eu-west-1, `apse2` of ap-southeast-2."""
    area, direction, number = region.rsplit("-", 2)
    first = re.sub("(north|south|central|east|west)", lambda found: found[0][0], direction)
    return f"{area.replace('-', '')}{first}{number}"


def _patched(version: str | None) -> str | None:
    """A version with its patch, as members have it."""
    return f"{version}.0" if version and version.count(".") == 1 else version


def _member(name: str, group: Any) -> dict[str, Any]:
    """A member of a replication group, which moto knows by name only."""
    (zone,) = (
        one["preferred_availability_zone"]
        for node_group in group.node_groups
        for one in node_group["node_group_members"]
        if one["cache_cluster_id"] == name
    )
    return {
        "AtRestEncryptionEnabled": group.at_rest_encryption_enabled,
        "CacheClusterId": name,
        "CacheClusterStatus": group.status,
        "CacheNodeType": group.cache_node_type,
        "CacheSubnetGroupName": group.cache_subnet_group_name,
        "Engine": group.engine,
        "EngineVersion": _patched(group.engine_version),
        "PreferredAvailabilityZone": zone,
        "ReplicationGroupId": group.replication_group_id,
        "SecurityGroups": [
            {"SecurityGroupId": one, "Status": "active"} for one in group.security_group_ids or ()
        ],
    }
