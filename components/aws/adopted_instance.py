"""An EC2 instance that its owner made and that was taken over: imported, and left as it is.

Its owner's tags, volumes, profile and security groups stay. Beside these it's in groups of the
stack's, which let in whoever is of the cluster: so it reaches nodes that the stack makes, and they
reach it.
Source: pulumi, "Import option", "ignoreChanges", "retainOnDelete".
"""

from __future__ import annotations

from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

from components.aws.firewall import Firewall
from components.existing.hosts import Host
from components.resource_names import OWNERS_ADDRESS, OWNERS_INSTANCE, OWNERS_INTERFACE

INSTANCE = (
    *("ami", "availabilityZone", "capacityReservationSpecification", "cpuOptions"),
    *("creditSpecification", "disableApiStop", "disableApiTermination", "ebsBlockDevices"),
    *("ebsOptimized", "enclaveOptions", "ephemeralBlockDevices", "forceDestroy"),
    *("getPasswordData", "hibernation", "iamInstanceProfile"),
    *("instanceInitiatedShutdownBehavior", "instanceMarketOptions", "instanceType", "keyName"),
    *("launchTemplate", "maintenanceOptions", "metadataOptions", "monitoring"),
    *("placementPartitionNumber", "privateDnsNameOptions", "region", "rootBlockDevice"),
    *("secondaryNetworkInterfaces", "sourceDestCheck", "tags", "tenancy", "userData"),
    *("userDataBase64", "userDataReplaceOnChange", "volumeTags"),
)
"""Properties of an instance that stay as they are found; with `TOLD_TWICE` these are all."""
INTERFACE = (
    *("attachments", "connectionTrackingSpecification", "description", "enaSrdSpecification"),
    *("enablePrimaryIpv6", "interfaceType", "ipv6AddressListEnabled", "privateIpListEnabled"),
    *("region", "securityGroups", "sourceDestCheck", "subnetId", "tags"),
)
"""Likewise of a network interface."""
ADDRESS = (
    *("address", "associateWithPrivateIp", "customerOwnedIpv4Pool", "domain", "instance"),
    *("ipamPoolId", "networkBorderGroup", "networkInterface", "publicIpv4Pool", "region", "tags"),
)
"""Likewise of an Elastic IP."""
GROUPS = ("role", "cluster")
"""The stack's groups that an interface joins: of machines of its role, and of the whole cluster."""
TOLD_TWICE = (
    *("associatePublicIpAddress", "enablePrimaryIpv6", "ipv6AddressCount", "ipv6Addresses"),
    *("networkInterfaces", "primaryNetworkInterface", "privateIp", "secondaryPrivateIps"),
    *("securityGroups", "subnetId", "vpcSecurityGroupIds", "hostId", "hostResourceGroupArn"),
    *("placementGroup", "placementGroupId", "ipv4PrefixCount", "ipv4Prefixes"),
    *("ipv6AddressLists", "ipv6PrefixCount", "ipv6Prefixes", "privateIpLists", "privateIps"),
    "privateIpsCount",
)
"""What AWS tells in several ways, of which the provider takes one: none is said.

The provider keeps them as they are where nothing is said: all are `Optional` and `Computed`.
Source: terraform-provider-aws, internal/service/ec2, `ConflictsWith` of these.
"""


def take_over(
    name: str,
    host: Host,
    subnet_id: pulumi.Input[str],
    firewall: Firewall,
    parent: pulumi.Resource,
    *,
    protect: bool = False,
) -> aws.ec2.Instance:
    """Register an instance with its interface, and its Elastic IP where it has one.

    They stay when they leave the stack, until the owner says that they are the stack's.

    Args:
        name: of the machine.
        host: names them.
        subnet_id: the interface's.
        firewall: groups that it's in as well.
        parent: the component that owns the machine.
        protect: whether the instance isn't to be terminated, for what is on its disk.

    Returns:
        the instance, which others reach once it's there.
    """

    def taken(
        identifier: str,
        ignored: Sequence[str],
        depends_on: Sequence[pulumi.Resource],
        *,
        protect: bool | None = None,
    ) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(
            parent=parent,
            import_=identifier,
            ignore_changes=[*ignored],
            retain_on_delete=host.adopted is not False,
            protect=protect,
            depends_on=[*depends_on],
        )

    interface = aws.ec2.NetworkInterface(
        f"{name}-{OWNERS_INTERFACE}",
        subnet_id=subnet_id,
        opts=taken(host.interface, INTERFACE, ()),
    )
    address = (
        [aws.ec2.Eip(f"{name}-{OWNERS_ADDRESS}", opts=taken(host.address, ADDRESS, [interface]))]
        if host.address
        else []
    )
    groups = [
        aws.ec2.NetworkInterfaceSecurityGroupAttachment(
            f"{name}-adopted-in-{of}",
            network_interface_id=host.interface,
            security_group_id=group,
            opts=pulumi.ResourceOptions(parent=parent, depends_on=[interface, *firewall.rules]),
        )
        for of, group in zip(GROUPS, firewall.groups, strict=False)
    ]
    # Where it goes, it goes first: nothing can be taken from an instance that runs.
    return aws.ec2.Instance(
        f"{name}-{OWNERS_INSTANCE}",
        opts=taken(host.instance, INSTANCE, [interface, *address, *groups], protect=protect),
    )
