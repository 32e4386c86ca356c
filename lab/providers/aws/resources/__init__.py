"""The resource types, each a table; several of one service in a folder of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from lab.providers.aws.resource_type import ResourceType
from lab.providers.aws.resources.alarm import ALARM
from lab.providers.aws.resources.backup_policy import BACKUP_POLICY
from lab.providers.aws.resources.cache.replication_group import REPLICATION_GROUP
from lab.providers.aws.resources.cache.subnet_group import SUBNET_GROUP
from lab.providers.aws.resources.certificate import CERTIFICATE, CERTIFICATE_VALIDATION
from lab.providers.aws.resources.eip import EIP
from lab.providers.aws.resources.identity.access_key import ACCESS_KEY
from lab.providers.aws.resources.identity.policies import ROLE_POLICY, USER_POLICY
from lab.providers.aws.resources.identity.principals import INSTANCE_PROFILE, ROLE, USER
from lab.providers.aws.resources.instance import INSTANCE
from lab.providers.aws.resources.internet_gateway import INTERNET_GATEWAY
from lab.providers.aws.resources.key_pair import KEY_PAIR
from lab.providers.aws.resources.load_balancing.listener import LISTENER
from lab.providers.aws.resources.load_balancing.load_balancer import LOAD_BALANCER
from lab.providers.aws.resources.load_balancing.target_group import TARGET_GROUP
from lab.providers.aws.resources.network_interface import NETWORK_INTERFACE
from lab.providers.aws.resources.record import RECORD
from lab.providers.aws.resources.route import ROUTE
from lab.providers.aws.resources.route_table import ROUTE_TABLE
from lab.providers.aws.resources.route_table_association import ROUTE_TABLE_ASSOCIATION
from lab.providers.aws.resources.search_domain import SEARCH_DOMAIN
from lab.providers.aws.resources.security_group import SECURITY_GROUP
from lab.providers.aws.resources.security_group_attachment import SECURITY_GROUP_ATTACHMENT
from lab.providers.aws.resources.security_group_rule import EGRESS_RULE, INGRESS_RULE
from lab.providers.aws.resources.storage.bucket import BUCKET
from lab.providers.aws.resources.storage.settings import (
    ENCRYPTION,
    LIFECYCLE,
    POLICY,
    PUBLIC_ACCESS_BLOCK,
    VERSIONING,
)
from lab.providers.aws.resources.subnet import SUBNET
from lab.providers.aws.resources.topic import SUBSCRIPTION, TOPIC
from lab.providers.aws.resources.volume import VOLUME
from lab.providers.aws.resources.volume_attachment import VOLUME_ATTACHMENT
from lab.providers.aws.resources.vpc import VPC

RESOURCE_TYPES: Final[Mapping[str, ResourceType]] = {
    kind.name: kind
    for kind in (
        ACCESS_KEY,
        ALARM,
        BACKUP_POLICY,
        BUCKET,
        CERTIFICATE,
        CERTIFICATE_VALIDATION,
        EGRESS_RULE,
        EIP,
        ENCRYPTION,
        INGRESS_RULE,
        INSTANCE,
        INSTANCE_PROFILE,
        INTERNET_GATEWAY,
        KEY_PAIR,
        LIFECYCLE,
        LISTENER,
        LOAD_BALANCER,
        NETWORK_INTERFACE,
        POLICY,
        PUBLIC_ACCESS_BLOCK,
        RECORD,
        REPLICATION_GROUP,
        ROLE,
        ROLE_POLICY,
        ROUTE,
        ROUTE_TABLE,
        ROUTE_TABLE_ASSOCIATION,
        SEARCH_DOMAIN,
        SECURITY_GROUP,
        SECURITY_GROUP_ATTACHMENT,
        SUBNET,
        SUBNET_GROUP,
        SUBSCRIPTION,
        TARGET_GROUP,
        TOPIC,
        USER,
        USER_POLICY,
        VERSIONING,
        VOLUME,
        VOLUME_ATTACHMENT,
        VPC,
    )
}
