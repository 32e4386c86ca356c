"""The resource types, each a table in a file of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from lab.providers.aws.resource_type import ResourceType
from lab.providers.aws.resources.eip import EIP
from lab.providers.aws.resources.eip_association import EIP_ASSOCIATION
from lab.providers.aws.resources.instance import INSTANCE
from lab.providers.aws.resources.internet_gateway import INTERNET_GATEWAY
from lab.providers.aws.resources.key_pair import KEY_PAIR
from lab.providers.aws.resources.network_interface import NETWORK_INTERFACE
from lab.providers.aws.resources.record import RECORD
from lab.providers.aws.resources.route import ROUTE
from lab.providers.aws.resources.route_table import ROUTE_TABLE
from lab.providers.aws.resources.route_table_association import ROUTE_TABLE_ASSOCIATION
from lab.providers.aws.resources.security_group import SECURITY_GROUP
from lab.providers.aws.resources.security_group_rule import EGRESS_RULE, INGRESS_RULE
from lab.providers.aws.resources.subnet import SUBNET
from lab.providers.aws.resources.volume import VOLUME
from lab.providers.aws.resources.volume_attachment import VOLUME_ATTACHMENT
from lab.providers.aws.resources.vpc import VPC

RESOURCE_TYPES: Final[Mapping[str, ResourceType]] = {
    kind.name: kind
    for kind in (
        EGRESS_RULE,
        EIP,
        EIP_ASSOCIATION,
        INGRESS_RULE,
        INSTANCE,
        INTERNET_GATEWAY,
        KEY_PAIR,
        NETWORK_INTERFACE,
        RECORD,
        ROUTE,
        ROUTE_TABLE,
        ROUTE_TABLE_ASSOCIATION,
        SECURITY_GROUP,
        SUBNET,
        VOLUME,
        VOLUME_ATTACHMENT,
        VPC,
    )
}
