"""What AWS has: images, instance types and zones, asked before the first resource.

Source: page, "Prerequisites": any Linux, Ubuntu recommended; at least 4 CPU cores and 8 GB.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import pulumi_aws as aws

from components.mistakes import Mistake, set_command
from components.settings import Settings
from openvidu.roles import NODE, Role

UBUNTU_OWNER = "099720109477"
"""Canonical's AWS account."""
UBUNTU_IMAGES = "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-*"
_EXAMPLE = "c5.2xlarge"
_EXAMPLES = {"bastionInstanceType": "t3.small"}
ARCHITECTURE = "x86_64"
"""OpenVidu's container images are for this processor only."""


@dataclass(frozen=True)
class InstanceType:
    """What AWS says about an instance type.

    Attributes:
        name: such as `c5.2xlarge`.
        cpus: virtual CPUs.
        memory_mib: memory in MiB.
        architectures: processors, such as `x86_64`.
    """

    name: str
    cpus: int
    memory_mib: int
    architectures: tuple[str, ...]


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
            f"{found.name} has {found.cpus} CPUs and {found.memory_mib / 1024:g} GiB; "
            f"takes at least {role.least_cpus} CPUs and {role.least_memory_gib} GiB"
        )
        mistakes.append(Mistake(key, problem, command))
    if ARCHITECTURE not in found.architectures:
        problem = f"{found.name} has {', '.join(found.architectures)}; takes {ARCHITECTURE}"
        mistakes.append(Mistake(key, problem, command))
    return mistakes


def look_up(settings: Settings) -> dict[str, InstanceType | None]:
    """The wanted instance types by name; None where AWS has none of that name."""
    names = {name for name, _ in _wanted(settings).values()}
    return {name: _instance_type(name) for name in sorted(names)}


def find_mistakes(settings: Settings, types: Mapping[str, InstanceType | None]) -> list[Mistake]:
    """What is wrong with the wanted instance types, as AWS sees it.

    Args:
        settings: what is wanted.
        types: what AWS says about each type, by name.
    """
    mistakes = []
    for key, (name, role) in _wanted(settings).items():
        found = types[name]
        if found is None:
            problem = f"AWS has no instance type {name} in this region"
            command = set_command(key, _EXAMPLES.get(key, _EXAMPLE))
            mistakes.append(Mistake(key, problem, command))
        else:
            mistakes.extend(check(key, found, role))
    return mistakes


def _wanted(settings: Settings) -> dict[str, tuple[str, Role]]:
    """The wanted instance types by configuration key, and what they are for."""
    key, name = settings.main_instance_type
    wanted = {key: (name, settings.main_role)}
    if settings.node_numbers:
        wanted["nodeInstanceType"] = (settings.node_instance_type, NODE)
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
        name, found.default_vcpus, found.memory_size, tuple(found.supported_architectures)
    )


def zones_for(instance_types: Iterable[str]) -> list[str]:
    """The availability zones that have all the instance types."""
    zones = [
        set(
            aws.ec2.get_instance_type_offerings(
                location_type="availability-zone",
                filters=[{"name": "instance-type", "values": [name]}],
            ).locations
        )
        for name in set(instance_types)
    ]
    return sorted(set.intersection(*zones))


def too_few(zones: Sequence[str], settings: Settings, types: Iterable[str]) -> list[Mistake]:
    """Why these zones don't suffice, if they don't.

    Args:
        zones: those that have all the instance types.
        settings: what is wanted.
        types: these instance types.
    """
    wanted = len(settings.node_networks)
    if len(zones) >= wanted:
        return []
    if not zones:
        problem = f"no availability zone of this region has both {' and '.join(types)}"
        command = set_command("nodeInstanceType", settings.main_instance_type[1])
        return [Mistake("nodeInstanceType", problem, command)]
    problem = f"found {wanted}; only {' and '.join(zones)} have {' and '.join(types)}"
    return [Mistake("availabilityZones", problem, set_command("availabilityZones", "2"))]


def newest_image() -> str:
    """Id of the newest Ubuntu LTS image.

    While this waits for AWS, what the program has registered so far is on its way.
    """
    found = aws.ec2.get_ami(
        owners=[UBUNTU_OWNER],
        most_recent=True,
        filters=[
            {"name": "name", "values": [UBUNTU_IMAGES]},
            {"name": "architecture", "values": [ARCHITECTURE]},
        ],
    )
    return found.id
