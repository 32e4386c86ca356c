"""A single master: deployed as documented, restarted at a moment without calls, and removed."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from openvidu.release import MASTER
from tests.lab.conftest import Lab, new_lab
from tests.lab.walking import require_update_to_fail, walk
from tests.lab.watching import (
    require_allowed,
    require_order,
    start_calls,
    update_waits_for_calls,
)

pytestmark = [pytest.mark.lab, pytest.mark.slow, pytest.mark.xdist_group("single-master")]


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    lab = new_lab("master")
    try:
        assert "Without mediaNodes the master can't carry calls" in lab.ok(
            "up", "--example", "single-master"
        )
        yield lab
    finally:
        lab.ok("reset")


def env(lab: Lab, key: str) -> str:
    return lab.on("master", f"sed -n 's/^{key}=//p' {MASTER.folder}/.env").strip()


def test_the_master_serves_what_the_page_promises(lab: Lab) -> None:
    assert env(lab, "OPENVIDU_EDITION") == "enterprise"
    assert lab.on("master", f"stat -c %a {MASTER.folder}/.env").strip() == "600"
    outputs = lab.json("status", "--json")["outputs"]
    for name in ("callUrl", "inspectorUrl"):
        assert "OpenVidu" in lab.ok("curl", outputs[name])
    assert "Kibana" in lab.ok("curl", outputs["kibanaUrl"], "--location")
    assert set(lab.json("preview", "--json")["changeSummary"]) == {"same"}


def test_the_status_of_a_master_without_media_nodes_is_told(lab: Lab) -> None:
    done = lab.run("run", "--", "python", "-m", "scripts.status", "--json")
    found = json.loads(done.out)
    assert done.status == 1, done.err
    assert found["state"] == "DOWN"
    assert found["machines"]["master"]["calls"] == 0
    assert "The cluster's health is DOWN" in found["remarks"][0]


def test_another_shape_takes_another_stack(lab: Lab) -> None:
    lab.ok("config", "set", "shape", "ha")
    refused = lab.run("up")
    lab.ok("config", "set", "shape", "single-master")
    assert refused.status != 0
    assert "shape: must stay as this stack's machines are, got ha" in refused.out


def test_a_change_waits_for_calls_and_restarts_the_master(lab: Lab) -> None:
    # What stands for a media node: a port that answers.
    listen = (
        "import socketserver as s; s.TCPServer(('', 8888), s.BaseRequestHandler).serve_forever()"
    )
    lab.on("master", f'nohup python3 -c "{listen}" >/dev/null 2>&1 &')
    lab.ok("run", "--", *["pulumi", "config", "set", "--path", "mediaNodes[0]", "10.5.0.5"])
    assert "It waits for a moment without calls" in lab.ok("preview")
    lab.ok("up")
    assert lab.json("status", "--json")["health"]["status"] == "UP"
    start_calls(lab)
    lab.ok("config", "set", "recording", "true")
    update_waits_for_calls(lab)
    assert env(lab, "OPENVIDU_RECORDING") == "true"
    assert lab.json("status", "--json")["health"]["status"] == "UP"


def test_a_port_is_closed_when_nobody_comes_in_there_any_more(lab: Lab) -> None:
    start_calls(lab)
    lab.ok("config", "set", "httpsPort", "8443")
    printed = update_waits_for_calls(lab)
    require_order(
        printed,
        r"master-https-8443-from-world-ipv4 created",
        r"master-quiet updating",
        r"master-start created",
        r"master-https-from-world-ipv4 deleting",
    )
    assert "OpenVidu" in lab.ok("curl", lab.json("status", "--json")["outputs"]["callUrl"])
    assert set(lab.json("preview", "--json")["changeSummary"]) == {"same"}


@pytest.mark.matrix
def test_an_update_does_not_end_well_with_a_master_that_is_dead(lab: Lab) -> None:
    require_update_to_fail(lab, "master")
    # Its media node was an open port.
    walk(lab, "master").go(but="The cluster's health is DOWN")
    lab.ok("up")


def test_destroy_leaves_nothing(lab: Lab) -> None:
    lab.ok("destroy")
    assert lab.json("status", "--json")["hosts"] == {}
    require_allowed(lab, "single-master")


@pytest.mark.matrix
def test_a_machine_that_exists_carries_a_master_is_upgraded_and_left_as_it_was_found() -> None:
    lab = new_lab("office-master")
    try:
        lab.ok("up", "--example", "existing-master", "--config", "openviduVersion=2.29.0")
        lab.on("master", f"echo kept >{MASTER.folder}/elasticsearch/marker")
        lab.ok("config", "set", "openviduVersion", "2.30.0")
        lab.ok("up")
        compose = lab.on("master", f"cat {MASTER.folder}/docker-compose.yml")
        assert "Openvidu Version: 2.30.0" in compose
        assert set(lab.json("preview", "--json")["changeSummary"]) == {"same"}
        assert env(lab, "OPENVIDU_EDITION") == "enterprise"
        resources = lab.json("state")["deployment"]["resources"]
        assert not [one["type"] for one in resources if one["type"].startswith("aws:")]
        assert "OpenVidu" in lab.ok("curl", lab.json("status", "--json")["outputs"]["callUrl"])
        lab.ok("destroy")
        assert lab.on("master", "cat /opt/openvidu.data-*/elasticsearch/marker") == "kept\n"
        assert lab.on("master", "ls -d /opt/openvidu /usr/bin/docker 2>/dev/null") == ""
    finally:
        lab.ok("reset")
