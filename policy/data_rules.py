"""What is stored, and whose it is. Source: docs/security.md, docs/data.md."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from policy.resource import (
    BUCKET,
    BUCKET_ENCRYPTION,
    INSTANCE,
    LOAD_BALANCER,
    REDIS,
    SEARCH,
    SECURITY_GROUP,
    VOLUME,
    Resource,
    Violation,
)
from policy.wanted import Wanted

_STORES = (VOLUME, BUCKET, SEARCH)
"""Redis isn't one of them: what it knows ends with the calls (docs/data.md)."""
_TAGGED = (
    INSTANCE,
    SECURITY_GROUP,
    VOLUME,
    BUCKET,
    REDIS,
    SEARCH,
    LOAD_BALANCER,
    "aws:cloudwatch/metricAlarm:MetricAlarm",
    "aws:dlm/lifecyclePolicy:LifecyclePolicy",
    "aws:ec2/eip:Eip",
    "aws:ec2/networkInterface:NetworkInterface",
    "aws:ec2/vpc:Vpc",
    "aws:ec2/subnet:Subnet",
)
_TAGS = ("Name", "project", "stack")
_SEARCH_TAKES = (
    ("encryptAtRest", "enabled"),
    ("nodeToNodeEncryption", "enabled"),
    ("domainEndpointOptions", "enforceHttps"),
)


def plain_volumes(one: Resource) -> Iterator[str]:
    """Disks that aren't encrypted."""
    if one.type == VOLUME and not one.props.get("encrypted"):
        yield f"{one.name} isn't encrypted"
    if one.type == INSTANCE:
        root = one.props.get("rootBlockDevice") or {}
        others = one.props.get("ebsBlockDevices") or ()
        if not root.get("encrypted") or not all(disk.get("encrypted") for disk in others):
            yield f"{one.name}: one of its disks isn't encrypted; each must have encrypted: true"


def plain_services(one: Resource) -> Iterator[str]:
    """AWS's services that store in plain text.

    Redis on the wire is left out: OpenVidu's client takes no TLS (docs/ha-managed.md).
    """
    if one.type == REDIS and not one.props.get("atRestEncryptionEnabled"):
        yield f"{one.name} isn't encrypted; atRestEncryptionEnabled must be true"
    if one.type == SEARCH:
        for part, key in _SEARCH_TAKES:
            if not (one.props.get(part) or {}).get(key):
                yield f"{one.name} isn't encrypted throughout; {part}.{key} must be true"


def plain_buckets(resources: Sequence[Resource]) -> Iterator[Violation]:
    """Buckets without a word about their encryption."""
    encrypted = {urn for one in resources if one.type == BUCKET_ENCRYPTION for urn in one.uses}
    for one in resources:
        if one.type == BUCKET and one.urn not in encrypted:
            yield Violation(
                one.urn,
                f"{one.name} has no BucketServerSideEncryptionConfiguration; it must have one",
            )


def unprotected_data(wanted: Wanted, one: Resource) -> Iterator[str]:
    """What is stored, when an update or a destroy would take it without a word."""
    if one.type in _STORES and not one.protect and not wanted.data_may_go:
        yield (
            f"{one.name} isn't protected: pulumi destroy would delete what is stored "
            "there. It must have protect=True, until deleteData says that it may be "
            "deleted"
        )


def missing_tags(one: Resource) -> Iterator[str]:
    """What a bill, or `scripts.adopt`, couldn't tell whose it is."""
    missing = [tag for tag in _TAGS if not one.tags.get(tag)]
    if one.type in _TAGGED and missing:
        yield f"{one.name} has no tag {', '.join(missing)}; it must have {', '.join(_TAGS)}"
