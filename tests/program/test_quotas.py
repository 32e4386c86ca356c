"""What is wanted in excess of the account's quotas is refused, and nothing else is."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.aws import quotas
from components.aws.machine_types import InstanceType
from components.aws.quotas import ADDRESSES, RULES, VCPUS, Account
from components.previous_state import PreviousState
from components.settings.mistakes import Mistake
from components.settings.read import read
from components.settings.table import Settings
from tests.program.conftest import SECRETS, example

TYPES: dict[str, InstanceType | None] = {
    "c5.2xlarge": InstanceType("c5.2xlarge", 8, 16384, ("x86_64",)),
    "c5.4xlarge": InstanceType("c5.4xlarge", 16, 32768, ("x86_64",)),
    "g4dn.2xlarge": InstanceType("g4dn.2xlarge", 8, 32768, ("x86_64",)),
}
STANDARD, GRAPHICS = "L-1216C47A", "L-DB2E81BA"


def settings(nodes: int, **changes: str) -> Settings:
    types = {"baseInstanceType": "c5.2xlarge", "nodeInstanceType": "c5.2xlarge"}
    return read({**example(), **types, "nodeCount": str(nodes), **changes}, SECRETS)


def account(
    vcpus: int = 1000, addresses: int = 1000, own: tuple[str, ...] = (), others: int = 0
) -> Account:
    holds = {ADDRESSES.code: addresses, **{quota.code: vcpus for quota in VCPUS}}
    return Account("eu-west-1", holds, frozenset(own), others)


def previous(nodes: int, instance_type: str = "c5.2xlarge") -> PreviousState:
    names = ["base", *(f"node-{number}" for number in range(1, nodes + 1))]
    return PreviousState(
        instance_types=dict.fromkeys(
            ("base", *(f"node-{number}" for number in range(1, nodes + 1))), instance_type
        ),
        addresses={name: f"eipalloc-{name}" for name in names},
    )


def mistakes(wanted: Settings, deployed: PreviousState, has: Account) -> list[Mistake]:
    return quotas.find_mistakes(wanted, deployed, TYPES, has)


def test_more_vcpus_than_the_quota_holds_are_refused_with_what_fits() -> None:
    [mistake] = mistakes(settings(3), PreviousState(), account(vcpus=24))
    assert mistake.key == "nodeCount"
    assert mistake.problem == (
        "is 3: base and nodes take 32 vCPUs, and the quota L-1216C47A (Running On-Demand "
        "Standard (A, C, D, H, I, M, R, T, Z) instances) holds 24 in eu-west-1"
    )
    assert mistake.command == (
        "pulumi config set nodeCount 2\n"
        "      or: aws service-quotas request-service-quota-increase --region eu-west-1 "
        "--service-code ec2 --quota-code L-1216C47A --desired-value 32"
    )
    assert not mistakes(settings(2), PreviousState(), account(vcpus=24))


def test_families_have_quotas_of_their_own() -> None:
    wanted = settings(2, nodeInstanceType="g4dn.2xlarge")
    assert {quota.code for quota in quotas.wanted(wanted, PreviousState())} == {
        ADDRESSES.code,
        STANDARD,
        GRAPHICS,
    }
    holds = {STANDARD: 8, GRAPHICS: 8}
    [mistake] = mistakes(wanted, PreviousState(), Account("eu-west-1", holds))
    assert f"{GRAPHICS} (Running On-Demand G and VT instances) holds 8" in mistake.problem
    assert "pulumi config set nodeCount 1" in mistake.command


def test_elastic_ips_of_others_count() -> None:
    [mistake] = mistakes(settings(2), PreviousState(), account(addresses=5, others=3))
    assert "3 Elastic IPs beside 3 others in the account" in mistake.problem
    assert "holds 5" in mistake.problem
    assert not mistakes(settings(2), PreviousState(), account(addresses=6, others=3))


def test_an_elastic_ip_left_by_a_killed_update_is_used_again() -> None:
    own = ("eipalloc-base", "eipalloc-node-1", "eipalloc-left")
    assert not mistakes(settings(2), previous(1), account(addresses=3, own=own))


def test_a_node_that_leaves_keeps_its_elastic_ip_until_it_has_drained() -> None:
    own = tuple(previous(2).addresses.values())
    wanted = settings(2, retiredNodes="[1]")
    assert wanted.node_numbers == (2, 3)
    [mistake] = mistakes(wanted, previous(2), account(addresses=3, own=own))
    assert "4 Elastic IPs (1 for leaving nodes, until they have drained)" in mistake.problem


def test_more_networks_than_a_security_group_takes_are_refused() -> None:
    many = settings(1, sshCidrs=json.dumps([f"203.0.113.{last}" for last in range(61)]))
    assert RULES in quotas.wanted(many, previous(1))
    [mistake] = mistakes(many, previous(1), Account("eu-west-1", {RULES.code: 60}))
    assert mistake.key == "sshCidrs"
    assert re.match(r"makes \d\d rules in one security group, but the quota", mistake.problem)
    assert "--service-code vpc --quota-code L-0EA8095F" in mistake.command
    assert not mistakes(many, previous(1), Account("eu-west-1", {RULES.code: 200}))
    assert RULES not in quotas.wanted(settings(1), previous(1))


@pytest.mark.parametrize("known", [{}, {STANDARD: 8}])
def test_a_quota_that_nobody_told_refuses_nothing(known: dict[str, int]) -> None:
    wanted = settings(5, nodeInstanceType="g4dn.2xlarge")
    assert not mistakes(wanted, PreviousState(), Account("eu-west-1", known))


@given(before=st.integers(1, 8), after=st.integers(1, 8), vcpus=st.integers(0, 80))
def test_fewer_nodes_or_as_many_always_pass(before: int, after: int, vcpus: int) -> None:
    own = tuple(previous(before).addresses.values())
    found = mistakes(settings(after), previous(before), account(vcpus, 1, own))
    assert bool(found) == (after > before)


@given(nodes=st.integers(1, 20), vcpus=st.integers(16, 200))
def test_what_is_said_to_fit_does(nodes: int, vcpus: int) -> None:
    found = mistakes(settings(nodes), PreviousState(), account(vcpus))
    if found:
        fits = int(found[0].command.split()[4])
        assert fits < nodes
        assert not mistakes(settings(fits), PreviousState(), account(vcpus))
        assert mistakes(settings(fits + 1), PreviousState(), account(vcpus))


def test_a_larger_type_needs_its_vcpus_at_once() -> None:
    wanted = settings(2, nodeInstanceType="c5.4xlarge")
    own = tuple(previous(2).addresses.values())
    [mistake] = mistakes(wanted, previous(2), account(vcpus=39, own=own))
    assert "take 40 vCPUs" in mistake.problem
    assert not mistakes(wanted, previous(2), account(vcpus=40, own=own))


def test_nothing_is_asked_when_nothing_new_is_made() -> None:
    assert not quotas.wanted(settings(2), previous(2))
    assert not quotas.wanted(settings(1), previous(2))
    assert [quota.code for quota in quotas.wanted(settings(3), previous(2))] == [
        ADDRESSES.code,
        STANDARD,
    ]
