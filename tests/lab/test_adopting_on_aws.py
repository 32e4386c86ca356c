"""EC2 instances that were made by hand are taken over during calls; AWS makes the next ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.lab.by_the_page import Owned, owned_cluster
from tests.lab.conftest import Lab
from tests.lab.test_adopting import CALLS, INSTALLED, STARTED
from tests.lab.watching import require_all_ended, scale, served

pytestmark = [pytest.mark.lab, pytest.mark.matrix, pytest.mark.xdist_group("adopting-on-aws")]
NAMED = ("base=tag:role=base", "tag:role=node")


@pytest.fixture(scope="module")
def owned() -> Iterator[Owned]:
    with owned_cluster("adopting-on-aws") as owned:
        yield owned


def running(lab: Lab) -> Mapping[str, Any]:
    """The instances that run, by name."""
    hosts: Mapping[str, Any] = lab.json("status", "--json")["hosts"]
    return {name: one for name, one in hosts.items() if one["running"]}


def test_instances_are_imported_without_a_restart_and_scale(owned: Owned) -> None:
    lab, names = owned.lab, owned.names
    before = {name: (lab.on(name, STARTED), lab.on(name, INSTALLED)) for name in names}
    owned.start_calls(CALLS, 150)
    # The lab logs who deploys in at AWS where that is what a stack is for.
    for key, value in (("machines", "aws"), ("aws:region", "eu-west-1")):
        lab.ok("config", "set", key, value)
    adopted = owned.adopt("--ssh-cidr", "198.51.100.0/24", *NAMED)
    assert adopted.returncode == 0, adopted.stdout + adopted.stderr

    foreseen: Mapping[str, Any] = lab.json("preview", "--json")
    # Instance, interface and address of each; nothing that is there is changed.
    assert foreseen["changeSummary"].keys() == {"create", "import", "same"}
    assert foreseen["changeSummary"]["import"] == 3 * len(names)
    printed = lab.ok("up")
    assert {name: (lab.on(name, STARTED), lab.on(name, INSTALLED)) for name in names} == before, (
        printed
    )
    assert set(lab.json("preview", "--json")["changeSummary"]) == {"same"}
    # All of them were there while the cluster was taken over.
    assert lab.json("calls", "report", "--json")["live"] == CALLS

    # The next one is made, and those that were there let it in.
    scale(lab, 4)
    assert len(served(lab)) == 4
    scale(lab, 2)
    assert served(lab) == ["10.5.0.6", "10.5.0.7"]
    require_all_ended(lab)
    # What AWS made is gone; what the owner made stays, and its OpenVidu is stopped.
    assert [*running(lab)] == names
    assert lab.on("node-3", "docker ps --quiet") == ""
    assert lab.on("node-3", "ls /opt/openvidu/openvidu /opt/openvidu/.env").count("\n") == 2

    lab.ok("config", "set", "--path", "hosts[2].adopted", "false")
    lab.ok("up")
    scale(lab, 1)
    assert [*running(lab)] == ["base", "node-1", "node-3"]
    assert served(lab) == ["10.5.0.6"]
    assert set(lab.json("preview", "--json")["changeSummary"]) == {"same"}

    lab.ok("destroy")
    assert [*running(lab)] == ["base", "node-1", "node-3"]
    assert lab.on("base", "ls /opt/ov-enterprise-base-services/.env") != ""
