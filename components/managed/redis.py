"""Redis by ElastiCache: a primary and a replica in another zone that takes over.

Without password and TLS: OpenVidu connects without TLS (repository, `docker-compose.yml` of the
node: host, port and password are all that it's given), and ElastiCache takes passwords over TLS
only. Its security group lets in the cluster's network alone, as OpenVidu's own template for AWS.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import pulumi
import pulumi_aws as aws

from components.aws.alarms import REDIS_CPU, REDIS_MEMORY
from components.managed.part import Part
from components.managed.site import Site
from openvidu import ports

_VERSION = "7.1"
"""The base services have 7.0 (repository, `docker-compose.yml`), which ElastiCache lacks."""


_NODES = 2
"""A primary and a replica."""


def redis(site: Site) -> Part:
    """Register Redis, which is known by the name of its primary."""
    firewall = site.firewall("redis", ports.REDIS_PORTS)
    subnets = aws.elasticache.SubnetGroup(
        "redis-subnets",
        description="OpenVidu Enterprise Redis",
        subnet_ids=list(site.network.service_subnet_ids),
        tags=site.named("redis"),
        opts=site.child,
    )
    group = aws.elasticache.ReplicationGroup(
        "redis",
        description="OpenVidu Enterprise: sessions and cluster information",
        engine="redis",
        engine_version=_VERSION,
        node_type=site.settings.redis_node_type,
        num_cache_clusters=_NODES,
        port=ports.REDIS,
        automatic_failover_enabled=True,
        multi_az_enabled=True,
        subnet_group_name=subnets.name,
        security_group_ids=[firewall.security_group_id],
        at_rest_encryption_enabled=True,
        kms_key_id=site.settings.kms_key_id,
        transit_encryption_enabled=False,
        apply_immediately=True,
        tags=site.named("redis"),
        opts=pulumi.ResourceOptions(parent=site.parent, depends_on=firewall.rules),
    )
    if site.alarms:
        for place in range(_NODES):
            of = {"CacheClusterId": group.member_clusters.apply(partial(_member, place))}
            site.alarms.watch(f"redis-{place + 1}-memory", REDIS_MEMORY, of, site.parent)
            site.alarms.watch(f"redis-{place + 1}-cpu", REDIS_CPU, of, site.parent)
    return Part({"redis": group.primary_endpoint_address}, [group])


def _member(place: int, clusters: Sequence[str]) -> str:
    return sorted(clusters)[place]
