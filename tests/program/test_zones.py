"""The zones of `ha-managed`: which nodes are where, and what another zone changes."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv4Address, IPv4Network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.aws.addressing import in_own_network
from components.previous_state import PreviousState
from components.settings.mistakes import ConfigurationError
from components.settings.read import read
from components.settings.table import Settings
from tests.program.conftest import SECRETS
from tests.program.test_cluster import INSTANCE_TYPES, deploy
from tests.program.test_managed import Cloud, managed

__all__ = ["managed"]

INTERFACE = "aws:ec2/networkInterface:NetworkInterface"
SUBNET = "aws:ec2/subnet:Subnet"
URN = "urn:pulumi:dev::openvidu-enterprise"


@pytest.fixture(autouse=True)
def bastion_type(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(INSTANCE_TYPES, "t3.small", (2, 2048, ["x86_64"]))


def up(config: Mapping[str, str], state: Mapping[str, Any] | None = None) -> Cloud:
    cloud = Cloud()
    cloud.zones = ["eu-west-1a", "eu-west-1b", "eu-west-1c"]
    cloud.state |= state or {}
    deploy(dict(config), recorder=cloud)
    return cloud


def state_of(cloud: Cloud) -> dict[str, Any]:
    """What is in the state after such an update, as far as the network is told by it."""
    return {
        f"{URN}::{one.typ}::{one.name}": {
            "type": one.typ,
            "outputs": {
                **one.inputs,
                **({"privateIp": one.inputs["privateIps"][0]} if one.typ == INTERFACE else {}),
                **({"allocationId": "eipalloc-1"} if one.name.endswith("-address") else {}),
            },
        }
        for one in cloud.registered
        if one.typ in (INTERFACE, SUBNET, "aws:ec2/vpc:Vpc", "aws:ec2/eip:Eip")
    }


def divided_among_two(addresses: Mapping[str, str]) -> dict[str, Any]:
    """The state of a stack that is older than the room for a third zone."""
    outputs: dict[tuple[str, str], Any] = {
        ("aws:ec2/vpc:Vpc", "vpc"): {"cidrBlock": "10.5.0.0/24"},
        ("aws:ec2/eip:Eip", "bastion-address"): {"allocationId": "eipalloc-1"},
    }
    for number, zone in enumerate("ab"):
        cidr, named = f"10.5.0.{64 * number}/26", f"subnet-{number + 1}"
        outputs[SUBNET, named] = {"cidrBlock": cidr, "availabilityZone": f"eu-west-1{zone}"}
    for name, address in addresses.items():
        outputs[INTERFACE, f"{name}-interface"] = {"privateIp": address}
    return {
        f"{URN}::{kind}::{name}": {"type": kind, "outputs": one}
        for (kind, name), one in outputs.items()
    }


def nodes_at(cloud: Cloud) -> dict[str, tuple[str, str]]:
    """The subnet and address of each machine."""
    return {
        name.removesuffix("-interface"): (one["subnetId"].removesuffix("-id"), one["privateIps"][0])
        for name, one in cloud.of_type(INTERFACE).items()
    }


def test_a_zone_is_added_beside_the_others(managed: dict[str, str]) -> None:
    before = up({**managed, "nodeCount": "4"})
    more = {**managed, "nodeCount": "4", "availabilityZones": "3"}
    after = up(more, state_of(before))
    assert nodes_at(after) == nodes_at(before)
    subnets = {one: cloud.of_type(SUBNET) for one, cloud in (("old", before), ("new", after))}
    added = {name: one for name, one in subnets["new"].items() if name not in subnets["old"]}
    assert {**subnets["old"], **added} == subnets["new"]
    assert {name: (one["cidrBlock"], one["availabilityZone"]) for name, one in added.items()} == {
        "subnet-3": ("10.5.0.64/27", "eu-west-1c"),
        "services-subnet-3": ("10.5.0.160/27", "eu-west-1c"),
    }
    (balancer,) = after.of_type("aws:lb/loadBalancer:LoadBalancer").values()
    assert [one[:-3] for one in balancer["subnets"]] == [
        f"services-subnet-{number}" for number in (1, 2, 3)
    ]
    (domain,) = after.of_type("aws:opensearch/domain:Domain").values()
    assert domain["clusterConfig"]["zoneAwarenessConfig"] == {"availabilityZoneCount": 3}


def test_the_next_nodes_come_to_the_zone_that_was_added(managed: dict[str, str]) -> None:
    before = up({**managed, "nodeCount": "4"})
    after = up({**managed, "nodeCount": "7", "availabilityZones": "3"}, state_of(before))
    found = nodes_at(after)
    assert {name: found[name] for name in nodes_at(before)} == nodes_at(before)
    assert [found[f"node-{number}"][0] for number in (5, 6, 7)] == ["subnet-3"] * 2 + ["subnet-1"]
    again = up({**managed, "nodeCount": "7", "availabilityZones": "3"}, state_of(after))
    assert nodes_at(again) == found


def test_where_a_number_is_retired_the_next_one_takes_its_zone(managed: dict[str, str]) -> None:
    config = {**managed, "retiredNodes": "[2]"}
    assert nodes_at(up(config)) == {
        "bastion": ("subnet-1", "10.5.0.5"),
        "node-1": ("subnet-1", "10.5.0.6"),
        "node-3": ("subnet-2", "10.5.0.39"),
    }


def test_an_older_stack_stays_divided_as_it_is(managed: dict[str, str]) -> None:
    addresses = {"bastion": "10.5.0.5", "node-1": "10.5.0.6", "node-2": "10.5.0.70"}
    cloud = up({**managed, "nodeCount": "114"}, divided_among_two(addresses))
    found = nodes_at(cloud)
    assert {name: found[name][1] for name in addresses} == addresses
    assert found["node-3"] == ("subnet-1", "10.5.0.7")
    assert found["node-114"] == ("subnet-2", "10.5.0.126")
    services = cloud.of_type(SUBNET)["services-subnet-1"]
    assert services["cidrBlock"] == "10.5.0.128/26"


@pytest.mark.parametrize(
    ("config", "is_old", "told"),
    [
        ({"availabilityZones": "3"}, True, "must stay 2, as this stack's network is divided among"),
        ({"availabilityZones": "2"}, False, "must stay 3, where this stack's machines are, got 2"),
    ],
)
def test_zones_for_which_there_is_no_room_or_that_are_in_use_are_refused(
    managed: dict[str, str], config: Mapping[str, str], is_old: bool, told: str
) -> None:
    three = {**managed, "availabilityZones": "3"}
    state = divided_among_two({}) if is_old else state_of(up(three))
    with pytest.raises(ConfigurationError, match=f"availabilityZones: {told}") as refused:
        up({**managed, **config}, state)
    (mistake,) = refused.value.mistakes
    wanted = "2" if is_old else "3"
    assert mistake.command.startswith(f"pulumi config set availabilityZones {wanted}\n")


def test_a_small_network_has_no_room_for_a_third_zone(managed: dict[str, str]) -> None:
    small = {**managed, "subnetCidr": "10.5.0.0/25"}
    before = up(small)
    assert before.of_type(SUBNET)["subnet-2"]["cidrBlock"] == "10.5.0.32/27"
    with pytest.raises(ConfigurationError, match="too small for 6 subnets"):
        up({**small, "availabilityZones": "3"}, state_of(before))


def settings_of(config: Mapping[str, str]) -> Settings:
    return read(dict(config), SECRETS)


@given(
    updates=st.lists(
        st.tuples(
            st.integers(1, 12),
            st.sets(st.integers(1, 8), max_size=4),
            st.integers(2, 3),
            st.integers(0, 2),
        ),
        min_size=1,
        max_size=6,
    )
)
def test_whatever_comes_and_goes_no_machine_moves_and_no_two_meet(
    updates: list[tuple[int, set[int], int, int]],
) -> None:
    config = managed.__wrapped__()
    there: dict[str, str] = {}
    zones = 2
    for count, retired, wanted, standbys in updates:
        zones = max(zones, wanted)
        changed = {
            "nodeCount": str(count),
            "retiredNodes": str(sorted(retired)),
            "standbyNodes": str(standbys),
        }
        settings = settings_of({**config, **changed, "availabilityZones": str(zones)})
        addressing = in_own_network(settings, PreviousState(private_ips=there))
        found = addressing.private_ips
        assert {name: found[name] for name in there} == there
        assert len({*found.values()}) == len(found)
        for name, address in found.items():
            network: IPv4Network = settings.node_networks[addressing.subnets[name]]
            assert IPv4Address(address) in network
        stays = {settings.main_role.name, *(f"node-{one}" for one in settings.node_machines)}
        assert stays <= {*found}
        there = {name: found[name] for name in stays}
