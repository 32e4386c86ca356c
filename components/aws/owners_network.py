"""A network that existed before the stack: what its owner has there, and what suits. Pure.

Nothing of it is changed. What machines need is looked at before the first resource: subnets of that
VPC with a way to the internet, and free addresses.
Source: page, "Prerequisites": each machine with a public address; Amazon VPC guide, "Enable
internet access for a VPC using internet gateways"; EC2 API, DescribeRouteTables, DescribeSubnets.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Address, IPv4Network
from typing import Any

from components.aws.addressing import Addressing, Spread
from components.existing.hosts import Host
from components.previous_state import PreviousState
from components.resource_names import node_number
from components.settings.choices import HA_MANAGED
from components.settings.mistakes import Mistake, set_command, set_list_command
from components.settings.table import Settings

_FIRST = 4
"""AWS keeps the first four addresses of a subnet and the last. Source: EC2 API, CreateSubnet."""
_EVERYWHERE = "0.0.0.0/0"
_DOCKERS = (IPv4Network("172.17.0.0/16"), IPv4Network("172.18.0.0/16"))
"""What Docker takes for its first networks, unless the machine itself is in there.

Source: Docker, "Networking overview", address pools; moby, daemon/libnetwork/ipamutils.
"""
_FOR_BALANCER, _FOR_SEARCH, _FOR_REDIS = 8, 3, 1
"""Free addresses in each subnet for AWS's services of `ha-managed`.

Source: Elastic Load Balancing, "Application Load Balancers", subnets; OpenSearch Service guide,
"Reserving IP addresses in a VPC subnet": three times the data nodes; ElastiCache: one a node.
"""

Json = Mapping[str, Any]


@dataclass(frozen=True)
class Owners:
    """What AWS tells of a VPC, in its own form.

    Attributes:
        account: whose credentials these are.
        has_vpc: whether there is that VPC.
        subnets: those that were asked for, as far as they are there.
        tables: the VPC's route tables.
        gateways: the internet gateways that are attached to it.
        interfaces: all network interfaces in the subnets.
        zones: the region's zones that are neither Local nor Wavelength Zones.
    """

    account: str
    has_vpc: bool
    subnets: Sequence[Json]
    tables: Sequence[Json] = ()
    gateways: Sequence[Json] = ()
    interfaces: Sequence[Json] = ()
    zones: Collection[str] = ()

    def subnet(self, subnet_id: str) -> Json | None:
        """A subnet by its id."""
        return next((one for one in self.subnets if one["SubnetId"] == subnet_id), None)

    def interface(self, interface_id: str) -> Json | None:
        """A network interface by its id."""
        has = (one for one in self.interfaces if one.get("NetworkInterfaceId") == interface_id)
        return next(has, None)


@dataclass(frozen=True)
class Choice:
    """Where machines would be in a network that existed, and what is in the way.

    Attributes:
        addressing: where they would be.
        mistakes: what is in the way.
        groups: how many security groups an interface that is to be imported is in, by machine.
    """

    addressing: Addressing
    mistakes: Sequence[Mistake]
    groups: Mapping[str, int] = field(default_factory=dict)


def choose(settings: Settings, previous: PreviousState, owners: Owners) -> Choice:
    """Choose addresses for the machines that come, or say what is in the way.

    An address that a machine has is never chosen anew.

    Args:
        settings: what is wanted.
        previous: what is deployed.
        owners: what the network's owner has.
    """
    mistakes = [*_unfit(settings, owners)] or [*_apart(settings, previous, owners)]
    if mistakes:
        return Choice(Addressing(), mistakes)
    found = [owners.subnet(subnet_id) or {} for subnet_id in settings.subnet_ids]
    owners_ips = {name: host.private_ip for name, host in settings.wanted_hosts.items()}
    previous = replace(previous, private_ips={**previous.private_ips, **owners_ips})
    spread = Spread(settings, previous, [_network(one) for one in found])
    for number in settings.node_machines:
        if f"node-{number}" not in spread.subnets:
            spread.assign(number, spread.preferred(number)[0])
    chosen = dict(previous.private_ips)
    for index, subnet_id in enumerate(settings.subnet_ids):
        free = _free(owners, subnet_id, {*chosen.values()})
        placed = [name for name, one in spread.subnets.items() if one == index]
        names = [name for name in placed if name not in previous.private_ips]
        services = 0 if subnet_id in previous.subnet_ids else _for_services(settings)
        if len(free) < len(names) + services:
            mistakes.append(_too_few(settings, subnet_id, free, names, services))
        chosen |= dict(zip(names, map(str, free), strict=False))
    zones = [one["AvailabilityZone"] for one in found]
    groups = _groups(settings, previous, owners)
    return Choice(Addressing(zones, spread.subnets, chosen), mistakes, groups)


def _groups(settings: Settings, previous: PreviousState, owners: Owners) -> Mapping[str, int]:
    return {
        name: len(found.get("Groups", ()))
        for name, host in settings.wanted_hosts.items()
        if host.interface not in previous.imported
        and (found := owners.interface(host.interface)) is not None
    }


def _apart(settings: Settings, previous: PreviousState, owners: Owners) -> Iterator[Mistake]:
    """What `hosts` names and isn't one machine, where the stack hasn't imported it yet.

    Of another machine's instance a node would be drained, and that one terminated.
    """
    for name, host in settings.wanted_hosts.items():
        place = node_number(name) or 0
        ids = {one for one in (host.instance, host.interface, host.address) if one}
        if ids <= {*previous.imported}:
            continue
        at = f"hosts[{place}]"
        found = owners.interface(host.interface)
        if found is None:
            yield _no_interface(place, host, settings, previous)
            continue
        has = {
            "instance": (found.get("Attachment") or {}).get("InstanceId") or "",
            "privateIp": found["PrivateIpAddress"],
            "address": (found.get("Association") or {}).get("AllocationId") or "",
        }
        named = {"instance": host.instance, "privateIp": host.private_ip, "address": host.address}
        for member, its in has.items():
            if named[member] and named[member] != its:
                problem = (
                    f"{at}.{member} is {named[member]}, but {host.interface}, its interface, has "
                    f"{its or 'none'}: all of {at} must be of one machine"
                )
                command = "aws ec2 describe-network-interfaces --network-interface-ids "
                yield Mistake("hosts", problem, command + host.interface)


def _no_interface(place: int, host: Host, settings: Settings, previous: PreviousState) -> Mistake:
    problem = f"hosts[{place}].interface is {host.interface}, which is in none of subnetIds"
    command = f"aws ec2 describe-instances --instance-ids {host.instance}"
    if place in previous.generations:
        others = f"uv run openvidu-enterprise retire --replace node-{place}"
        command += f"\n      or, where it's gone: {others}"
    elif place:
        others = set_list_command("retiredNodes", sorted({*settings.retired_nodes, place}))
        command += f"\n      or, where it's gone, for a node with another number: {others}"
    return Mistake("hosts", problem, command)


def _for_services(settings: Settings) -> int:
    """How many addresses AWS's services take in each subnet, at first."""
    if settings.shape != HA_MANAGED:
        return 0
    redis = 0 if settings.redis_host else _FOR_REDIS
    return _FOR_BALANCER + redis + (0 if settings.elasticsearch_url else _FOR_SEARCH)


def _too_few(
    settings: Settings, subnet_id: str, free: Sequence[IPv4Address], names: Sequence[str], more: int
) -> Mistake:
    services = f" and {more} for AWS's services" if more else ""
    machines = f"{', '.join(names)}{services}"
    problem = (
        f"{subnet_id} has {len(free)} free addresses, but needs {len(names) + more}, for {machines}"
    )
    fewer = set_command("nodeCount", str(max(1, settings.node_count - 1)))
    return Mistake("subnetIds", problem, f"{fewer}, or subnets with more free addresses")


def _free(owners: Owners, subnet_id: str, taken: Collection[str]) -> list[IPv4Address]:
    """The addresses of a subnet that nobody has, lowest first.

    Source: EC2 API, NetworkInterface, PrivateIpAddresses and Ipv4Prefixes. Whatever has an address
    in a subnet has a network interface: load balancers, NAT gateways and endpoints, too.
    """
    network = _network(owners.subnet(subnet_id) or {})
    if network is None:
        return []
    used = {IPv4Address(one) for one in taken}
    for interface in owners.interfaces:
        entries = interface.get("PrivateIpAddresses") or ()
        used |= {IPv4Address(one["PrivateIpAddress"]) for one in entries}
        for one in interface.get("Ipv4Prefixes") or ():
            used |= {*IPv4Network(one["Ipv4Prefix"])}
    return [one for one in list(network)[_FIRST:-1] if one not in used]


def _network(subnet: Json) -> IPv4Network | None:
    """A subnet's IPv4 network; None where it has none."""
    block = subnet.get("CidrBlock")
    return IPv4Network(block) if block else None


def _unfit(settings: Settings, owners: Owners) -> Iterator[Mistake]:
    vpc = settings.vpc_id or ""
    if not owners.has_vpc:
        command = "aws ec2 describe-vpcs, then: pulumi config set vpcId ID"
        yield Mistake("vpcId", f"{vpc} isn't in this account and region", command)
        return
    for where, subnet_id in enumerate(settings.subnet_ids):
        found = owners.subnet(subnet_id)
        for problem in _unfit_subnet(vpc, found, owners) if found else ["isn't there"]:
            listed = f"aws ec2 describe-subnets --filters Name=vpc-id,Values={vpc}"
            sets = f"pulumi config set --path 'subnetIds[{where}]' ID"
            yield Mistake("subnetIds", f"{subnet_id} {problem}", f"{listed}, then: {sets}")
    yield from _together(settings, owners)


def _unfit_subnet(vpc: str, found: Json, owners: Owners) -> Iterator[str]:
    if found["VpcId"] != vpc:
        yield f"is in {found['VpcId']}, must be in {vpc} (vpcId)"
        return
    if found["OwnerId"] != owners.account:
        yield (
            f"is shared by account {found['OwnerId']}, and AWS doesn't say which of its "
            "addresses others use; must be a subnet of this account"
        )
    if _network(found) is None:
        yield "has no IPv4 network"
    if found["AvailabilityZone"] not in owners.zones:
        yield f"is in {found['AvailabilityZone']}, must not be in a Local or Wavelength Zone"
    if problem := _way_out(found["SubnetId"], owners):
        yield problem


def _way_out(subnet_id: str, owners: Owners) -> str | None:
    """Why a subnet has no way to the internet and back, if it has none.

    Source: Amazon VPC guide, "Subnet route tables": a subnet without a table of its own has the
    VPC's main one.
    """
    table = _table(subnet_id, owners.tables)
    if table is None:
        return "has no route table that this account may see"
    routes = [one for one in table["Routes"] if one.get("DestinationCidrBlock") == _EVERYWHERE]
    attached = {one["InternetGatewayId"] for one in owners.gateways}
    if any(one.get("GatewayId") in attached and _leads(one) for one in routes):
        return None
    leads = next((_target(one) for one in routes), "nowhere")
    return (
        f"isn't public: {_EVERYWHERE} leads to {leads} in {table['RouteTableId']}; it "
        "needs a route to an attached internet gateway"
    )


def _leads(route: Json) -> bool:
    return bool(route.get("State", "active") == "active")


def _target(route: Json) -> str:
    """Where a route leads, as AWS names it."""
    names = ("GatewayId", "NatGatewayId", "TransitGatewayId", "NetworkInterfaceId", "InstanceId")
    target = next((str(route[name]) for name in names if route.get(name)), "something else")
    return target if _leads(route) else f"{target}, a {route['State']}"


def _table(subnet_id: str, tables: Sequence[Json]) -> Json | None:
    def has(table: Json, key: str, value: object) -> bool:
        return any(one.get(key) == value for one in table.get("Associations") or ())

    own = [one for one in tables if has(one, "SubnetId", subnet_id)]
    main = [one for one in tables if has(one, "Main", True)]
    return next(iter([*own, *main]), None)


def _together(settings: Settings, owners: Owners) -> Iterator[Mistake]:
    """What is wrong with subnets beside one another."""
    found = [one for each in settings.subnet_ids if (one := owners.subnet(each))]
    command = "pulumi config set --path 'subnetIds[1]' ID"
    zones = [one["AvailabilityZone"] for one in found]
    if settings.shape == HA_MANAGED and len(set(zones)) < len(zones):
        problem = f"are in {', '.join(zones)}; a load balancer takes one subnet per zone"
        yield Mistake("subnetIds", problem, command)
    if len(found) > 1:
        for one in found:
            network = _network(one)
            dockers = next((its for its in _DOCKERS if network and network.overlaps(its)), None)
            if dockers:
                problem = (
                    f"{one['SubnetId']} has {network}, which machines in other subnets "
                    f"couldn't reach: Docker uses {dockers} there; use other networks, or "
                    "only this one"
                )
                yield Mistake("subnetIds", problem, command)
