"""Public addresses: all from the lab's own range, a limited number, released once unused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.ec2.models import ec2_backends, elastic_ip_addresses, elastic_network_interfaces
from moto.ec2.models.elastic_ip_addresses import ElasticAddress, ElasticAddressBackend

from lab.cloud.aws.patching import error, put
from lab.cloud.facts import ELASTIC_ADDRESSES


def install(limit: Callable[[], int]) -> None:
    """Put the lab's addresses in the place of moto's random ones.

    Args:
        limit: how many Elastic IP addresses a region may have, at this time.
    """
    put(elastic_ip_addresses, "random_ip", _next)
    put(elastic_network_interfaces, "random_public_ip", _next)
    put(ElasticAddress, "instance_id", property(_instance_id))
    allocate = ElasticAddressBackend.allocate_address
    release = ElasticAddressBackend.release_address

    def allocate_address(self: Any, *arguments: Any, **options: Any) -> ElasticAddress:
        if len(self.addresses) >= limit():
            raise error("AddressLimitExceeded", "The maximum number of addresses has been reached.")
        return allocate(self, *arguments, **options)

    def release_address(
        self: Any, address: str | None = None, allocation_id: str | None = None
    ) -> None:
        found = (
            self.address_by_ip([address])
            if address
            else self.address_by_allocation([allocation_id])
        )[0]
        if found.association_id:
            raise error("InvalidIPAddress.InUse", f"Address {found.public_ip} is in use.")
        release(self, address=address, allocation_id=allocation_id)

    put(ElasticAddressBackend, "allocate_address", allocate_address)
    put(ElasticAddressBackend, "release_address", release_address)


def _next() -> str:
    """The first public address that nobody has."""
    used: set[str | None] = set()
    for regions in ec2_backends.values():
        for backend in regions.values():
            used.update(address.public_ip for address in backend.addresses)
            used.update(interface.public_ip for interface in backend.enis.values())
    for address in ELASTIC_ADDRESSES.hosts():
        if str(address) not in used:
            return str(address)
    raise error("InsufficientAddressCapacity", f"all of {ELASTIC_ADDRESSES} are in use")


def _instance_id(self: ElasticAddress) -> str:
    interface = self.eni
    attached = interface.instance if interface else self.instance
    return attached.id if attached else ""
