"""What AWS has: instance types and zones, asked before the first resource.

Source: page, "Prerequisites": at least 4 CPU cores and 8 GB.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import pulumi_aws as aws

from components.aws.machine_image import ARCHITECTURE
from components.previous_state import PreviousState
from components.settings.mistakes import Mistake, set_command
from components.settings.table import Settings
from openvidu.roles import NODE, Role

_EXAMPLE = "c5.2xlarge"
_EXAMPLES = {"bastionInstanceType": "t3.small"}
_XEN = "xen"
"""Its serial console can't be read while it runs, and its volumes have no names of NVMe.

Source: EC2 API, GetConsoleOutput, Latest; EC2 guide, "Amazon EBS volumes and NVMe".
"""
_ON_NITRO = {"t2": "t3", "m3": "m5", "m4": "m5", "c3": "c5", "c4": "c5", "r3": "r5", "r4": "r5"}
_OTHER_SIZES = {"c3.8xlarge": "9xlarge", "c4.8xlarge": "9xlarge", "m4.10xlarge": "12xlarge"}
"""What takes the place of families on Xen, and of sizes that these don't have."""
_NAMED, _ASKED = 3, 12
"""Types named in a message, and those asked for to find them."""


@dataclass(frozen=True)
class InstanceType:
    """What AWS says about an instance type.

    Attributes:
        name: such as `c5.2xlarge`.
        cpus: virtual CPUs.
        memory_mib: memory in MiB.
        architectures: processors, such as `x86_64`.
        hypervisor: `nitro` or `xen`; empty for bare metal.
    """

    name: str
    cpus: int
    memory_mib: int
    architectures: tuple[str, ...]
    hypervisor: str = "nitro"


def check(key: str, found: InstanceType, role: Role) -> list[Mistake]:
    """Why an instance type can't carry OpenVidu, if it can't.

    Args:
        key: the configuration key that names the type.
        found: what AWS says about it.
        role: what its machine is for.
    """
    command = set_command(key, _EXAMPLES.get(key, _EXAMPLE))
    mistakes = []
    if found.cpus < role.least_cpus or found.memory_mib < role.least_memory_gib * 1024:
        problem = (
            f"must have at least {role.least_cpus} CPUs and {role.least_memory_gib} GiB; "
            f"{found.name} has {found.cpus} CPUs and {found.memory_mib / 1024:g} GiB"
        )
        mistakes.append(Mistake(key, problem, command))
    elif found.hypervisor == _XEN:
        mistakes.append(_on_xen(key, found.name))
    if ARCHITECTURE not in found.architectures:
        has = ", ".join(found.architectures)
        problem = f"must be a type for {ARCHITECTURE}; {found.name} is for {has}"
        mistakes.append(Mistake(key, problem, command))
    return mistakes


def _on_xen(key: str, name: str) -> Mistake:
    family, _, size = name.partition(".")
    on_nitro = f"{_ON_NITRO[family]}.{_OTHER_SIZES.get(name, size)}" if family in _ON_NITRO else ""
    instead = [one for one in (on_nitro, _EXAMPLES.get(key, _EXAMPLE)) if one]
    problem = (
        f"must be a type on Nitro, such as {' or '.join(instead)}; {name} runs on Xen, where "
        "no SSH host key can be read and no volume found"
    )
    return Mistake(key, problem, set_command(key, instead[0]))


def look_up(settings: Settings) -> dict[str, InstanceType | None]:
    """The wanted instance types by name; None where AWS has none of that name."""
    names = {one.type for one in _wanted(settings).values()}
    return {name: _instance_type(name) for name in sorted(names)}


def find_mistakes(settings: Settings, types: Mapping[str, InstanceType | None]) -> list[Mistake]:
    """What is wrong with the wanted instance types, as AWS sees it.

    Args:
        settings: what is wanted.
        types: what AWS says about each type, by name.
    """
    mistakes = []
    for key, wanted in _wanted(settings).items():
        found = types[wanted.type]
        if found is None:
            problem = f"AWS has no instance type {wanted.type} in this region"
            command = set_command(key, _EXAMPLES.get(key, _EXAMPLE))
            mistakes.append(Mistake(key, problem, command))
        else:
            mistakes.extend(check(key, found, wanted.role))
    return mistakes


@dataclass(frozen=True)
class _Wanted:
    """The name of an instance type, and what it's for."""

    type: str
    role: Role


def _wanted(settings: Settings) -> dict[str, _Wanted]:
    """The wanted instance types by configuration key."""
    key, name = settings.main_instance_type
    # One that was there before has whatever type it has.
    wanted = {} if settings.hosts else {key: _Wanted(name, settings.main_role)}
    if settings.node_numbers:
        wanted["nodeInstanceType"] = _Wanted(settings.node_instance_type, NODE)
    return wanted


def _instance_type(name: str) -> InstanceType | None:
    """What AWS says about an instance type; None when it has none of that name."""
    try:
        found = aws.ec2.get_instance_type(instance_type=name)
    # The SDK raises nothing more specific; what isn't meant goes on.
    except Exception as error:
        if "InvalidInstanceType" not in str(error):
            raise
        return None
    return InstanceType(
        name,
        found.default_vcpus,
        found.memory_size,
        tuple(found.supported_architectures),
        found.hypervisor or "",
    )


@dataclass(frozen=True)
class Zones:
    """The availability zones of the cluster, and why they don't suffice, if they don't."""

    names: Sequence[str]
    mistakes: Sequence[Mistake]


def zones(
    settings: Settings,
    previous: PreviousState,
    types: Mapping[str, InstanceType | None],
    used: Mapping[int, str],
) -> Zones:
    """Choose the availability zones of the cluster.

    A zone that is in use stays: no volume, address or subnet can move to another. For the others
    those are taken that have all the instance types.

    Args:
        settings: what is wanted.
        previous: what is deployed.
        types: what AWS says about each wanted instance type, by name.
        used: those that are in use, by their place.
    """
    wanted = settings.zone_count
    new = _to_start(settings, previous)
    offering = {name: _zones_with(name) for name in new}
    mistakes = [
        _not_offered(key, one.type, used[place], types)
        for key, one in _wanted(settings).items()
        if one.type in offering
        for place in sorted(used)[:wanted]
        if used[place] not in offering[one.type]
    ]
    missing = [place for place in range(wanted) if place not in used]
    if missing:
        kinds = {name: offering.get(name) or _zones_with(name) for name in types}
        usable = set(_zones_of_region()).intersection(*kinds.values())
        free = sorted(usable - {*used.values()})
        mistakes += _too_few([*used.values(), *free], settings, types)
        used = {**used, **dict(zip(missing, free, strict=False))}
    return Zones([used[place] for place in sorted(used)[:wanted]], mistakes)


def _to_start(settings: Settings, previous: PreviousState) -> set[str]:
    """The types with which a machine will start: those that run need no zone to have their type."""
    wanted, there = settings.instance_types, previous.instance_types
    return {kind for name, kind in wanted.items() if there.get(name) != kind}


def _zones_of_region() -> Sequence[str]:
    """Those that the account may use, without Local Zones and Wavelength Zones.

    Source: EC2 API, DescribeAvailabilityZones, filter `zone-type`. DescribeInstanceTypeOfferings
    names Local Zones that the account has opted in to beside them.
    """
    found = aws.get_availability_zones(
        state="available", filters=[{"name": "zone-type", "values": ["availability-zone"]}]
    )
    return found.names


def _offerings(**filters: str) -> aws.ec2.GetInstanceTypeOfferingsResult:
    return aws.ec2.get_instance_type_offerings(
        location_type="availability-zone",
        filters=[
            {"name": name.replace("_", "-"), "values": [value]} for name, value in filters.items()
        ],
    )


def _zones_with(instance_type: str) -> set[str]:
    return set(_offerings(instance_type=instance_type).locations)


def _not_offered(
    key: str, name: str, zone: str, types: Mapping[str, InstanceType | None]
) -> Mistake:
    """A type that a zone in use lacks, and the nearest that it has."""
    offered = _offerings(location=zone).instance_types
    known = [other for other in types if other in offered]
    near = difflib.get_close_matches(name, offered, n=_ASKED, cutoff=0)
    has = list(dict.fromkeys([*known, *(one for one in near if _suits(one, types[name]))]))[:_NAMED]
    problem = f"is {name}, which isn't available in {zone}, where this deployment is"
    if not has:
        return Mistake(key, problem, "pulumi stack init ANOTHER-STACK")
    return Mistake(key, f"{problem}: it has {', '.join(has)}", set_command(key, has[0]))


def _suits(name: str, wanted: InstanceType | None) -> bool:
    """Whether a type may take the place of another: the same processor, and as large."""
    found = _instance_type(name)
    return (
        found is not None
        and wanted is not None
        and found.hypervisor != _XEN
        and ARCHITECTURE in found.architectures
        and (found.cpus, found.memory_mib) >= (wanted.cpus, wanted.memory_mib)
    )


def _too_few(zones: Sequence[str], settings: Settings, types: Iterable[str]) -> list[Mistake]:
    wanted = settings.zone_count
    if len(zones) >= wanted:
        return []
    if not zones:
        problem = f"no availability zone of this region has both {' and '.join(types)}"
        command = set_command("nodeInstanceType", settings.main_instance_type.name)
        return [Mistake("nodeInstanceType", problem, command)]
    problem = f"is {wanted}, and only {' and '.join(zones)} have {' and '.join(types)}"
    return [Mistake("availabilityZones", problem, set_command("availabilityZones", "2"))]
