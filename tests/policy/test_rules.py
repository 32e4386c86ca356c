"""Each rule, kept by what the program deploys, and broken."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from openvidu import ports
from policy import network_rules, resource
from policy.resource import Resource
from policy.rules import resource_rules, stack_rules
from policy.wanted import Wanted
from tests.program.conftest import example
from tests.program.test_managed import up

TAGS = {"Name": "openvidu-prod-node-1", "project": "openvidu-enterprise", "stack": "prod"}
TAGGED = {"tags": {**TAGS, "role": "node"}}
ENCRYPTED = {"rootBlockDevice": {"encrypted": True, "volumeSize": 100}}
NODE = Resource(
    "urn:node-1",
    resource.INSTANCE,
    "node-1",
    {
        **TAGGED,
        **ENCRYPTED,
        "instanceType": "c5.2xlarge",
        "metadataOptions": {"httpTokens": "required"},
    },
)
VOLUME = Resource(
    "urn:base-data", resource.VOLUME, "base-data", {**TAGGED, "encrypted": True}, True
)
TURN = Resource(
    "urn:turn",
    resource.INGRESS,
    "node-turn-tcp-from-world-ipv4",
    {**TAGGED, "ipProtocol": "tcp", "fromPort": 443, "toPort": 443, "cidrIpv4": "0.0.0.0/0"},
)
MEMBERSHIP = Resource(
    "urn:m", resource.LOCAL_COMMAND, "node-1-membership", {"delete": "exec bash -c drain"}
)


BUCKET = Resource("urn:bucket", resource.BUCKET, "openvidu-bucket", TAGGED, True)
BUCKET_ENCRYPTION = Resource(
    "urn:encryption", resource.BUCKET_ENCRYPTION, "encryption", {}, uses=frozenset({"urn:bucket"})
)
REDIS = Resource("urn:redis", resource.REDIS, "redis", {**TAGGED, "atRestEncryptionEnabled": True})
SEARCH = Resource(
    "urn:search",
    resource.SEARCH,
    "search",
    {
        **TAGGED,
        "encryptAtRest": {"enabled": True},
        "nodeToNodeEncryption": {"enabled": True},
        "domainEndpointOptions": {"enforceHttps": True},
    },
    True,
)
BALANCER = Resource("urn:balancer", resource.LOAD_BALANCER, "load-balancer", TAGGED)
WANTED = Wanted()
MANAGED = {
    "shape": "ha-managed",
    "certificateType": "acm",
    "hostedZoneId": "Z1",
    "elasticsearchPassword": "Secret-of-search-1",
}


def changed(one: Resource, **props: Any) -> Resource:
    return replace(one, props={**one.props, **props})


def violated(*resources: Resource, wanted: Wanted = WANTED) -> set[str]:
    """The names of the rules that these resources break."""
    alone = {
        rule.name for rule in resource_rules(wanted) for one in resources if rule.broken_by(one)
    }
    together = {rule.name for rule in stack_rules(wanted) if [*rule.violations(resources)]}
    return alone | together


def test_what_is_right_breaks_no_rule() -> None:
    machines = (NODE, VOLUME, TURN, MEMBERSHIP)
    services = (BUCKET, BUCKET_ENCRYPTION, REDIS, SEARCH, BALANCER)
    assert violated(*machines, *services) == set()


def test_what_was_taken_over_is_its_owners() -> None:
    plain = Resource("urn:i", resource.INSTANCE, "node-1-adopted-instance", {})
    assert violated(plain) == set()
    assert violated(replace(plain, name="node-1")) >= {"encrypted-volumes", "imds-v2"}


def opened(**props: Any) -> Resource:
    return changed(TURN, **props)


def of_role(role: str, port: int, cidr: str = "0.0.0.0/0") -> Resource:
    tags = {**TAGS, "role": role}
    rule = opened(tags=tags, fromPort=port, toPort=port, cidrIpv4=cidr)
    return replace(rule, name=f"{role}-https-from-world-ipv4")


def sized(role: str, instance_type: str) -> Resource:
    return changed(NODE, tags={**TAGS, "role": role}, instanceType=instance_type)


def from_others(**source: Any) -> Resource:
    """Redis of the base for somebody else than an IPv4 network."""
    rule = of_role("base", ports.REDIS)
    return replace(rule, props={**rule.props, "cidrIpv4": None, **source})


@pytest.mark.parametrize(
    ("broken", "rule"),
    [
        (opened(fromPort=8888, toPort=8888), "documented-ports"),
        (opened(ipProtocol="udp", fromPort=3000, toPort=3000), "documented-ports"),
        # Documented, but for the cluster's network alone.
        (opened(fromPort=3000, toPort=3000), "documented-ports"),
        (opened(tags={**TAGS, "role": "redis"}), "documented-ports"),
        (
            Resource(
                "urn:g", resource.SECURITY_GROUP, "g", {**TAGGED, "ingress": [{"fromPort": 1}]}
            ),
            "documented-ports",
        ),
        (
            Resource("urn:r", "aws:ec2/securityGroupRule:SecurityGroupRule", "r", TAGGED),
            "documented-ports",
        ),
        # A name opens nothing: httpsPort does, and 443 it is not any more.
        (of_role("base", 8443), "documented-ports"),
        (of_role("base", ports.REDIS, "0.0.0.0/1"), "documented-ports"),
        (of_role("base", ports.REDIS, "203.0.113.0/24"), "documented-ports"),
        (of_role("base", ports.REDIS, "10.0.0.0/8"), "documented-ports"),
        (of_role("search", ports.HTTPS), "documented-ports"),
        (from_others(cidrIpv6="2001:db8::/64"), "documented-ports"),
        (from_others(prefixListId="pl-1"), "documented-ports"),
        (opened(fromPort=22, toPort=22), "no-world-open-ssh"),
        (opened(fromPort=22, toPort=22, cidrIpv4="128.0.0.0/1"), "no-world-open-ssh"),
        (opened(fromPort=20, toPort=30, cidrIpv4="64.0.0.0/7"), "no-world-open-ssh"),
        (opened(fromPort=22, toPort=22, cidrIpv4=None, cidrIpv6="2000::/3"), "no-world-open-ssh"),
        (changed(NODE, metadataOptions={"httpTokens": "optional"}), "imds-v2"),
        (changed(NODE, metadataOptions=None), "imds-v2"),
        (changed(NODE, rootBlockDevice={"encrypted": False}), "encrypted-volumes"),
        (changed(NODE, ebsBlockDevices=[{"encrypted": False}]), "encrypted-volumes"),
        (changed(VOLUME, encrypted=False), "encrypted-volumes"),
        (changed(NODE, userData="REDIS_PASSWORD=x"), "no-secret-in-user-data"),
        (
            changed(NODE, userDataBase64=base64.b64encode(b"OPENVIDU_SECRET=x").decode()),
            "no-secret-in-user-data",
        ),
        (changed(NODE, tags={"role": "node", "Name": "x", "stack": "prod"}), "tags"),
        (changed(NODE, instanceType="c5.large"), "instance-size"),
        (changed(NODE, instanceType="t3.nano"), "instance-size"),
        (changed(NODE, instanceType="c4.xlarge"), "instance-size"),
        (sized("master", "c5.large"), "instance-size"),
        (sized("master", "m6g.medium"), "instance-size"),
        (sized("bastion", "t3.nano"), "instance-size"),
        *[(changed(one, tags=None), "tags") for one in (REDIS, SEARCH, BALANCER)],
        (changed(REDIS, atRestEncryptionEnabled=False), "encrypted-services"),
        (changed(SEARCH, encryptAtRest=None), "encrypted-services"),
        (changed(SEARCH, nodeToNodeEncryption={"enabled": False}), "encrypted-services"),
        (changed(SEARCH, domainEndpointOptions={}), "encrypted-services"),
        (BUCKET, "encrypted-buckets"),
        *[(replace(one, protect=False), "protected-data") for one in (VOLUME, BUCKET, SEARCH)],
    ],
)
def test_a_resource_that_breaks_a_rule_is_told(broken: Resource, rule: str) -> None:
    assert rule in violated(broken, MEMBERSHIP)


@pytest.mark.parametrize(
    "right",
    [
        opened(fromPort=22, toPort=22, cidrIpv4="203.0.113.0/24"),
        opened(fromPort=3000, toPort=3000, cidrIpv4="10.5.0.0/24"),
        changed(NODE, userData="#!/bin/sh\napt-get update"),
        opened(fromPort=22, toPort=22, cidrIpv4="10.0.0.0/8"),
        opened(fromPort=22, toPort=22, cidrIpv4=None, cidrIpv6="2001:db8::/32"),
        opened(fromPort=22, toPort=22, cidrIpv4=None, cidrIpv6="fc00::/7"),
        of_role("base", ports.REDIS, "10.5.0.128/25"),
        of_role("search", ports.HTTPS, "10.5.0.0/24"),
        from_others(referencedSecurityGroupId="sg-1"),
        changed(NODE, instanceType="c6i.xlarge"),
        changed(NODE, instanceType="c7i-flex.2xlarge"),
        changed(NODE, instanceType="u-6tb1.metal"),
        sized("master", "m5.large"),
        sized("master", "t3.large"),
        sized("bastion", "t3.small"),
    ],
)
def test_what_is_allowed_is_not_told(right: Resource) -> None:
    assert violated(right, MEMBERSHIP) == set()


def test_users_come_in_where_the_configuration_says() -> None:
    wanted = Wanted.of({"httpsPort": "8443"})
    assert violated(of_role("base", 8443), wanted=wanted) == set()
    assert violated(of_role("base", 443), wanted=wanted) == {"documented-ports"}
    assert violated(of_role("load-balancer", 8443), wanted=wanted) == set()
    assert violated(of_role("search", 8443, "10.5.0.0/24"), wanted=wanted) == {"documented-ports"}


def test_the_cluster_is_the_network_that_the_configuration_says() -> None:
    wanted = Wanted.of({"subnetCidr": "10.9.0.0/24"})
    assert violated(of_role("base", ports.REDIS, "10.9.0.0/24"), wanted=wanted) == set()
    told = violated(of_role("base", ports.REDIS, "10.5.0.0/24"), wanted=wanted)
    assert told == {"documented-ports"}


def test_data_needs_no_protection_once_it_may_go() -> None:
    bare = [replace(one, protect=False) for one in (VOLUME, BUCKET, SEARCH)]
    wanted = Wanted.of({"deleteData": "true"})
    assert violated(*bare, BUCKET_ENCRYPTION, wanted=wanted) == set()


@pytest.mark.parametrize("text", ["", "maybe", "[]"])
def test_a_value_that_the_program_refuses_allows_nothing(text: str) -> None:
    assert Wanted.of(dict.fromkeys(("httpsPort", "subnetCidr", "deleteData"), text)) == WANTED


@pytest.mark.parametrize(
    "membership",
    [
        [],
        [changed(MEMBERSHIP, delete=None)],
        [replace(MEMBERSHIP, name="node-2-membership")],
    ],
)
def test_a_node_without_what_drains_it_is_told(membership: list[Resource]) -> None:
    assert violated(NODE, *membership) == {"membership"}
    host = Resource("urn:s", "command:remote:Command", "node-1-start", {})
    assert violated(host, *membership) == {"membership"}


def test_a_standby_has_nothing_to_drain_until_it_starts() -> None:
    roused = Resource("urn:r", resource.LOCAL_COMMAND, "node-1-roused", {})
    start, hold = (replace(roused, urn=one, name=f"node-1-{one}") for one in ("start", "hold"))
    assert violated(NODE, roused) == set()
    assert violated(NODE, roused, start) == violated(NODE, roused, hold) == {"membership"}


def test_a_documented_port_that_no_rule_opens_is_told() -> None:
    group = Resource("urn:g", resource.SECURITY_GROUP, "node-security-group", TAGGED)
    told = [one.message for one in network_rules.missing_ports(WANTED, [group, TURN])]
    assert any("udp 40000 to 65535" in message for message in told)
    assert not any("tcp 443 to 443" in message for message in told)
    assert not any(f"tcp {ports.SSH} to" in message for message in told)


def used(props: Mapping[str, Any]) -> frozenset[str]:
    """What properties come from: the recorder's ids tell."""
    texts = [text for text in props.values() if isinstance(text, str)]
    return frozenset(f"urn:{text.removesuffix('-id')}" for text in texts if text.endswith("-id"))


@pytest.mark.parametrize("chosen", [{}, {"httpsPort": "8443", "subnetCidr": "10.9.0.0/24"}])
@pytest.mark.parametrize("shape", [{}, MANAGED], ids=["ha", "ha-managed"])
def test_the_program_keeps_every_rule(
    shape: Mapping[str, str], chosen: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = up({**example(), **shape, **chosen}, monkeypatch)
    resources = [
        Resource(f"urn:{name}", kind, name, props, protect=True, uses=used(props))
        for kind in {one.typ for one in recorder.registered}
        for name, props in recorder.of_type(kind).items()
    ]
    assert len([one for one in resources if one.type == resource.INGRESS]) > 10
    assert violated(*resources, wanted=Wanted.of(chosen)) == set()
