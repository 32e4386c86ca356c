"""Where a deployment's machines come from: AWS, or the operator's own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from ipaddress import IPv4Address, IPv4Network

import pulumi
import pulumi_aws as aws

from components.aws import domain, stack_tags
from components.aws import instances as aws_machines
from components.existing import host_checks, suitability
from components.existing.prepared_hosts import ExistingMachines
from components.machine import Machines
from components.previous_state import PreviousState
from components.resource_names import node_number
from components.settings.aws_values import region_of_key
from components.settings.choices import EXISTING
from components.settings.kept import another_kind
from components.settings.mistakes import ConfigurationError, Mistake, set_command, set_list_command
from components.settings.table import DEFAULT_BUCKET, Settings

_OR_ANOTHER = "\n      or: pulumi stack init ANOTHER-STACK"
Source = tuple[Settings, Callable[[pulumi.Resource], Machines]]
"""The settings with what was chosen, and what registers machines as children of a resource."""


def machine_source(settings: Settings, previous: PreviousState) -> Source:
    """Ask whether machines can be had, and choose what only AWS could tell.

    Raises:
        ConfigurationError: why not; nothing was registered.
    """
    if mistakes := another_kind(settings, previous):
        raise ConfigurationError(mistakes)
    if settings.machines == EXISTING:
        host_checks.check(settings, previous)
        if mistakes := domain.check(settings, previous):
            raise ConfigurationError(mistakes)
        return settings, lambda _: ExistingMachines(settings, previous)
    mistakes = _another_network(settings, previous) + _smaller_volumes(settings, previous)
    mistakes += _another_key(settings, previous) + _key_elsewhere(settings)
    mistakes += _another_bucket(settings, previous)
    # Where one is left out, those after it have moved.
    mistakes += suitability.moved(settings, previous) or _no_host(settings, previous)
    if mistakes := mistakes + domain.check(settings, previous):
        raise ConfigurationError(mistakes)
    known_by = {"project": pulumi.get_project(), "stack": pulumi.get_stack()}
    addressing = aws_machines.check(settings, previous, known_by)
    if settings.hosts:
        # Last: to one that is gone there's no way, and AWS says why.
        host_checks.check(settings, previous)
    settings = replace(settings, private_ips=addressing.private_ips)
    for warning in stack_tags.warnings(settings):
        pulumi.log.warn(warning)
    tags = stack_tags.tags_of(settings, known_by)
    return settings, partial(aws_machines.AwsMachines, settings, tags, addressing, previous)


def _another_network(settings: Settings, previous: PreviousState) -> list[Mistake]:
    """A network in which machines are stays: another one can't come while they are in it.

    Its subnets would be replaced under machines that carry calls, and the gateway can't leave a
    network whose machines have public addresses. Source: Amazon VPC guide, "Delete a gateway".
    """
    if not (previous.addresses or previous.hosts):
        return []
    if mistakes := _another_owners(settings, previous):
        return mistakes
    address, network = previous.main_private_ip, previous.network
    if address and network and IPv4Address(address) not in IPv4Network(network):
        problem = f"an update has begun to replace the network of {address} by {network}"
        what = f"{problem}, which can't be continued"
        return [Mistake("subnetCidr", what, "docs/runbook.md, 'The network was changed'")]
    wanted = str(settings.subnet_cidr)
    if network and not settings.subnet_ids and wanted != network:
        problem = f"must stay {network}, where this stack's machines are, got {wanted}"
        command = f"{set_command('subnetCidr', network)}{_OR_ANOTHER}"
        return [Mistake("subnetCidr", problem, command)]
    return _other_zones(settings, previous)


def _other_zones(settings: Settings, previous: PreviousState) -> list[Mistake]:
    """Fewer zones than machines and services are in, or more than the network is divided for."""
    wanted, before = settings.zone_count, previous.zone_count
    most = max(before, previous.divided_for)
    if settings.subnet_ids or not before or before <= wanted <= most:
        return []
    why = "where this stack's machines are"
    if wanted > before:
        why = f"as this stack's network is divided among {most} zones"
    problem = f"must stay {before}, {why}, got {wanted}"
    command = f"{set_command('availabilityZones', str(before))}{_OR_ANOTHER}"
    return [Mistake("availabilityZones", problem, command)]


def _another_owners(settings: Settings, previous: PreviousState) -> list[Mistake]:
    """Another network of others, or ours in place of one: no interface changes its subnet.

    Source: pulumi-aws, what replaces a NetworkInterface.
    """
    found, subnets = settings.vpc_id or "none", ", ".join(settings.subnet_ids) or "none"
    if previous.network:
        what = "this stack's machines are in a network of its own, and can't leave it"
        return [
            Mistake(key, f"is {one}, and {what}", f"pulumi config rm {key}{_OR_ANOTHER}")
            for key, one in (("vpcId", found), ("subnetIds", subnets))
            if settings.subnet_ids
        ]
    mistakes = []
    if previous.vpc_id and settings.vpc_id != previous.vpc_id:
        problem = f"must stay {previous.vpc_id}, where this stack's machines are, got {found}"
        command = f"{set_command('vpcId', previous.vpc_id)}{_OR_ANOTHER}"
        mistakes.append(Mistake("vpcId", problem, command))
    # One more is where the next nodes come, and leaves the others as they are.
    if settings.subnet_ids[: len(previous.subnet_ids)] != previous.subnet_ids:
        before = ", ".join(previous.subnet_ids)
        where = "where this stack's machines are, in this order"
        problem = f"must begin with {before}, {where}, got {subnets}"
        command = f"{set_list_command('subnetIds', previous.subnet_ids)}{_OR_ANOTHER}"
        mistakes.append(Mistake("subnetIds", problem, command))
    return mistakes


def _smaller_volumes(settings: Settings, previous: PreviousState) -> list[Mistake]:
    """Volumes that would have to shrink. Source: Amazon EBS, "Modify a volume", limitations."""
    mistakes = []
    for key, wanted, is_data in (
        ("volumeSize", settings.volume_size, False),
        ("dataVolumeSize", settings.data_volume_size, True),
    ):
        sizes = {
            size: name
            for name, size in previous.volume_sizes.items()
            if name.endswith("-data") is is_data
        }
        largest = max(sizes, default=wanted)
        if wanted < largest:
            problem = (
                f"must be at least {largest}, got {wanted}: {sizes[largest]} has that "
                "size, and volumes can't shrink"
            )
            mistakes.append(Mistake(key, problem, set_command(key, str(largest))))
    return mistakes


def _another_key(settings: Settings, previous: PreviousState) -> list[Mistake]:
    """A key that would replace volumes and Redis. Source: pulumi-aws, what replaces a Volume."""
    wanted = settings.kms_key_id
    noted = {"this stack": previous.kms_key} if previous.kms_key else {}
    keys = previous.volume_keys if wanted else {**noted, **previous.service_keys}
    others = {key: name for name, key in keys.items() if key != wanted}
    if not others:
        return []
    key, name = next(iter(others.items()))
    problem = (
        f"must stay as it is, got {wanted or 'none'}; {name} has {key or 'another'}, and keeps it"
    )
    keep = "pulumi config rm kmsKeyId" if wanted else set_command("kmsKeyId", key)
    return [Mistake("kmsKeyId", problem, f"{keep}{_OR_ANOTHER}")]


def _another_bucket(settings: Settings, previous: PreviousState) -> list[Mistake]:
    """A name that would replace the bucket, and so remove what was recorded.

    Source: pulumi-aws, what replaces a Bucket.
    """
    before, wanted = previous.bucket, settings.s3_bucket
    if before is None or settings.s3_endpoint or wanted in (before, DEFAULT_BUCKET):
        return []
    problem = f"must stay {before}, as a bucket can't change its name, got {wanted}"
    keep = "pulumi config rm s3Bucket"
    return [Mistake("s3Bucket", problem, f"{keep}{_OR_ANOTHER}")]


def _no_host(settings: Settings, previous: PreviousState) -> list[Mistake]:
    """A machine that was taken over can't be made anew by AWS while it's wanted."""
    made = sorted(settings.wanted_hosts.keys() & previous.instance_types.keys())
    if made:
        place = node_number(made[0]) or 0
        problem = f"names hosts[{place}] for {made[0]}, which AWS has made for this stack"
        return [Mistake("hosts", problem, f"pulumi config rm --path 'hosts[{place}]'")]
    wanted = {settings.main_role.name, *(f"node-{number}" for number in settings.node_numbers)}
    gone = (previous.hosts.keys() & wanted) - settings.wanted_hosts.keys()
    lost = sorted(gone, key=lambda name: node_number(name) or 0)
    if not lost:
        return []
    names = " and ".join(lost)
    places = " and ".join(f"hosts[{node_number(one) or 0}]" for one in lost)
    were = "which was taken over and is" if len(lost) == 1 else "which were taken over and are"
    problem = f"must have {names}, {were} in service, at {places}"
    if settings.main_role.name in lost:
        return [Mistake("hosts", problem, "git diff Pulumi.*.yaml, and put hosts back")]
    first = f"uv run openvidu-enterprise retire {' '.join(lost)} && pulumi up"
    return [Mistake("hosts", problem, f"put it back\n      or, to let it drain first: {first}")]


def _key_elsewhere(settings: Settings) -> list[Mistake]:
    """A key is of one region, and encrypts there."""
    region = aws.config.region
    if not (settings.kms_key_id and region):
        return []
    previous = region_of_key(settings.kms_key_id)
    if previous == region:
        return []
    problem = f"must be a key of {region}, where this stack is, got one of {previous}"
    return [Mistake("kmsKeyId", problem, f"aws kms list-keys --region {region}")]
