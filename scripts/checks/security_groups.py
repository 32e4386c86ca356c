"""Whether AWS has the rules of security groups as the last update left them.

A rule that somebody takes out in the console is in the state all the same: no update puts it back
before it's refreshed. Without the one for media, users join and don't hear each other.
Source: EC2 API, DescribeSecurityGroupRules.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from components.resource_names import logical_name
from scripts.checks.finding import Finding, Result
from scripts.pulumi_cli import PulumiCli

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client

_INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
_EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
_CHECK, _ALL = "security groups", "-1"
_AT_ONCE = 200
"""So many values a filter takes. Source: EC2 guide, "Filtering"."""
_NEXT = "pulumi up --refresh"


@dataclass(frozen=True)
class Rule:
    """A rule.

    Attributes:
        protocol: such as `udp`; `-1` for all.
        ports: first and last.
        other: the network, or the group, at the other end.
        is_outbound: whether it's for what a machine begins.
    """

    protocol: str
    ports: tuple[int, int]
    other: str
    is_outbound: bool

    def __str__(self) -> str:
        first, last = self.ports
        ports = str(first) if first == last else f"{first}-{last}"
        what = "everything" if self.protocol == _ALL else f"{self.protocol.upper()} {ports}"
        return f"{what} {'to' if self.is_outbound else 'from'} {self.other}"


@dataclass(frozen=True)
class Wanted:
    """A rule as the state has it, and its name there."""

    name: str
    rule: Rule


def wanted(exported: Mapping[str, Any]) -> dict[str, Wanted]:
    """The rules in a state that was exported, by id."""
    return {
        resource["id"]: Wanted(logical_name(resource["urn"]), _of_state(resource))
        for resource in exported["deployment"].get("resources", ())
        if resource["type"] in (_INGRESS, _EGRESS) and not resource.get("delete")
    }


def security_groups(
    pulumi: PulumiCli, config: Mapping[str, Mapping[str, Any]], exported: Mapping[str, Any]
) -> list[Finding]:
    """Compare AWS's rules with the state's.

    Args:
        pulumi: the stack.
        config: its configuration, which says how AWS is asked.
        exported: its state.
    """
    rules = wanted(exported)
    if not rules:
        return []
    # Slow to import, and who has machines of their own needs none of it.
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    from components.aws.provider_session import AwsSession  # noqa: PLC0415
    from scripts import aws_session  # noqa: PLC0415

    try:
        session = AwsSession(aws_session.provider_of_stack(pulumi, config))
        there = told(session.client("ec2"), list(rules))
    except (BotoCoreError, ClientError) as error:
        return [Finding(_CHECK, "AWS", Result.WARNING, f"AWS can't be asked: {error}")]
    return compared(rules, there)


def compared(rules: Mapping[str, Wanted], there: Mapping[str, Rule]) -> list[Finding]:
    """What to say of the rules. Pure.

    Args:
        rules: as the state has them, by id.
        there: as AWS has them.
    """
    found = [
        Finding(_CHECK, one.name, Result.FAILED, problem, _NEXT)
        for identifier, one in rules.items()
        if (problem := _problem(identifier, one.rule, there.get(identifier)))
    ]
    said = f"{len(rules)} rules are as the last update left them"
    return found or [Finding(_CHECK, "AWS", Result.OK, said)]


def told(ec2: EC2Client, identifiers: Sequence[str]) -> dict[str, Rule]:
    """Rules that AWS has, by id.

    Args:
        ec2: the client.
        identifiers: of those that are wanted.

    Raises:
        BotoCoreError, ClientError: AWS can't be asked.
    """
    pages = ec2.get_paginator("describe_security_group_rules")
    found: dict[str, Rule] = {}
    for start in range(0, len(identifiers), _AT_ONCE):
        # By a filter, as an id that is gone would be an error.
        some = [*identifiers[start : start + _AT_ONCE]]
        for page in pages.paginate(Filters=[{"Name": "security-group-rule-id", "Values": some}]):
            found |= {
                one["SecurityGroupRuleId"]: _of_aws(one) for one in page["SecurityGroupRules"]
            }
    return found


def _problem(identifier: str, rule: Rule, there: Rule | None) -> str | None:
    if there is None:
        return f"{rule} is closed: AWS no longer has rule {identifier}"
    return None if there == rule else f"{identifier} is for {there}, must be for {rule}"


def _of_aws(one: Mapping[str, Any]) -> Rule:
    group = one.get("ReferencedGroupInfo") or {}
    other = one.get("CidrIpv4") or one.get("CidrIpv6") or group.get("GroupId") or ""
    return _rule(one["IpProtocol"], one.get("FromPort"), one.get("ToPort"), other, one["IsEgress"])


def _of_state(resource: Mapping[str, Any]) -> Rule:
    one, is_outbound = resource["outputs"], resource["type"] == _EGRESS
    other = one.get("cidrIpv4") or one.get("cidrIpv6") or one.get("referencedSecurityGroupId")
    first, last = one.get("fromPort"), one.get("toPort")
    return _rule(one["ipProtocol"], first, last, other or "", is_outbound)


def _rule(
    protocol: str, first: float | None, last: float | None, other: str, is_outbound: bool
) -> Rule:
    """Of all protocols AWS says -1 for the ports, or nothing."""
    ports = (-1, -1) if protocol == _ALL else (int(first or 0), int(last or 0))
    return Rule(protocol, ports, other, is_outbound)
