"""What the shape `ha-managed` needs of the configuration, and what it has no use for. Pure."""

from __future__ import annotations

import re

from components import search_volumes
from components.settings.choices import ACM, AWS, HA, HA_MANAGED, OWNCERT
from components.settings.mistakes import Mistake, set_command
from components.settings.network_parts import LEAST_ZONES, LONGEST_PREFIX, MOST_ZONES, fits
from components.settings.table import Settings, keys
from components.settings.values import ip_address
from openvidu import environment, release

_SEARCH_PASSWORD = re.compile(r"(?=.*[a-z])(?=.*[A-Z])(?=.*[0-9])(?=.*[-_]).{8,}")
"""Source: OpenSearch Service, "Fine-grained access control", the master user's password."""
_LONGEST_COMMON_NAME = 64
"""Source: ACM API, RequestCertificate, DomainName."""
_ITS_OWN = ("redisHost", "s3Endpoint", "elasticsearchUrl", "kibanaUrl", "bucketVersionDays")
_OF_IAM = ("permissionsBoundary", "iamPath")


def find_mistakes(settings: Settings) -> list[Mistake]:
    """What is wrong with a configuration as far as this shape is concerned."""
    if settings.shape != HA_MANAGED:
        return _unused(settings)
    return [
        *place(settings),
        *_certificate(settings),
        *_services(settings),
        *_search_volume(settings),
        *_version(settings),
    ]


def _unused(settings: Settings) -> list[Mistake]:
    shape = settings.shape
    # Each takes a role of its own.
    of_iam = () if settings.backup_days or settings.ssh_via else _OF_IAM
    found = [
        Mistake(name, f"is for ha-managed{also}; shape is {shape}", f"pulumi config rm {name}")
        for names, also in ((_ITS_OWN, ""), (of_iam, ", backupDays and sshVia"))
        for name in names
        if getattr(settings, keys()[name].field) != keys()[name].default
    ]
    if settings.certificate_type == ACM:
        problem = "acm is for ha-managed, whose load balancer is AWS's"
        command = set_command("certificateType", "letsencrypt")
        found.append(Mistake("certificateType", problem, command))
    key = settings.s3_secret_key
    if shape == HA and key and not environment.SECRET_PATTERN.fullmatch(key):
        problem = "must be letters, digits, - and _ only; the stored secret isn't"
        found.append(Mistake("s3SecretKey", problem, set_command("s3SecretKey", "", secret=True)))
    return found


def place(settings: Settings) -> list[Mistake]:
    """It's on AWS, over two or three zones."""
    if settings.machines != AWS:
        problem = (
            "must be aws with ha-managed, got existing; existing services are given by their URLs"
        )
        return [Mistake("machines", problem, set_command("machines", AWS))]
    zones, whole = settings.availability_zones, settings.subnet_cidr
    if subnets := settings.subnet_ids:
        return _owners_subnets(len(subnets), zones)
    if not LEAST_ZONES <= zones <= MOST_ZONES:
        problem = f"must be {LEAST_ZONES} or {MOST_ZONES}, got {zones}"
        return [Mistake("availabilityZones", problem, set_command("availabilityZones", "2"))]
    if not fits(whole, zones):
        problem = f"{whole} is too small for {2 * zones} subnets of /{LONGEST_PREFIX} or larger"
        return [Mistake("subnetCidr", problem, set_command("subnetCidr", "10.5.0.0/24"))]
    return []


def _owners_subnets(subnets: int, zones: int) -> list[Mistake]:
    found = []
    if not LEAST_ZONES <= subnets <= MOST_ZONES:
        problem = (
            f"must be {LEAST_ZONES} or {MOST_ZONES} subnets, each in another zone, got {subnets}"
        )
        another = f"subnet-0123456789abcdef{subnets}"
        command = f"pulumi config set --path 'subnetIds[{subnets}]' {another}"
        if subnets > MOST_ZONES:
            command = f"pulumi config rm --path 'subnetIds[{subnets - 1}]'"
        found.append(Mistake("subnetIds", problem, command))
    if zones not in (Settings.availability_zones, subnets):
        problem = f"is {zones}; with subnetIds, the subnets determine the zones"
        found.append(Mistake("availabilityZones", problem, "pulumi config rm availabilityZones"))
    return found


def _certificate(settings: Settings) -> list[Mistake]:
    kind, domain = settings.certificate_type, settings.domain_or_public_ip
    found = []
    if kind not in (ACM, OWNCERT):
        problem = f"must be {ACM} or {OWNCERT} for AWS's load balancer, got {kind}"
        found.append(Mistake("certificateType", problem, set_command("certificateType", ACM)))
    if domain is None or ip_address(domain):
        problem = f"must be a domain name for ha-managed, got {domain or 'none'}"
        command = set_command("domainOrPublicIp", "openvidu.example.io")
        found.append(Mistake("domainOrPublicIp", problem, command))
    elif kind == ACM and len(domain) > _LONGEST_COMMON_NAME:
        problem = f"must be {_LONGEST_COMMON_NAME} characters at most for acm, got {len(domain)}"
        command = set_command("certificateType", OWNCERT)
        found.append(Mistake("domainOrPublicIp", problem, f"{command}, or a shorter name"))
    if kind == ACM and settings.hosted_zone_id is None:
        problem = "is missing; acm needs it: a record in that zone proves that the domain is yours"
        command = set_command("hostedZoneId", "Z0123456789ABCDEFGHIJ")
        found.append(Mistake("hostedZoneId", problem, command))
    return found


def _services(settings: Settings) -> list[Mistake]:
    found = []
    if bool(settings.elasticsearch_url) != bool(settings.kibana_url):
        key = "kibanaUrl" if settings.elasticsearch_url else "elasticsearchUrl"
        problem = "is missing; elasticsearchUrl and kibanaUrl go together"
        found.append(Mistake(key, problem, set_command(key, "https://search.example.io:443")))
    password = settings.elasticsearch_password
    own = settings.elasticsearch_url
    if password and not own and not _SEARCH_PASSWORD.fullmatch(password):
        problem = (
            "must be 8 characters or more for OpenSearch Service, among them a lowercase "
            "and an uppercase letter, a digit and - or _; the stored secret isn't"
        )
        command = "pulumi config rm elasticsearchPassword && uv run openvidu-enterprise init-stack"
        found.append(Mistake("elasticsearchPassword", problem, command))
    if settings.s3_endpoint and not settings.s3_secret_key:
        command = set_command("s3SecretKey", "", secret=True)
        found.append(Mistake("s3SecretKey", "is missing; s3Endpoint needs it", command))
    return found


def _search_volume(settings: Settings) -> list[Mistake]:
    """What a node of OpenSearch Service can hold, by its type; unknown types are AWS's to judge."""
    kind, size = settings.search_instance_type, settings.data_volume_size
    if settings.elasticsearch_url:
        return []
    most = search_volumes.most_gib(kind)
    if most == 0:
        problem = f"must be a type with gp3 volumes, got {kind}"
        example = set_command("searchInstanceType", "m5.large.search")
        return [Mistake("searchInstanceType", problem, example)]
    if most is None or size <= most:
        return []
    problem = (
        f"must be at most {most} GiB for a node of type {kind} of OpenSearch Service, got {size}"
    )
    larger = search_volumes.for_gib(size)
    other = f"\n      or: {set_command('searchInstanceType', larger)}" if larger else ""
    command = set_command("dataVolumeSize", str(most))
    return [Mistake("dataVolumeSize", problem, command + other)]


def _version(settings: Settings) -> list[Mistake]:
    if settings.openvidu_version != release.LATEST:
        return []
    problem = (
        "must be a version, got latest: without a base, later nodes couldn't find out "
        "which version the first ones have"
    )
    return [Mistake("openviduVersion", problem, set_command("openviduVersion", "2.30.0"))]
