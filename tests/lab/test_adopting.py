"""A cluster that was made by hand is taken over while calls go on, and scales from then on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.lab.by_the_page import Owned, owned_cluster
from tests.lab.watching import require_all_ended, scale, served

pytestmark = [pytest.mark.lab, pytest.mark.matrix, pytest.mark.xdist_group("adopting")]

CALLS = 30
STARTED = "docker ps --format '{{.ID}} {{.Names}}' | sort"
INSTALLED = "cat /opt/ov-enterprise-base-services/.env /opt/openvidu/.env 2>/dev/null | sha256sum"


@pytest.fixture(scope="module")
def owned() -> Iterator[Owned]:
    with owned_cluster("adopting", spare=True) as owned:
        yield owned


def test_a_cluster_is_taken_over_without_a_restart_and_scales(owned: Owned) -> None:
    lab, names = owned.lab, owned.names
    before = {name: (lab.on(name, STARTED), lab.on(name, INSTALLED)) for name in names}
    owned.start_calls(CALLS, 150)
    adopted = owned.adopt()
    assert adopted.returncode == 0, adopted.stdout + adopted.stderr
    assert "owners-" not in adopted.stdout + lab.directory.stack_config.read_text()
    assert lab.directory.stack_config.stat().st_mode & 0o777 == 0o600

    printed = lab.ok("up")
    assert {name: (lab.on(name, STARTED), lab.on(name, INSTALLED)) for name in names} == before, (
        printed
    )
    assert set(lab.json("preview", "--json")["changeSummary"]) == {"same"}
    # All of them were there while the cluster was taken over.
    assert lab.json("calls", "report", "--json")["live"] == CALLS

    assert owned.spare is not None
    for member, value in owned.spare.items():
        lab.ok("config", "set", "--path", f"hosts[4].{member}", value)
    # The owner has put nothing onto that one.
    lab.ok("config", "set", "installDocker", "true")
    scale(lab, 4)
    assert served(lab) == ["10.5.0.6", "10.5.0.7", "10.5.0.8", "10.5.0.9"]
    printed = scale(lab, 2)
    assert served(lab) == ["10.5.0.6", "10.5.0.7"]
    require_all_ended(lab)

    # What the owner installed stays, and what the stack installed goes.
    assert "stays in /opt/openvidu" in printed
    assert lab.on("node-3", "ls /opt/openvidu/openvidu /opt/openvidu/.env").count("\n") == 2
    assert lab.on("node-3", "ls -d /var/lib/openvidu-host-as-found 2>/dev/null") == ""
    assert lab.on("node-4", "ls -d /opt/openvidu 2>/dev/null") == ""
