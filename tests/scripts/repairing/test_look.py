"""What is seen of a machine, put together: when it works, and what is told of it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from components.cluster_observation import Unseen
from scripts.memberships import Concluded, Membership
from scripts.pulumi_cli import PulumiError
from scripts.repairing.ladder import MachineObservation
from scripts.repairing.look import Patient
from scripts.stack_machines import Machine

BASE = Machine("base", "203.0.113.5", {}, "")
BASTION = replace(BASE, name="bastion")
MASTER = replace(BASE, name="master")
NODE = replace(BASE, name="node-2")
MEMBERSHIP = Membership(2, {"NODE_IP": "10.5.0.7"}, "")
USAGE = "4\n2.00 1.0 0.5 1/100 99\nMemTotal:  8000 kB\nMemAvailable:  6000 kB\nclock 1704103800\n"
DEAD_DOCKER = f"{USAGE}containers unknown\n"
ENDED = f"{USAGE}container redis|exited|0|2024-01-01T09:00:00.1Z|137|always|False\n"
FULL = f"{USAGE}/dev/root 100 99 1 99% /\n"
OVERVIEW = {"isOpen": True, "nodes": {"10.5.0.7": {"inService": True, "calls": 3}}}
SERVES = Concluded("serving", "it answers", 3)
NOBODY = Unseen("Connection timed out")
REFUSED = PulumiError("node-2, 203.0.113.5: usage refused: ubuntu@x doesn't take sshPrivateKey.")


def seen(
    machine: Machine,
    entered: str | PulumiError = USAGE,
    *,
    port: bool | None = None,
    concluded: Concluded | Unseen = SERVES,
    **told: Any,
) -> MachineObservation:
    membership = MEMBERSHIP if machine is NODE else None
    patient = Patient(machine, BASE, membership, None, lambda _: pytest.fail("no AWS"), 443)
    says = concluded if membership else None
    return patient._seen(None, entered, json.dumps({**OVERVIEW, **told}), says, port)


def test_who_is_well_works() -> None:
    assert seen(BASE, port=True).works
    assert seen(NODE).works


@pytest.mark.parametrize("entered", [DEAD_DOCKER, ENDED])
@pytest.mark.parametrize("machine", [BASE, NODE], ids=["base", "node"])
def test_a_dead_docker_or_service_is_no_machine_that_works(machine: Machine, entered: str) -> None:
    found = seen(machine, entered)
    assert not found.works
    assert any(line.startswith("containers: ") for line in found.told)


def test_a_base_that_takes_no_requests_does_not_work() -> None:
    assert not seen(BASE, isOpen=False).works
    # A bastion leads nowhere but to nodes: theirs are the ports.
    assert seen(BASTION, isOpen=False).works


def test_a_full_disk_is_told_with_what_makes_room() -> None:
    found = seen(BASE, FULL)
    assert found.works
    assert found.full.startswith("uv run openvidu-enterprise ssh base -- sudo docker image prune")
    assert any(line.startswith("disk: 99 % of /") for line in found.told)


def test_a_refused_key_is_told_apart_from_silence() -> None:
    assert seen(BASE, REFUSED).refuses_key
    assert not seen(BASE, PulumiError("base: can't be reached: Connection timed out")).refuses_key
    assert not seen(BASE).refuses_key


def test_a_node_says_what_it_can_where_the_base_cannot_be_asked() -> None:
    found = seen(NODE, FULL, concluded=NOBODY)
    assert (found.works, found.conclusion, found.calls) == (False, None, None)
    assert found.full
    assert found.told[-1] == "cluster: the base can't be asked: Connection timed out"
    assert seen(NODE, REFUSED, concluded=NOBODY).refuses_key
    assert seen(NODE, DEAD_DOCKER, concluded=NOBODY).docker_is_dead


def test_calls_are_counted_where_somebody_tells_them() -> None:
    assert seen(BASE).calls == 3
    assert seen(BASE, nodes={"10.5.0.6": {}, "10.5.0.7": {"calls": 3}}).calls is None
    assert seen(MASTER, nodes={}, calls=2).calls == 2
    assert seen(BASTION, nodes={}).calls is None
