"""The domain, pointed to the base in a hosted zone of Route 53."""

from __future__ import annotations

import re
from dataclasses import replace

import pulumi
import pulumi_aws as aws

from components.machine import Machine
from components.previous_state import PreviousState
from components.settings.mistakes import Mistake, set_command
from components.settings.table import Settings

_IN_THE_WAY = {"A", "CNAME"}
_REASON_LENGTH = 300


def check(settings: Settings, previous: PreviousState) -> list[Mistake]:
    """Ask Route 53 whether the domain's record can be made: it may be somebody's already.

    Source: Route 53 API, ChangeResourceRecordSets, CREATE; an A record stands beside no other, and
    beside no CNAME. Where it can't be asked, that is a warning.
    """
    domain = (settings.domain_or_public_ip or "").lower()
    if settings.hosted_zone_id is None or domain in previous.records or settings.overwrite_record:
        return []
    try:
        found = aws.route53.get_records(
            zone_id=settings.hosted_zone_id, name_regex=rf"^{re.escape(domain)}\.?$"
        )
    # The SDK raises nothing more specific.
    except Exception as error:
        reason = " ".join(str(error).split())[:_REASON_LENGTH]
        told = f"Not checked whether {domain} has a record already."
        pulumi.log.warn(f"{told} AWS was asked: {reason}")
        return []
    kinds = {one.type for one in found.resource_record_sets} & _IN_THE_WAY
    if not kinds:
        return []
    problem = (
        f"{settings.hosted_zone_id} has a record of {domain} already ({', '.join(sorted(kinds))}), "
        "which isn't this stack's; overwritten, it goes with the stack one day"
    )
    rather = "pulumi config rm hostedZoneId, and point it by hand"
    command = f"{set_command('overwriteRecord', 'true')}\n      or: {rather}"
    return [Mistake("hostedZoneId", problem, command)]


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
