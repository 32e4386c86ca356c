"""The rules, each a pure function of what is to be deployed.

Sources: page, port tables and "Prerequisites"; docs/security.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial

from policy import data_rules, machine_rules, network_rules
from policy.resource import Resource, Violation
from policy.wanted import Wanted


@dataclass(frozen=True)
class ResourceRule:
    """What each resource must keep to.

    Attributes:
        name: of the policy.
        meaning: in a sentence.
        violations: what a resource does against it.
    """

    name: str
    meaning: str
    violations: Callable[[Resource], Iterable[str]]

    def broken_by(self, one: Resource) -> Sequence[str]:
        """What a resource does against it; what was taken over stays as its owner made it."""
        return [] if one.is_owners else [*self.violations(one)]


@dataclass(frozen=True)
class StackRule:
    """What the resources must keep to together."""

    name: str
    meaning: str
    violations: Callable[[Sequence[Resource]], Iterable[Violation]]


def resource_rules(wanted: Wanted) -> Sequence[ResourceRule]:
    """The rules for each resource.

    Args:
        wanted: what the configuration says.
    """
    return (
        ResourceRule(
            "documented-ports",
            "Only the ports in OpenVidu's tables are open.",
            partial(network_rules.undocumented_ports, wanted),
        ),
        ResourceRule(
            "no-world-open-ssh",
            "SSH is open to operators' networks only.",
            network_rules.world_open_ssh,
        ),
        ResourceRule("imds-v2", "Instance metadata requires a token.", machine_rules.imds_v1),
        ResourceRule("encrypted-volumes", "Every disk is encrypted.", data_rules.plain_volumes),
        ResourceRule(
            "encrypted-services", "AWS's services encrypt their data.", data_rules.plain_services
        ),
        ResourceRule(
            "no-secret-in-user-data",
            "User data holds no secret.",
            machine_rules.secrets_in_user_data,
        ),
        ResourceRule(
            "tags", "What costs money has tags that say whose it is.", data_rules.missing_tags
        ),
        ResourceRule(
            "instance-size", "Machines have what OpenVidu needs.", machine_rules.small_instances
        ),
        ResourceRule(
            "protected-data",
            "What is stored is protected, until deleteData is true.",
            partial(data_rules.unprotected_data, wanted),
        ),
    )


def stack_rules(wanted: Wanted) -> Sequence[StackRule]:
    """The rules for all resources together.

    Args:
        wanted: what the configuration says.
    """
    return (
        StackRule(
            "all-documented-ports",
            "Every port of OpenVidu's tables is open.",
            partial(network_rules.missing_ports, wanted),
        ),
        StackRule(
            "membership",
            "Every node drains before it's removed.",
            machine_rules.missing_memberships,
        ),
        StackRule("encrypted-buckets", "Every bucket is encrypted.", data_rules.plain_buckets),
    )
