"""The domain, pointed to the base in a hosted zone of Route 53."""

from __future__ import annotations

from dataclasses import replace

import pulumi
import pulumi_aws as aws

from components.machine import Machine
from components.settings import Settings


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
        opts=pulumi.ResourceOptions(parent=parent),
    )
    return replace(machine, depends_on=[*machine.depends_on, record])
