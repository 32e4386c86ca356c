"""Each rule, kept by what the program deploys, and broken."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from openvidu import ports
from policy import rules
from policy.resource import Resource
from policy.rules import RESOURCE_RULES, STACK_RULES
from tests.program.conftest import example
from tests.program.test_cluster import deploy
from tests.program.test_managed import up

TAGS = {"Name": "openvidu-prod-node-1", "project": "openvidu-enterprise", "stack": "prod"}
TAGGED = {"tags": {**TAGS, "role": "node"}}
ENCRYPTED = {"rootBlockDevice": {"encrypted": True, "volumeSize": 100}}
NODE = Resource(
    "urn:node-1",
    rules.INSTANCE,
    "node-1",
    {
        **TAGGED,
        **ENCRYPTED,
        "instanceType": "c5.2xlarge",
        "metadataOptions": {"httpTokens": "required"},
    },
)
VOLUME = Resource("urn:base-data", rules.VOLUME, "base-data", {**TAGGED, "encrypted": True}, True)
TURN = Resource(
    "urn:turn",
    rules.INGRESS,
    "node-turn-tcp-from-world-ipv4",
    {**TAGGED, "ipProtocol": "tcp", "fromPort": 443, "toPort": 443, "cidrIpv4": "0.0.0.0/0"},
)
MEMBERSHIP = Resource(
    "urn:m", rules.LOCAL_COMMAND, "node-1-membership", {"delete": "exec bash -c drain"}
)


def changed(resource: Resource, **props: Any) -> Resource:
    return replace(resource, props={**resource.props, **props})


def violated(*resources: Resource) -> set[str]:
    """The names of the rules that these resources break, port tables apart."""
    alone = {rule.name for rule in RESOURCE_RULES for one in resources if [*rule.violations(one)]}
    together = {rule.name for rule in STACK_RULES if [*rule.violations(resources)]}
    return alone | together


def test_what_is_right_breaks_no_rule() -> None:
    assert violated(NODE, VOLUME, TURN, MEMBERSHIP) == set()


def opened(**props: Any) -> Resource:
    return changed(TURN, **props)


@pytest.mark.parametrize(
    ("broken", "rule"),
    [
        (opened(fromPort=8888, toPort=8888), "documented-ports"),
        (opened(ipProtocol="udp", fromPort=3000, toPort=3000), "documented-ports"),
        # Documented, but for the cluster's network alone.
        (opened(fromPort=3000, toPort=3000), "documented-ports"),
        (opened(tags={**TAGS, "role": "redis"}), "documented-ports"),
        (
            Resource("urn:g", rules.SECURITY_GROUP, "g", {**TAGGED, "ingress": [{"fromPort": 1}]}),
            "documented-ports",
        ),
        (opened(fromPort=22, toPort=22), "no-world-open-ssh"),
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
        (replace(VOLUME, protect=False), "protected-data"),
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
        changed(NODE, instanceType="c6i.xlarge"),
        replace(
            changed(TURN, tags={**TAGS, "role": "base"}, fromPort=8443, toPort=8443),
            name="base-https-from-world-ipv4",
        ),
    ],
)
def test_what_is_allowed_is_not_told(right: Resource) -> None:
    assert violated(right, MEMBERSHIP) == set()


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


def test_a_documented_port_that_no_rule_opens_is_told() -> None:
    group = Resource("urn:g", rules.SECURITY_GROUP, "node-security-group", TAGGED)
    told = [message for _, message in rules.missing_ports([group, TURN])]
    assert any("udp 40000 to 65535" in message for message in told)
    assert not any("tcp 443 to 443" in message for message in told)
    assert not any(f"tcp {ports.SSH} to" in message for message in told)


def _ha(patch: pytest.MonkeyPatch) -> Any:
    del patch
    return deploy(example())


def _managed(patch: pytest.MonkeyPatch) -> Any:
    own = {"shape": "ha-managed", "certificateType": "acm", "hostedZoneId": "Z1"}
    return up({**example(), **own, "elasticsearchPassword": "Secret-of-search-1"}, patch)


@pytest.mark.parametrize("deployed", [_ha, _managed], ids=["ha", "ha-managed"])
def test_the_program_keeps_every_rule(
    deployed: Callable[[pytest.MonkeyPatch], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = deployed(monkeypatch)
    resources = [
        Resource(f"urn:{name}", kind, name, props, protect=True)
        for kind in {one.typ for one in recorder.registered}
        for name, props in recorder.of_type(kind).items()
    ]
    assert len([one for one in resources if one.type == rules.INGRESS]) > 10
    assert violated(*resources) == set()
