"""What the shape `ha-managed` needs of the configuration, and what it has no use for. Pure."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Mapping
from typing import Any

from components import search_volumes
from components.mistakes import Mistake, set_command
from components.settings import ACM, AWS, HA, HA_MANAGED, OWNCERT, Settings, networks
from components.values import ip_address
from openvidu import environment, release

_LARGEST_PREFIX = 27
"""Source: Elastic Load Balancing, "Application Load Balancers", subnets: /27 and 8 addresses."""
_LEAST_ZONES, _MOST_ZONES = 2, 3
_SEARCH_PASSWORD = re.compile(r"(?=.*[a-z])(?=.*[A-Z])(?=.*[0-9])(?=.*[-_]).{8,}")
"""Source: OpenSearch Service, "Fine-grained access control", the master user's password."""
_ENDPOINTS = {
    "redis_host": "redisHost",
    "s3_endpoint": "s3Endpoint",
    "elasticsearch_url": "elasticsearchUrl",
    "kibana_url": "kibanaUrl",
}
_OF_IAM = {"permissions_boundary": "permissionsBoundary", "iam_path": "iamPath"}
_OF_AWS = {"bucket_version_days": "bucketVersionDays"}


def find_mistakes(values: Mapping[str, Any]) -> list[Mistake]:
    """What is wrong with a configuration as far as this shape is concerned.

    Args:
        values: parsed values by field of `Settings`; what couldn't be parsed is missing.
    """
    shape = values.get("shape")
    if shape != HA_MANAGED:
        return _unused(values, shape)
    return [mistake for check in _CHECKS for mistake in check(values)]


def _unused(values: Mapping[str, Any], shape: str | None) -> list[Mistake]:
    defaults = {field.name: field.default for field in dataclasses.fields(Settings)}
    # Each takes a role of its own.
    of_iam = {} if values.get("backup_days") or values.get("ssh_via") else _OF_IAM
    found = [
        Mistake(key, f"is for ha-managed{also}; shape is {shape}", f"pulumi config rm {key}")
        for keys, also in (({**_ENDPOINTS, **_OF_AWS}, ""), (of_iam, ", backupDays and sshVia"))
        for attribute, key in keys.items()
        if values.get(attribute, defaults[attribute]) != defaults[attribute]
    ]
    if values.get("certificate_type") == ACM:
        problem = "acm is for ha-managed, whose load balancer is AWS's"
        command = set_command("certificateType", "letsencrypt")
        found.append(Mistake("certificateType", problem, command))
    key = values.get("s3_secret_key")
    if shape == HA and key and not environment.SECRET_PATTERN.fullmatch(key):
        problem = "the secret found doesn't fit; takes letters, digits, - and _ only"
        found.append(Mistake("s3SecretKey", problem, set_command("s3SecretKey", "", secret=True)))
    return found


def _place(values: Mapping[str, Any]) -> list[Mistake]:
    if values.get("machines") not in (AWS, None):
        problem = "found existing; ha-managed is made on AWS, services that exist are given by URL"
        return [Mistake("machines", problem, set_command("machines", AWS))]
    zones, whole = values.get("availability_zones"), values.get("subnet_cidr")
    if zones is None or whole is None:
        return []
    if subnets := values.get("subnet_ids"):
        return _owners_subnets(len(subnets), zones)
    if not _LEAST_ZONES <= zones <= _MOST_ZONES:
        problem = f"found {zones}; takes {_LEAST_ZONES} or {_MOST_ZONES}"
        return [Mistake("availabilityZones", problem, set_command("availabilityZones", "2"))]
    if whole.prefixlen + (2 * zones - 1).bit_length() > _LARGEST_PREFIX:
        problem = f"{whole} is too small for {2 * zones} subnets of /{_LARGEST_PREFIX} or larger"
        return [Mistake("subnetCidr", problem, set_command("subnetCidr", "10.5.0.0/24"))]
    return []


def _owners_subnets(subnets: int, zones: int) -> list[Mistake]:
    found = []
    if not _LEAST_ZONES <= subnets <= _MOST_ZONES:
        problem = f"found {subnets}; takes {_LEAST_ZONES} or {_MOST_ZONES}, each of another zone"
        another = f"subnet-0123456789abcdef{subnets}"
        command = f"pulumi config set --path 'subnetIds[{subnets}]' {another}"
        if subnets > _MOST_ZONES:
            command = f"pulumi config rm --path 'subnetIds[{subnets - 1}]'"
        found.append(Mistake("subnetIds", problem, command))
    if zones not in (Settings.availability_zones, subnets):
        problem = f"found {zones}; subnetIds says which zones there are"
        found.append(Mistake("availabilityZones", problem, "pulumi config rm availabilityZones"))
    return found


def _certificate(values: Mapping[str, Any]) -> list[Mistake]:
    kind, domain = values.get("certificate_type"), values.get("domain_or_public_ip")
    found = []
    if kind not in (ACM, OWNCERT, None):
        problem = f"found {kind}; the load balancer of AWS takes {ACM} or {OWNCERT}"
        found.append(Mistake("certificateType", problem, set_command("certificateType", ACM)))
    if domain is None or ip_address(domain):
        problem = f"ha-managed needs a domain name, found {domain or 'none'}"
        command = set_command("domainOrPublicIp", "openvidu.example.io")
        found.append(Mistake("domainOrPublicIp", problem, command))
    if kind == ACM and values.get("hosted_zone_id") is None:
        problem = "acm needs it: a record in that zone proves that the domain is yours"
        command = set_command("hostedZoneId", "Z0123456789ABCDEFGHIJ")
        found.append(Mistake("hostedZoneId", problem, command))
    return found


def _services(values: Mapping[str, Any]) -> list[Mistake]:
    found = []
    if bool(values.get("elasticsearch_url")) != bool(values.get("kibana_url")):
        key = "kibanaUrl" if values.get("elasticsearch_url") else "elasticsearchUrl"
        problem = "is missing; elasticsearchUrl and kibanaUrl go together"
        found.append(Mistake(key, problem, set_command(key, "https://search.example.io:443")))
    password = values.get("elasticsearch_password")
    own = values.get("elasticsearch_url")
    if password and not own and not _SEARCH_PASSWORD.fullmatch(password):
        problem = (
            "the secret found doesn't fit; OpenSearch Service takes 8 characters or more, among "
            "them a small and a capital letter, a digit and - or _"
        )
        command = "pulumi config rm elasticsearchPassword && uv run python -m scripts.init_stack"
        found.append(Mistake("elasticsearchPassword", problem, command))
    if values.get("s3_endpoint") and not values.get("s3_secret_key"):
        command = set_command("s3SecretKey", "", secret=True)
        found.append(Mistake("s3SecretKey", "is missing; s3Endpoint takes it", command))
    return found


def _search_volume(values: Mapping[str, Any]) -> list[Mistake]:
    """What a node of OpenSearch Service can hold, by its type; unknown types are AWS's to judge."""
    kind, size = values.get("search_instance_type"), values.get("data_volume_size")
    if kind is None or size is None or values.get("elasticsearch_url"):
        return []
    most = search_volumes.most_gib(kind)
    if most == 0:
        problem = f"found {kind}; takes a type with gp3 volumes"
        example = set_command("searchInstanceType", "m5.large.search")
        return [Mistake("searchInstanceType", problem, example)]
    if most is None or size <= most:
        return []
    problem = f"found {size}; OpenSearch Service has at most {most} GiB with {kind}"
    larger = search_volumes.for_gib(size)
    other = f"\n      or: {set_command('searchInstanceType', larger)}" if larger else ""
    command = set_command("dataVolumeSize", str(most))
    return [Mistake("dataVolumeSize", problem, command + other)]


def _version(values: Mapping[str, Any]) -> list[Mistake]:
    if values.get("openvidu_version") != release.LATEST:
        return []
    problem = "found latest; without a base, later nodes wouldn't know what the first ones have"
    return [Mistake("openviduVersion", problem, set_command("openviduVersion", "2.30.0"))]


def capacity(values: Mapping[str, Any], first: int) -> int:
    """How many nodes the subnets of all zones have addresses for.

    Args:
        values: as for `find_mistakes`.
        first: place of the first node's address in its subnet.
    """
    zones = values["availability_zones"]
    parts = networks(values["subnet_cidr"], zones)
    # AWS keeps the last address of each.
    return sum(part.num_addresses - first - 1 for part in parts[:zones])


_CHECKS: tuple[Callable[[Mapping[str, Any]], list[Mistake]], ...] = (
    _place,
    _certificate,
    _services,
    _search_volume,
    _version,
)
