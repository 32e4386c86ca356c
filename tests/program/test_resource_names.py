"""Logical names of resources: of which machine each one is, and what of it."""

from __future__ import annotations

import pytest

from components.resource_names import ResourceName, node_number, of_urn, parse


@pytest.mark.parametrize(
    ("name", "machine", "part", "node"),
    [
        ("base", "base", "", None),
        ("master-data", "master", "data", None),
        ("bastion-host-key", "bastion", "host-key", None),
        ("node-12", "node-12", "", 12),
        ("node-3-membership", "node-3", "membership", 3),
        ("node-3-https-443", "node-3", "https-443", 3),
    ],
)
def test_a_name_says_of_which_machine_it_is(
    name: str, machine: str, part: str, node: int | None
) -> None:
    found = of_urn(f"urn:pulumi:dev::openvidu-enterprise::command:local:Command::{name}")
    assert found == ResourceName(machine, part)
    assert found.node == node


@pytest.mark.parametrize("name", ["vpc", "configuration", "node-0", "node-01-start", "database"])
def test_what_is_of_no_machine_has_no_machines_name(name: str) -> None:
    assert parse(name) is None


def test_only_nodes_have_numbers() -> None:
    assert (node_number("node-7"), node_number("base")) == (7, None)
