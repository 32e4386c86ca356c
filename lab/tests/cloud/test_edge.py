"""AWS's edge as nftables text."""

from __future__ import annotations

from lab.cloud.edge import Edge, render


def test_a_public_address_leads_in_and_out() -> None:
    text = render(Edge({"203.0.113.7": "10.5.0.6"}, {"vpc-1": ["10.5.0.0/24"]}))
    assert "elements = { 203.0.113.7 : 10.5.0.6 }" in text
    assert "elements = { 10.5.0.6 : 203.0.113.7 }" in text


def test_without_machines_there_are_no_elements() -> None:
    text = render(Edge())
    assert "elements" not in text
    assert "policy drop" in text


def test_vpcs_do_not_mix() -> None:
    networks = {"vpc-1": ["10.5.0.0/24", "10.5.1.0/24"], "vpc-2": ["10.9.0.0/24"]}
    lines = [line for line in render(Edge({}, networks)).splitlines() if "original" in line]
    assert len(lines) == 2
    assert not any("10.5" in line and "10.9" in line for line in lines)
