"""The domain, pointed to the base in a hosted zone of Route 53."""

from __future__ import annotations

import re
from dataclasses import replace

import pulumi
import pulumi_aws as aws

from components.aws.refusal import reason_of
from components.machine import Machine
from components.previous_state import PreviousState
from components.settings.mistakes import Mistake, set_command
from components.settings.table import Settings

_IN_THE_WAY = {"A", "CNAME"}
_NO_SUCH = "NoSuchHostedZone"
"""Source: Route 53 API, ListResourceRecordSets, "Errors"."""
_BY_HAND = "pulumi config rm hostedZoneId, and point it by hand"


def check(settings: Settings, previous: PreviousState) -> list[Mistake]:
    """Ask Route 53 whether the domain's record can be made: it may be somebody's already.

    Source: Route 53 API, ChangeResourceRecordSets, CREATE; an A record stands beside no other, and
    beside no CNAME. Where it can't be asked, that is a warning.
    """
    domain = (settings.domain_or_public_ip or "").lower()
    if settings.hosted_zone_id is None or domain in previous.records:
        return []
    try:
        found = aws.route53.get_records(
            zone_id=settings.hosted_zone_id, name_regex=rf"^({_or_above(domain)})\.?$"
        )
    # The SDK raises nothing more specific.
    except Exception as error:
        if _NO_SUCH in str(error):
            return [_other(settings.hosted_zone_id, "isn't a hosted zone of this account")]
        told = f"Couldn't check whether {domain} has a record already."
        pulumi.log.warn(f"{told} Asking AWS failed: {reason_of(error)}")
        return []
    told_of = [(one.name.rstrip(".").lower(), one.type) for one in found.resource_record_sets]
    if not any(kind == "SOA" for _, kind in told_of):
        return [_other(settings.hosted_zone_id, _outside(domain))]
    kinds = {kind for name, kind in told_of if name == domain} & _IN_THE_WAY
    if not kinds or settings.overwrite_record:
        return []
    problem = (
        f"{settings.hosted_zone_id} already has a record for {domain} "
        f"({', '.join(sorted(kinds))}), which isn't this stack's; if it's overwritten, it "
        "will be removed with the stack"
    )
    command = f"{set_command('overwriteRecord', 'true')}\n      or: {_BY_HAND}"
    return [Mistake("hostedZoneId", problem, command)]


def _or_above(domain: str) -> str:
    """A pattern of a domain, and of each that it's in: one of them is the zone's own name.

    A zone has its SOA record there. Source: Route 53 guide, "NS and SOA records that Amazon Route
    53 creates for a public hosted zone".
    """
    labels = domain.split(".")
    return "|".join(re.escape(".".join(labels[start:])) for start in range(len(labels)))


def _outside(domain: str) -> str:
    """A zone of something else: the provider would put its name behind the domain's.

    Source: terraform-provider-aws, route53 record, expandRecordName.
    """
    return (
        f"isn't a zone of {domain}: the record would be created below the "
        "zone's own name, where nobody looks it up"
    )


def _other(zone_id: str, problem: str) -> Mistake:
    """Another zone is to be named, or none."""
    zones = "aws route53 list-hosted-zones --query 'HostedZones[].[Id,Name]' --output text"
    command = f"{zones}, then: pulumi config set hostedZoneId ID\n      or: {_BY_HAND}"
    return Mistake("hostedZoneId", f"{zone_id} {problem}", command)


def with_record(machine: Machine, settings: Settings, parent: pulumi.Resource) -> Machine:
    """The base, with the domain pointed to it where a hosted zone is configured."""
    if settings.hosted_zone_id is None or settings.domain_or_public_ip is None:
        return machine
    record = aws.route53.Record(
        "base-record",
        zone_id=settings.hosted_zone_id,
        name=settings.domain_or_public_ip,
        type="A",
        ttl=60,
        records=[machine.public_ip],
        allow_overwrite=settings.overwrite_record or None,
        opts=pulumi.ResourceOptions(parent=parent),
    )
    return replace(machine, depends_on=[*machine.depends_on, record])
