"""Deletions that AWS refuses as long as something depends on what would go.

moto lets most of them pass, and a program that deletes in the wrong order would go unnoticed.
"""

from __future__ import annotations

from typing import Any

from moto.ec2.models.internet_gateways import InternetGatewayBackend
from moto.ec2.models.security_groups import SecurityGroupBackend
from moto.ec2.models.subnets import SubnetBackend
from moto.ec2.models.vpcs import VPCBackend

from lab.cloud.aws.patching import error, put

_CODE = "DependencyViolation"


def install() -> None:
    """Put the checks before moto's deletions."""
    delete_group = SecurityGroupBackend._delete_security_group
    delete_subnet = SubnetBackend.delete_subnet
    detach_gateway = InternetGatewayBackend.detach_internet_gateway
    delete_vpc = VPCBackend.delete_vpc

    def checked_group(self: Any, vpc_id: str | None, group_id: str) -> Any:
        used = any(
            group.id == group_id
            for interface in self.enis.values()
            for group in interface.group_set
        )
        if used or _is_named_in_rules(self, group_id):
            raise error(_CODE, f"resource {group_id} has a dependent object")
        return delete_group(self, vpc_id, group_id)

    def checked_subnet(self: Any, subnet_id: str) -> Any:
        if any(interface.subnet.id == subnet_id for interface in self.enis.values()):
            raise error(_CODE, f"The subnet '{subnet_id}' has dependencies and cannot be deleted.")
        return delete_subnet(self, subnet_id)

    def checked_gateway(self: Any, internet_gateway_id: str, vpc_id: str) -> Any:
        if any(
            interface.public_ip and interface.subnet.vpc_id == vpc_id
            for interface in self.enis.values()
        ):
            raise error(
                _CODE,
                f"Network {vpc_id} has some mapped public address(es). Please unmap those public "
                "address(es) before detaching the gateway.",
            )
        return detach_gateway(self, internet_gateway_id, vpc_id)

    def checked_vpc(self: Any, vpc_id: str) -> Any:
        attached = any(
            gateway.vpc is not None and gateway.vpc.id == vpc_id
            for gateway in self.internet_gateways.values()
        )
        groups = [group for group in self.groups[vpc_id].values() if group.name != "default"]
        if attached or groups:
            raise error(_CODE, f"The vpc '{vpc_id}' has dependencies and cannot be deleted.")
        return delete_vpc(self, vpc_id)

    put(SecurityGroupBackend, "_delete_security_group", checked_group)
    put(SubnetBackend, "delete_subnet", checked_subnet)
    put(InternetGatewayBackend, "detach_internet_gateway", checked_gateway)
    put(VPCBackend, "delete_vpc", checked_vpc)


def _is_named_in_rules(backend: Any, group_id: str) -> bool:
    """Whether another group's rule has this group as its other side."""
    return any(
        rule.source_group.get("GroupId") == group_id
        for groups in backend.groups.values()
        for group in groups.values()
        if group.id != group_id
        for rule in [*group.ingress_rules, *group.egress_rules]
    )
