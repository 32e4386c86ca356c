"""Reads what the fake AWS holds, as the lab's networks and machines need it."""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import Any

from moto.ec2.models import ec2_backends
from moto.ec2.models.instance_types import INSTANCE_TYPES
from moto.ec2.models.instances import StateReason
from moto.route53.models import route53_backends

from lab.cloud.aws.patching import error
from lab.cloud.aws.power import Settled
from lab.cloud.firewall import Rule
from lab.cloud.network import Interface, Subnet

_GONE = "terminated"


@dataclass(frozen=True)
class Size:
    """Virtual CPUs, and memory in MiB."""

    cpus: int
    memory_mib: int


@dataclass(frozen=True)
class Instance:
    """An instance, as the fake AWS holds it.

    Attributes:
        instance_id: its id.
        name: its tag Name, or empty.
        role: its tag role, or empty.
        state: `pending`, `running`, …
        private_dns_name: such as `ip-10-5-0-6.eu-west-1.compute.internal`.
        interface: its network interface; None when it's terminated.
    """

    instance_id: str
    name: str
    role: str
    state: str
    private_dns_name: str
    interface: Interface | None

    @property
    def hostname(self) -> str:
        """The first part of its private DNS name."""
        return self.private_dns_name.partition(".")[0]


class View:
    """What the fake AWS holds. Hold `lock` while it may change."""

    def __init__(self, settled: Settled) -> None:
        """Begin to look.

        Args:
            settled: changes the states of instances.
        """
        self.lock = threading.RLock()
        self.members: Callable[[str], Iterable[str]] = lambda group_id: ()
        """Addresses of managed services in a security group: they have no interfaces in moto."""
        self._settled = settled

    def instances(self) -> list[Instance]:
        """Every instance, terminated ones too, in the order of their start."""
        with self.lock:
            return [self._instance(found) for found in _all()]

    def instance(self, instance_id: str) -> Instance:
        """One instance.

        Raises:
            EC2ClientError: there is no such instance.
        """
        with self.lock:
            return self._instance(_find(instance_id))

    def authorized_key(self, instance_id: str) -> str | None:
        """The public key of the instance's key pair; None when it has none."""
        with self.lock:
            found = _find(instance_id)
            pair = found.ec2_backend.key_pairs.get(found.key_name)
            return str(pair.public_key) if pair else None

    def user_data(self, instance_id: str) -> bytes:
        """The instance's user data; empty when it has none."""
        with self.lock:
            found = _find(instance_id).user_data
        if not found:
            return b""
        encoded = found if isinstance(found, bytes) else str(found).encode()
        return base64.b64decode(encoded)

    def image_of(self, instance_id: str) -> str:
        """The id of the image that the instance starts from."""
        with self.lock:
            return str(_find(instance_id).image_id)

    def settle_image(self, image_id: str) -> None:
        """Say that an image has become available."""
        with self.lock:
            for backend in _backends():
                if image_id in backend.amis:
                    backend.amis[image_id].state = "available"

    def size(self, instance_id: str) -> Size:
        """The instance's size."""
        with self.lock:
            found = INSTANCE_TYPES[_find(instance_id).instance_type]
        return Size(found["VCpuInfo"]["DefaultVCpus"], found["MemoryInfo"]["SizeInMiB"])

    def volumes(self) -> dict[str, str | None]:
        """The volumes that were made by themselves, each with its instance, or None."""
        with self.lock:
            roots = {
                mapping.volume_id
                for instance in _all()
                for device, mapping in instance.block_device_mapping.items()
                if device == instance.root_device_name
            }
            return {
                volume.id: volume.attachment.instance.id if volume.attachment else None
                for accounts in list(ec2_backends.values())
                for backend in list(accounts.values())
                for volume in list(backend.volumes.values())
                if volume.id not in roots
            }

    def snapshots(self) -> dict[str, str]:
        """The volumes that snapshots are of, by the snapshots' ids."""
        with self.lock:
            return {
                snapshot.id: snapshot.volume.id
                for backend in _backends()
                for snapshot in list(backend.snapshots.values())
                if not snapshot.from_ami
            }

    def origins(self) -> dict[str, str]:
        """The snapshots that volumes began with, by the volumes' ids."""
        with self.lock:
            return {
                volume.id: volume.snapshot_id
                for backend in _backends()
                for volume in list(backend.volumes.values())
                if volume.snapshot_id
            }

    def subnet(self, subnet_id: str) -> Subnet | None:
        """A subnet by its id; None when there's none."""
        for backend in _backends():
            for zones in list(backend.subnets.values()):
                if found := zones.get(subnet_id):
                    return _subnet(found)
        return None

    def rules(self, group_ids: Sequence[str]) -> tuple[Rule, ...]:
        """The rules of security groups."""
        return tuple(
            rule
            for backend in _backends()
            for rule in _rules(
                backend,
                [
                    group
                    for groups in list(backend.groups.values())
                    for group in list(groups.values())
                    if group.id in group_ids
                ],
                self.members,
            )
        )

    def private_addresses(self) -> set[str]:
        """Every private address that an interface has."""
        return {
            interface.private_ip_address
            for backend in _backends()
            for interface in list(backend.enis.values())
        }

    def metadata(self, public_ip: str) -> dict[str, str]:
        """What the instance with a public address may know of itself; empty for nobody's."""
        with self.lock:
            for found in _all():
                entry = self._instance(found)
                if entry.interface and entry.interface.public_ip == public_ip:
                    return {
                        "instance-id": entry.instance_id,
                        "local-ipv4": entry.interface.private_ip,
                        "public-ipv4": public_ip,
                        "placement/region": found.region_name,
                        "placement/availability-zone": found.placement.zone,
                        "role": _role(found),
                    }
        return {}

    def may(self, instance_id: str) -> str:
        """What the policies say that are in the role of the instance's profile, as they are."""
        with self.lock:
            roles = _roles(_find(instance_id))
            return "".join(str(text) for role in roles for text in role.policies.values())

    def settle(self, instance_id: str, state: str, why: str = "") -> None:
        """Say that a machine has become `running`, `stopped` or `terminated`.

        Args:
            instance_id: of the instance.
            state: what it has become.
            why: what has failed, where AWS's own side did. Source: EC2 API, StateReason.
        """
        with self.lock:
            found = _find(instance_id)
            if found.state != _GONE:
                self._settled.settle(found, state)
                if why:
                    code = "Server.InternalError"
                    found.state_reason = StateReason(f"{code}: {why}", code)

    def aliases(self) -> dict[str, str]:
        """The names that records of Route 53 stand for (A records that are aliases), by name."""
        with self.lock:
            return {
                record.name.rstrip("."): str(record.alias_target["DNSName"]).rstrip(".")
                for accounts in route53_backends.values()
                for backend in accounts.values()
                for zone in backend.zones.values()
                for record in zone.rrsets
                if record.type == "A" and record.alias_target
            }

    def records(self) -> dict[str, str]:
        """The addresses (A records) that Route 53 holds, by name."""
        with self.lock:
            return {
                record.name.rstrip("."): str(record.records[0])
                for accounts in route53_backends.values()
                for backend in accounts.values()
                for zone in backend.zones.values()
                for record in zone.rrsets
                if record.type == "A" and record.records
            }

    def _instance(self, found: Any) -> Instance:
        return _instance(found, self.members)


_Members = Callable[[str], Iterable[str]]


def _backends() -> Iterator[Any]:
    for accounts in list(ec2_backends.values()):
        yield from list(accounts.values())


def _all() -> Iterator[Any]:
    for backend in _backends():
        for reservation in list(backend.reservations.values()):
            yield from reservation.instances


def _role(found: Any) -> str:
    """The role of an instance's profile, or empty."""
    return "".join(str(role.name) for role in _roles(found)[:1])


def _roles(found: Any) -> Sequence[Any]:
    associations = found.ec2_backend.iam_instance_profile_associations
    profile = associations.get(found.id)
    return tuple(profile.iam_instance_profile.roles) if profile else ()


def _subnet(found: Any) -> Subnet:
    return Subnet(found.id, found.vpc_id, IPv4Network(found.cidr_block))


def _find(instance_id: str) -> Any:
    for instance in _all():
        if instance.id == instance_id:
            return instance
    raise error("InvalidInstanceID.NotFound", f"The instance ID '{instance_id}' does not exist")


def _instance(found: Any, members: _Members) -> Instance:
    tags = found.ec2_backend.tags.get(found.id, {})
    return Instance(
        found.id,
        tags.get("Name", ""),
        tags.get("role", ""),
        found.state,
        found.private_dns_name,
        _interface(found, members) if found.nics and found.state != _GONE else None,
    )


def _interface(found: Any, members: _Members) -> Interface:
    interface = found.nics[0]
    backend, subnet = found.ec2_backend, interface.subnet
    public = interface.public_ip if _leads_to_internet(backend, subnet) else None
    return Interface(
        found.id,
        interface.mac_address,
        interface.private_ip_address,
        public,
        _subnet(subnet),
        tuple(_rules(backend, interface.group_set, members)),
    )


def _leads_to_internet(backend: Any, subnet: Any) -> bool:
    """Whether the subnet's route table leads to an internet gateway that is attached."""
    tables = [table for table in backend.route_tables.values() if table.vpc_id == subnet.vpc_id]
    own = [table for table in tables if subnet.id in table._associations.values()]
    main = [table for table in tables if table.main_association_id]
    for table in (own or main)[:1]:
        for route in table.routes:
            gateway = backend.internet_gateways.get(getattr(route.gateway, "id", None))
            if route.destination_cidr_block == "0.0.0.0/0" and gateway is not None:
                return gateway.vpc is not None and bool(gateway.vpc.id == subnet.vpc_id)
    return False


def _rules(backend: Any, groups: Iterable[Any], members: _Members) -> Iterator[Rule]:
    for group in groups:
        for inbound, rules in ((True, group.ingress_rules), (False, group.egress_rules)):
            for rule in rules:
                yield Rule(
                    inbound,
                    rule.ip_protocol,
                    rule.from_port,
                    rule.to_port,
                    tuple(sorted(_networks(backend, rule, members))),
                )


def _networks(backend: Any, rule: Any, members: _Members) -> Iterator[str]:
    """The other side of a rule, as CIDRs."""
    for key in ("CidrIp", "CidrIpv6"):
        if rule.ip_range.get(key):
            yield rule.ip_range[key]
    if group_id := rule.source_group.get("GroupId"):
        yield from (f"{address}/32" for address in members(group_id))
        for interface in backend.enis.values():
            if any(group.id == group_id for group in interface.group_set):
                yield f"{interface.private_ip_address}/32"
    if rule.prefix_list_id:
        prefixes = backend.managed_prefix_lists[rule.prefix_list_id]
        for entry in prefixes.entries.get(prefixes.version, []):
            yield entry["Cidr"]
