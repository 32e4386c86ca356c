"""Redis: ElastiCache.

Source of all: terraform-provider-aws 6, aws_elasticache_subnet_group and
aws_elasticache_replication_group.
"""
