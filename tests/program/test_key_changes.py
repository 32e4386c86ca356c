"""What docs/configuration.md says of keys that the example hasn't is what changes in the program.

Those of the example are changed on a cluster that is deployed, in tests/lab/test_changes.py.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from cryptography import x509

from components.existing import host_checks
from components.settings.change_kind import Change
from components.settings.table import keys
from scripts.init_stack import make_ssh_key
from tests.program.conftest import example, ssh_key
from tests.program.test_certificates import DOMAIN, OWN, certificate
from tests.program.test_certificates import configured as with_certificate
from tests.program.test_cluster import INSTANCE_TYPES, JUMP, Recorder, deploy, without_secrets
from tests.program.test_existing import configured as with_hosts
from tests.program.test_existing import host
from tests.program.test_managed import SERVICES, Cloud

MANAGED = {
    "shape": "ha-managed",
    "certificateType": "acm",
    "hostedZoneId": "Z1",
    "elasticsearchPassword": "Secret-of-search-1",
}
SEARCH = {key: SERVICES[key] for key in ("elasticsearchUrl", "kibanaUrl")}
PUBLIC, PRIVATE = make_ssh_key()
RESTARTS = {
    Change.NODES_RESTART: {"nodes restart"},
    Change.BASE_RESTARTS: {"services restart"},
    Change.ALL_RESTARTS: {"services restart", "nodes restart"},
    Change.STOP: {"the machine is stopped"},
    Change.NODE_BY_NODE: {"a node is replaced"},
}
OF_MANAGED: Mapping[str, Mapping[str, str]] = {
    "bastionInstanceType": {"bastionInstanceType": "t3.medium"},
    "redisNodeType": {"redisNodeType": "cache.m6g.large"},
    "searchInstanceType": {"searchInstanceType": "m5.xlarge.search"},
    "permissionsBoundary": {"permissionsBoundary": "arn:aws:iam::123456789012:policy/boundary"},
    "iamPath": {"iamPath": "/calls/"},
    "bucketVersionDays": {"bucketVersionDays": "90"},
    "redisHost": {"redisHost": SERVICES["redisHost"]},
    "s3Endpoint": {"s3Endpoint": SERVICES["s3Endpoint"], "s3AccessKey": "AKIA1234"},
    "elasticsearchUrl": SEARCH,
    "kibanaUrl": SEARCH,
}
OTHERWISE_WITH_MANAGED: Mapping[str, tuple[Mapping[str, str], set[str]]] = {
    "domainOrPublicIp": ({"domainOrPublicIp": "other.example.io"}, {"nodes restart"}),
    "httpsPort": ({"httpsPort": "8443"}, {"nodes restart"}),
    "httpPort": ({"httpPort": "8080"}, set()),
    "certificateType": (with_certificate({}, OWN), set()),
    "openviduSecret": ({"openviduSecret": "another-openvidu"}, {"nodes restart"}),
}
"""What the page says in a table of its own."""
OF_LOGIN: Mapping[str, Mapping[str, str]] = {
    "sshAgent": {"sshAgent": "true", "sshPrivateKey": ""},
    "sshPublicKey": {"sshPublicKey": PUBLIC, "sshPrivateKey": PRIVATE},
    "sshPrivateKey": {"sshPublicKey": PUBLIC, "sshPrivateKey": PRIVATE},
}
OF_HOSTS: Mapping[str, Mapping[str, str]] = {
    "installDocker": {"installDocker": "true"},
    "sshUser": {"sshUser": "admin"},
    "sshJumpPrivateKey": {"sshJumpPrivateKey": ssh_key()[1]},
}
ELSEWHERE = {
    "mediaNodes": "test_other_media_nodes_restart_the_master",
    "ownCertificate": "test_another_certificate_restarts_nothing",
    "ownPrivateKey": "test_another_certificate_restarts_nothing",
    "hosts": "test_another_host_is_another_machine_for_a_node_that_is_on_it",
    "machines": "test_cluster.test_a_stack_keeps_its_kind_of_machines",
    "sshVia": "test_session_manager.test_another_way_restarts_nothing",
    "subnetIds": "test_owners_network.test_a_subnet_more_is_for_the_nodes_that_come",
    "availabilityZones": "test_zones.test_a_zone_is_added_beside_the_others",
}
"""Keys with a test of their own, by its name."""
COVERED = {*OF_MANAGED, *OF_LOGIN, *OF_HOSTS, *ELSEWHERE}


class Compared:
    """What one configuration registers, and what another does.

    Attributes:
        names: the resources that differ.
        restarts: what of that has calls on it and restarts, stops or goes.
    """

    def __init__(self, before: Mapping[str, str], after: Mapping[str, str]) -> None:
        first, second = (_registered(tuple(config.items())) for config in (before, after))
        both = first.keys() | second.keys()
        self.names = {name for name in both if first.get(name) != second.get(name)}
        self.restarts = {
            what
            for what, name, member in _MARKS
            if _value(first.get(name, {}), member) != _value(second.get(name, {}), member)
        }


_MARKS = (
    ("nodes restart", "configuration", "CONFIGURATION"),
    ("services restart", "base-quiet", "CONFIGURATION"),
    ("services restart", "master-quiet", "CONFIGURATION"),
    ("the machine is stopped", "base", "instanceType"),
    ("a node is replaced", "node-1", "instanceType"),
    ("a node is replaced", "node-1", "NODE_IP"),
)


@functools.cache
def _registered(config: tuple[tuple[str, str], ...]) -> Mapping[str, Mapping[str, Any]]:
    recorder = Cloud() if ("shape", "ha-managed") in config else Recorder()
    deploy(dict(config), recorder=recorder)
    return {one.name: one.inputs for one in recorder.registered if ":index:" not in one.typ}


def _value(inputs: Mapping[str, Any], member: str) -> object:
    return inputs.get(member) or (inputs.get("environment") or {}).get(member)


@pytest.fixture(autouse=True)
def types_of_bastions(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("t3.small", "t3.medium"):
        monkeypatch.setitem(INSTANCE_TYPES, name, (2, 4096, ["x86_64"]))
    monkeypatch.setattr(host_checks, "check", lambda settings, previous: None)


@pytest.mark.parametrize("key", OF_MANAGED)
def test_a_key_of_managed_services_does_what_the_table_says(key: str) -> None:
    before = {**example(), **MANAGED}
    compared = Compared(before, {**before, **OF_MANAGED[key]})
    assert compared.restarts == RESTARTS.get(keys()[key].change, set())
    assert compared.names


@pytest.mark.parametrize("key", OTHERWISE_WITH_MANAGED)
def test_what_a_key_does_otherwise_with_managed_services_is_told(key: str) -> None:
    changes, expected = OTHERWISE_WITH_MANAGED[key]
    before = {**example(), **MANAGED}
    compared = Compared(before, {**before, **changes})
    assert compared.restarts == expected
    assert compared.names


@pytest.mark.parametrize("key", OF_LOGIN)
def test_another_login_restarts_nothing(key: str) -> None:
    compared = Compared(example(), {**example(), **OF_LOGIN[key]})
    assert not compared.restarts
    assert "base-start" in compared.names


@pytest.mark.parametrize("key", OF_HOSTS)
def test_a_key_of_machines_that_exist_restarts_nothing(key: str) -> None:
    before = with_hosts(host(0), host(1, sshJump=JUMP), host(2))
    compared = Compared(before, {**before, **OF_HOSTS[key]})
    assert not compared.restarts
    assert compared.names


def test_another_host_is_another_machine_for_a_node_that_is_on_it() -> None:
    before = with_hosts(host(0), host(1), host(2))
    assert not Compared(before, with_hosts(host(0), host(1), host(2), host(3))).names
    moved = Compared(before, with_hosts(host(0), host(3), host(2)))
    assert moved.restarts == {"a node is replaced"}


def test_other_media_nodes_restart_the_master() -> None:
    before = {**example(), "shape": "single-master"}
    compared = Compared(before, {**before, "mediaNodes": json.dumps(["10.5.0.20"])})
    assert compared.restarts == RESTARTS[keys()["mediaNodes"].change]


def test_who_is_told_of_nodes_is_noted_on_the_base_and_changes_nothing_else() -> None:
    told = {**example(), "notify": '["slack=https://hooks.slack.com/services/T0/B0/x"]'}
    compared = Compared(example(), told)
    assert keys()["notify"].change is Change.NOTED
    assert compared.names == {"base-drain-policy"}
    assert not Compared(example(), {**example(), "notify": "[]"}).names
    registered = _registered(tuple(told.items()))["base-drain-policy"]
    assert "hooks.slack.com" in json.dumps(registered)
    assert "hooks.slack.com" not in json.dumps(without_secrets(registered))


def test_another_certificate_restarts_nothing() -> None:
    other = certificate(x509.DNSName(DOMAIN), lasts=timedelta(days=90))
    compared = Compared(with_certificate(example(), OWN), with_certificate(example(), other))
    assert keys()["ownCertificate"].change is keys()["ownPrivateKey"].change is Change.RELOAD
    assert compared.names == {"base-certificate"}
