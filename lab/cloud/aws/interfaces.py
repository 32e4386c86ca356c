"""Network interfaces: each is used once, as is its address, and is in five groups at most.

moto lets two interfaces have one address, one interface serve two instances, and be in any number
of groups.
Source: EC2 API, "Error codes for the Amazon EC2 API"; VPC guide, "Subnet sizing".
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network, ip_address
from typing import Any

from moto.ec2.models.elastic_network_interfaces import NetworkInterface, NetworkInterfaceBackend
from moto.ec2.models.instances import Instance
from moto.ec2.models.subnets import Subnet

from lab.cloud.aws.patching import error, put

_MOST_GROUPS = 5
"""Source: VPC guide, "Amazon VPC quotas": security groups per network interface."""
_RESERVED_FIRST = 4
"""Source: VPC guide, "Subnet sizing": the first four addresses and the last are AWS's."""


def install() -> None:
    """Put the stricter rules in place."""
    create = NetworkInterfaceBackend.create_network_interface
    delete = NetworkInterfaceBackend.delete_network_interface
    modify = NetworkInterfaceBackend.modify_network_interface_attribute

    def create_network_interface(
        self: Any,
        subnet: Any,
        private_ip_address: Any,
        private_ip_addresses: Any = None,
        *arguments: Any,
        **options: Any,
    ) -> NetworkInterface:
        place = self.get_subnet(subnet) if isinstance(subnet, str) else subnet
        wanted = list(_wanted(private_ip_address, private_ip_addresses))
        for address in wanted:
            _check(self, place, address)
        if not wanted:
            private_ip_address = _free(self, place)
        return create(self, place, private_ip_address, private_ip_addresses, *arguments, **options)

    def delete_network_interface(self: Any, eni_id: str) -> None:
        interface = self.get_network_interface(eni_id)
        if interface.instance is not None and interface.instance.state != "terminated":
            raise error(
                "InvalidParameterValue", f"Network interface '{eni_id}' is currently in use."
            )
        delete(self, eni_id)

    def attach_network_interface(self: Any, eni_id: str, instance_id: str, _index: int) -> None:
        raise error(
            "AttachmentLimitExceeded",
            f"{instance_id} can't have {eni_id} too: an instance of a lab has one interface, "
            "which it's given when it starts",
        )

    def modify_network_interface_attribute(
        self: Any, eni_id: str, group_ids: list[str], *arguments: Any, **options: Any
    ) -> None:
        if len(group_ids) > _MOST_GROUPS:
            raise error(
                "SecurityGroupsPerInterfaceLimitExceeded",
                "The maximum number of security groups per interface has been reached.",
            )
        modify(self, eni_id, group_ids, *arguments, **options)

    put(NetworkInterfaceBackend, "create_network_interface", create_network_interface)
    put(
        NetworkInterfaceBackend,
        "modify_network_interface_attribute",
        modify_network_interface_attribute,
    )
    put(NetworkInterfaceBackend, "delete_network_interface", delete_network_interface)
    put(NetworkInterfaceBackend, "attach_network_interface", attach_network_interface)
    put(Subnet, "get_available_subnet_ip", lambda self, instance: _free(self.ec2_backend, self))
    put(Subnet, "request_ip", lambda self, ip, instance: _check(self.ec2_backend, self, ip))
    for name, wanted_name in (
        ("private_ip", "private_ip_address"),
        ("private_ip_address", "private_ip_address"),
        ("public_ip", "public_ip"),
        ("public_ip_address", "public_ip"),
    ):
        put(Instance, name, property(_of_first(wanted_name)))
    dns_name: Any = Instance.__dict__["private_dns_name"]
    put(
        Instance,
        "private_dns_name",
        property(lambda self: dns_name.fget(self) if self.nics else ""),
    )
    # moto tells the groups that it was launched with, of which an interface's are none.
    setattr(Instance, "security_groups", property(_groups, _set_groups))  # noqa: B010


def check_unused(backend: Any, interfaces: list[dict[str, Any]]) -> None:
    """Refuse to start an instance with what another one has.

    Args:
        backend: moto's.
        interfaces: the interfaces that the call names.

    Raises:
        EC2ClientError: an interface is in use, or there is more than one.
    """
    if len(interfaces) > 1:
        raise error("Unsupported", "An instance of a lab has one network interface.")
    for entry in interfaces:
        interface_id = entry.get("NetworkInterfaceId")
        if interface_id and backend.get_network_interface(interface_id).attachment_id:
            raise error("InvalidNetworkInterface.InUse", f"interface: [{interface_id}] in use.")


def release(instance: Instance) -> None:
    """Take the interfaces off an instance that is terminated."""
    for interface in list(instance.nics.values()):
        if interface.id in instance.ec2_backend.enis:
            instance.detach_eni(interface)
    instance.nics.clear()


def _of_first(name: str) -> Any:
    return lambda self: getattr(self.nics[0], name) if 0 in self.nics else None


def _groups(instance: Any) -> list[Any]:
    """An instance's groups are those of its primary interface.

    Source: EC2 API reference, Instance, groupSet.
    """
    if "nics" not in vars(instance):
        return list(instance.asked_groups)
    return list(instance.nics[0]._group_set) if instance.nics else []


def _set_groups(instance: Any, groups: list[Any]) -> None:
    if vars(instance).get("nics"):
        instance.nics[0]._group_set = list(groups)
    else:
        instance.asked_groups = groups


def _wanted(first: Any, others: Any) -> Iterator[str]:
    """The addresses that a call asks for."""
    if first:
        yield from [first] if isinstance(first, str) else first
    for entry in others or []:
        address = entry if isinstance(entry, str) else entry.get("PrivateIpAddress")
        if address:
            yield address


def _used(backend: Any, subnet: Any) -> set[str]:
    return {
        entry["PrivateIpAddress"]
        for interface in backend.enis.values()
        if interface.subnet.id == subnet.id
        for entry in interface.private_ip_addresses
    }


def _check(backend: Any, subnet: Any, address: str) -> None:
    network = IPv4Network(subnet.cidr_block)
    if ip_address(address) not in network:
        raise error(
            "InvalidParameterValue",
            f"Address {address} does not fall within the subnet's address range",
        )
    if address not in map(str, _usable(network)):
        raise error(
            "InvalidParameterValue", f"Address {address} is in subnet's reserved address range"
        )
    if address in _used(backend, subnet):
        raise error("InvalidIPAddress.InUse", f"Address {address} is in use.")


def _free(backend: Any, subnet: Any) -> str:
    used = _used(backend, subnet)
    for address in _usable(IPv4Network(subnet.cidr_block)):
        if str(address) not in used:
            return str(address)
    raise error(
        "InsufficientFreeAddressesInSubnet",
        f"There are not enough free addresses in subnet '{subnet.id}' to satisfy the request.",
    )


def _usable(network: IPv4Network) -> Iterator[IPv4Address]:
    first = int(network.network_address) + _RESERVED_FIRST
    return map(IPv4Address, range(first, int(network.broadcast_address)))
