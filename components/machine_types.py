"""What AWS has: images, instance types and zones, asked before the first resource.

Source: page, "Prerequisites": any Linux, Ubuntu recommended; at least 4 CPU cores and 8 GB.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.mistakes import Mistake, set_command
from components.settings import Settings

UBUNTU_OWNER = "099720109477"
"""Canonical's AWS account."""
UBUNTU_IMAGES = "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-*"
ARCHITECTURE = "x86_64"
"""OpenVidu's container images are for this processor only."""

LEAST_CPUS = 4
LEAST_MEMORY_MIB = 8 * 1024


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


def check(key: str, found: InstanceType) -> list[Mistake]:
    """Why an instance type can't carry OpenVidu, if it can't.

    Args:
        key: the configuration key that names the type.
        found: what AWS says about it.
    """
    command = set_command(key, "c5.2xlarge")
    mistakes = []
    if found.cpus < LEAST_CPUS or found.memory_mib < LEAST_MEMORY_MIB:
        problem = (
            f"{found.name} has {found.cpus} CPUs and {found.memory_mib / 1024:g} GiB; "
            f"takes at least {LEAST_CPUS} CPUs and {LEAST_MEMORY_MIB // 1024} GiB"
        )
        mistakes.append(Mistake(key, problem, command))
    if ARCHITECTURE not in found.architectures:
        problem = f"{found.name} has {', '.join(found.architectures)}; takes {ARCHITECTURE}"
        mistakes.append(Mistake(key, problem, command))
    return mistakes


def find_mistakes(settings: Settings) -> list[Mistake]:
    """What is wrong with the wanted instance types, as AWS sees it."""
    mistakes = []
    wanted = {
        "baseInstanceType": settings.base_instance_type,
        "nodeInstanceType": settings.node_instance_type,
    }
    for key, name in wanted.items():
        try:
            found = aws.ec2.get_instance_type(instance_type=name)
        except Exception as error:
            if "InvalidInstanceType" not in str(error):
                raise
            problem = f"AWS has no instance type {name} in this region"
            mistakes.append(Mistake(key, problem, set_command(key, "c5.2xlarge")))
            continue
        mistakes.extend(
            check(
                key,
                InstanceType(
                    name,
                    found.default_vcpus,
                    found.memory_size,
                    tuple(found.supported_architectures),
                ),
            )
        )
    return mistakes


def zone_for(instance_types: Iterable[str]) -> str | None:
    """The first availability zone that has all the instance types; None when no zone has."""
    zones = [
        set(
            aws.ec2.get_instance_type_offerings(
                location_type="availability-zone",
                filters=[{"name": "instance-type", "values": [name]}],
            ).locations
        )
        for name in set(instance_types)
    ]
    return min(set.intersection(*zones), default=None)


def newest_image() -> pulumi.Output[str]:
    """Id of the newest Ubuntu LTS image."""
    found = aws.ec2.get_ami_output(
        owners=[UBUNTU_OWNER],
        most_recent=True,
        filters=[
            {"name": "name", "values": [UBUNTU_IMAGES]},
            {"name": "architecture", "values": [ARCHITECTURE]},
        ],
    )
    return found.id
