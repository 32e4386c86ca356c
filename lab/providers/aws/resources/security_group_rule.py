"""aws:vpc/securityGroupIngressRule:… and aws:vpc/securityGroupEgressRule:…, one rule each.

Source: terraform-provider-aws 6, aws_vpc_security_group_ingress_rule and …_egress_rule.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, Literal

from lab.providers.aws.call import Call
from lab.providers.aws.errors import gone_is_fine
from lab.providers.aws.facts import fact, facts
from lab.providers.aws.resource_type import Change, Create, Delete, Read, ResourceType, update
from lab.providers.aws.resources.lookup import find_one, given
from lab.providers.aws.rules import between, ipv4_network, ipv6_network, security_group_text
from lab.providers.aws.rules import identifier as an_id
from lab.providers.aws.schema import Check, Failure, State, exactly_one_of
from lab.providers.aws.tags import specification, tag_map
from lab.providers.base import UNKNOWN

_Direction = Literal["ingress", "egress"]

_SOURCES: Final = ("cidrIpv4", "cidrIpv6", "prefixListId", "referencedSecurityGroupId")
_PROTOCOLS: Final = {"1": "icmp", "6": "tcp", "17": "udp", "58": "icmpv6", "all": "-1"}
_ALL: Final = "-1"
_WITH_PORTS: Final = ("tcp", "udp", "icmp", "icmpv6")


def _protocol(value: str) -> str:
    return _PROTOCOLS.get(value.lower(), value.lower())


def _ports_fit(inputs: State) -> Iterator[Failure]:
    """Ports go with tcp, udp and icmp, and with nothing else.

    Source: EC2 API reference, IpPermission.
    """
    if inputs["ipProtocol"] is UNKNOWN:
        return
    protocol = _protocol(inputs["ipProtocol"])
    first, last = inputs.get("fromPort"), inputs.get("toPort")
    if protocol == _ALL:
        for name in ("fromPort", "toPort"):
            if inputs.get(name) not in (None, UNKNOWN, -1):
                yield Failure(name, "must not be given: ipProtocol -1 means all ports")
    elif protocol in _WITH_PORTS:
        for name in ("fromPort", "toPort"):
            if inputs.get(name) is None:
                yield Failure(name, f"missing: ipProtocol {protocol} needs it")
        in_order = not (isinstance(first, int) and isinstance(last, int)) or first <= last
        if protocol in ("tcp", "udp") and not in_order:
            yield Failure("toPort", f"expected at least fromPort, {first}, got {last}")


_CHECKS: Final[tuple[Check, ...]] = (exactly_one_of(*_SOURCES), _ports_fit)


def _source_changes(old: State, new: State) -> Iterator[str]:
    """AWS changes a rule's source in place, but not the source's kind."""
    before = {name for name in _SOURCES if old.get(name)}
    after = {name for name in _SOURCES if new.get(name) is not None}
    if before != after:
        yield from before | after


def _request(inputs: State) -> Any:
    """The rule as ModifySecurityGroupRules takes it."""
    return {
        "IpProtocol": _protocol(inputs["ipProtocol"]),
        "FromPort": inputs.get("fromPort", -1),
        "ToPort": inputs.get("toPort", -1),
        **given(
            CidrIpv4=inputs.get("cidrIpv4"),
            CidrIpv6=inputs.get("cidrIpv6"),
            PrefixListId=inputs.get("prefixListId"),
            ReferencedGroupId=inputs.get("referencedSecurityGroupId"),
            Description=inputs.get("description"),
        ),
    }


def _permission(inputs: State) -> Any:
    """The rule as AuthorizeSecurityGroupIngress takes it."""
    text = given(Description=inputs.get("description"))
    permission: dict[str, Any] = {"IpProtocol": _protocol(inputs["ipProtocol"])}
    if permission["IpProtocol"] != _ALL:
        permission |= given(FromPort=inputs.get("fromPort"), ToPort=inputs.get("toPort"))
    for source, group, member in (
        ("cidrIpv4", "IpRanges", "CidrIp"),
        ("cidrIpv6", "Ipv6Ranges", "CidrIpv6"),
        ("prefixListId", "PrefixListIds", "PrefixListId"),
        ("referencedSecurityGroupId", "UserIdGroupPairs", "GroupId"),
    ):
        if inputs.get(source):
            permission |= {group: [{member: inputs[source], **text}]}
    return permission


def _create(direction: _Direction) -> Create:
    def create(call: Call, inputs: State) -> str:
        authorize: Any = (
            call.ec2.authorize_security_group_ingress
            if direction == "ingress"
            else call.ec2.authorize_security_group_egress
        )
        answer = authorize(
            GroupId=inputs["securityGroupId"],
            IpPermissions=[_permission(inputs)],
            **given(TagSpecifications=specification("security-group-rule", inputs)),
        )
        return str(answer["SecurityGroupRules"][0]["SecurityGroupRuleId"])

    return create


def _read(direction: _Direction) -> Read:
    def read(call: Call, identifier: str, state: State) -> State | None:
        rule = find_one(
            lambda: call.ec2.describe_security_group_rules(SecurityGroupRuleIds=[identifier]),
            "SecurityGroupRules",
        )
        if rule is None or bool(rule.get("IsEgress")) != (direction == "egress"):
            return None
        return {
            "arn": call.arn("security-group-rule", identifier, rule.get("GroupOwnerId")),
            "cidrIpv4": rule.get("CidrIpv4"),
            "cidrIpv6": rule.get("CidrIpv6"),
            "description": rule.get("Description"),
            "fromPort": _port(rule, "FromPort", state.get("fromPort")),
            "ipProtocol": _as_given(str(rule.get("IpProtocol")), state.get("ipProtocol")),
            "prefixListId": rule.get("PrefixListId"),
            "referencedSecurityGroupId": (rule.get("ReferencedGroupInfo") or {}).get("GroupId"),
            "securityGroupId": rule.get("GroupId"),
            "securityGroupRuleId": identifier,
            "tagsAll": tag_map(rule.get("Tags")),
            "toPort": _port(rule, "ToPort", state.get("toPort")),
        }

    return read


def _as_given(told: str, known: str | None) -> str:
    """A protocol by the name or number that the program gives it, if both mean the same."""
    return known if known and _protocol(known) == _protocol(told) else _protocol(told)


def _port(rule: dict[str, Any], key: str, known: int | None) -> int | None:
    """AWS tells -1 for "all", also where nothing was given."""
    port = rule.get(key)
    return None if port in (None, -1) and known is None else port


def _modify(call: Call, identifier: str, change: Change) -> None:
    call.ec2.modify_security_group_rules(
        GroupId=change.new["securityGroupId"],
        SecurityGroupRules=[
            {"SecurityGroupRuleId": identifier, "SecurityGroupRule": _request(change.new)}
        ],
    )


def _delete(direction: _Direction) -> Delete:
    def delete(call: Call, identifier: str, state: State) -> None:
        revoke: Any = (
            call.ec2.revoke_security_group_ingress
            if direction == "ingress"
            else call.ec2.revoke_security_group_egress
        )
        with gone_is_fine():
            revoke(GroupId=state["securityGroupId"], SecurityGroupRuleIds=[identifier])

    return delete


def _rule_type(direction: _Direction) -> ResourceType:
    name = f"SecurityGroup{direction.capitalize()}Rule"
    return ResourceType(
        name=f"aws:vpc/s{name[1:]}:{name}",
        noun=f"security group {direction} rule",
        inputs={
            **facts("ipProtocol"),
            "cidrIpv4": fact(ipv4_network, replaces=False),
            "cidrIpv6": fact(ipv6_network, replaces=False),
            "description": fact(security_group_text),
            "fromPort": fact(between(-1, 65535)),
            "prefixListId": fact(an_id("pl")),
            "referencedSecurityGroupId": fact(replaces=False),
            "securityGroupId": fact(an_id("sg")),
            "toPort": fact(between(-1, 65535)),
        },
        checks=_CHECKS,
        also_replaces=_source_changes,
        create=_create(direction),
        read=_read(direction),
        updates=(update(_modify, *_SOURCES, "description", "fromPort", "ipProtocol", "toPort"),),
        delete=_delete(direction),
    )


INGRESS_RULE: Final = _rule_type("ingress")
EGRESS_RULE: Final = _rule_type("egress")
