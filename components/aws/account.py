"""Asks AWS what the account may have and has, when something new is to be made.

A quota that can't be asked for is not checked: the deployment goes on, with a warning.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.aws import quotas
from components.aws.quotas import ADDRESSES, Account
from components.aws.refusal import reason_of
from components.previous_state import PreviousState
from components.settings.table import Settings

PERMISSIONS = (
    "servicequotas:GetServiceQuota",
    "servicequotas:GetAWSDefaultServiceQuota",
    "ec2:DescribeAddresses",
)
"""Source: terraform-provider-aws 6, data sources aws_servicequotas_service_quota and aws_eips."""
_AMAZON = "amazon"
"""The pool of Amazon's addresses; those from a pool that was brought to AWS don't count."""


def ask(
    settings: Settings, previous: PreviousState, tags: Mapping[str, str], groups: int = 0
) -> Account:
    """Ask for the quotas that an update takes something of; warns of those that nobody tells.

    Args:
        settings: what is wanted.
        previous: what is deployed.
        tags: those by which this stack's things are known.
        groups: the most security groups that an interface would be in which is taken over.
    """
    holds: dict[str, int] = {}
    unknown: dict[str, Exception] = {}
    region = ""
    addresses = _Addresses()
    for quota in quotas.wanted(settings, previous, groups):
        try:
            found = aws.servicequotas.get_service_quota(
                service_code=quota.service, quota_code=quota.code
            )
            if quota is ADDRESSES:
                addresses = _addresses(int(found.value), settings, previous, tags)
        # The SDK raises nothing more specific.
        except Exception as error:
            unknown[quota.code] = error
        else:
            holds[quota.code] = int(found.value)
            region = found.region
    if unknown:
        pulumi.log.warn(_not_checked(unknown))
    return Account(region, holds, addresses.own, addresses.others)


@dataclass(frozen=True)
class _Addresses:
    """The account's Elastic IPs: this stack's, and how many others count towards the quota."""

    own: frozenset[str] = frozenset()
    others: int = 0


def _addresses(
    limit: int, settings: Settings, previous: PreviousState, tags: Mapping[str, str]
) -> _Addresses:
    everyones = frozenset(aws.ec2.get_eips().allocation_ids)
    own = everyones & {*aws.ec2.get_eips(tags=tags).allocation_ids, *previous.addresses.values()}
    # With the stack's tags on it, one that was taken over is still no machine's that is made.
    own -= {one.address for one in settings.hosts}
    others = everyones - own
    if len(others) + max(len(own), len(settings.instance_types)) > limit:
        others = _counting(others)
    return _Addresses(own, len(others))


def _counting(addresses: Collection[str]) -> frozenset[str]:
    """Those of the addresses that count towards the quota."""
    return frozenset(
        one
        for one in sorted(addresses)
        if aws.ec2.get_elastic_ip(id=one).public_ipv4_pool == _AMAZON
    )


def _not_checked(unknown: Mapping[str, Exception]) -> str:
    reason = reason_of(next(iter(unknown.values())))
    return (
        f"Couldn't check whether the quota {' and '.join(sorted(unknown))} of EC2 is high "
        f"enough. The check needs the permissions {', '.join(PERMISSIONS)}. Asking AWS "
        f"failed: {reason}"
    )
