"""Mirrors and a login on a cluster that carries calls: they come and go without a restart."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.lab.conftest import Lab, deployed
from tests.lab.watching import calls, scale, served

pytestmark = [pytest.mark.lab, pytest.mark.matrix, pytest.mark.xdist_group("mirror")]

PASSWORD = "password-of-the-registry"
WAY_OUT = "/var/lib/openvidu-way-out"
STARTED = "docker inspect --format '{{.State.StartedAt}}' $(docker ps --quiet | sort)"


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    """The example: a base and two nodes."""
    with deployed("mirror", "--example", "mirror") as lab:
        yield lab


def test_machines_get_scripts_and_images_from_the_mirror(lab: Lab) -> None:
    for name in ("base", "node-1", "node-2"):
        shown = "docker info --format '{{range .RegistryConfig.Mirrors}}{{.}} {{end}}'"
        assert lab.on(name, shown).strip() == "https://mirror.example.io"
    noted = lab.on("base", "cat /var/lib/openvidu-membership/install-scripts")
    assert noted.startswith(
        "https://mirror.example.io/openvidu/install_openvidu_enterprise_ha_node_"
    )
    assert set(lab.json("preview", "--json")["changeSummary"]) == {"same"}


def test_a_login_comes_and_a_mirror_goes_while_calls_go_on(lab: Lab) -> None:
    before = lab.on("node-1", STARTED)
    with calls(lab, "4s..8s"):
        lab.ok("config", "set", "dockerRegistryUser", "openvidu")
        lab.ok("config", "set", "--secret", "dockerRegistryPassword", PASSWORD)
        printed = lab.ok("up")
        kept = lab.on("node-1", f"stat --format %a {WAY_OUT} {WAY_OUT}/docker/config.json")
        assert kept.split() == ["700", "600"]
        lab.ok("config", "set", "dockerRegistry", "docker.io")
        printed += lab.ok("up")
        assert lab.on("node-1", f"ls {WAY_OUT} /etc/docker").split() == [
            "/etc/docker:",
            f"{WAY_OUT}:",
            "docker",
        ]
        for key in ("dockerRegistry", "dockerRegistryUser", "dockerRegistryPassword"):
            lab.ok("config", "rm", key)
        printed += lab.ok("up")
    assert lab.on("node-1", f"ls -d {WAY_OUT} 2>/dev/null || echo gone").strip() == "gone"
    assert lab.on("node-1", STARTED) == before
    assert PASSWORD not in printed + json.dumps(lab.json("state"))


def test_nodes_come_and_go(lab: Lab) -> None:
    with calls(lab, "4s..8s"):
        scale(lab, 3)
        assert served(lab) == ["10.5.0.6", "10.5.0.7", "10.5.0.8"]
        assert set(lab.json("preview", "--json")["changeSummary"]) == {"same"}
        scale(lab, 2)
    lab.ok("destroy")
