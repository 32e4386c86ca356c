"""Another version of OpenVidu, and back: no call is cut, and the base keeps its data."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from openvidu.roles import role_of
from tests.lab.conftest import Lab, deployed
from tests.lab.watching import (
    WAITS_FOR_CALLS,
    require_all_ended,
    require_order,
    scale,
    served,
    start_calls,
    update_waits_for_calls,
)

pytestmark = [pytest.mark.lab, pytest.mark.slow, pytest.mark.xdist_group("upgrade")]

MACHINES = ("base", "node-1", "node-2")
DATA = ("minio-s3", "elasticsearch", "certificates")
BASE = role_of("base").product.folder


def versions(lab: Lab) -> set[str]:
    """What is installed on the machines."""
    found = set()
    for machine in MACHINES:
        file = f"{role_of(machine).product.folder}/docker-compose.yml"
        found.add(lab.on(machine, f"sed -n 's/.*Openvidu Version: *//p' {file}").strip())
    return found


def mark_data(lab: Lab) -> None:
    """Put something into each folder that an upgrade must keep."""
    for folder in DATA:
        lab.on("base", f"echo kept >{BASE}/{folder}/marker")


def keeps_its_data(lab: Lab) -> bool:
    return lab.on("base", f"cat {BASE}/{{{','.join(DATA)}}}/marker") == "kept\n" * len(DATA)


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    """A cluster with the version before the example's."""
    with deployed("upgrade", "--config", "openviduVersion=2.29.0") as lab:
        yield lab


def test_every_node_drains_before_the_base_is_upgraded(lab: Lab) -> None:
    mark_data(lab)
    start_calls(lab)
    lab.ok("config", "set", "openviduVersion", "2.30.0")
    assert "Every node drains" in lab.ok("preview")
    # Both nodes drain at once: until the upgrade is done there is nobody for new calls.
    printed = update_waits_for_calls(lab, takes_new_ones=False)
    require_order(
        printed,
        WAITS_FOR_CALLS,
        "node-2: has left the cluster",
        "base services 2.29.0 to 2.30.0",
        "Upgrade OpenVidu Enterprise HA 2.29.0 to 2.30.0",
        "10.5.0.7 is in the load balancer",
    )
    assert versions(lab) == {"2.30.0"}
    assert served(lab) == ["10.5.0.6", "10.5.0.7"]
    assert keeps_its_data(lab)
    assert set(lab.json("preview", "--json")["changeSummary"]) == {"same"}


def test_a_step_that_openvidu_does_not_allow_is_refused(lab: Lab) -> None:
    lab.ok("config", "set", "openviduVersion", "2.28.0")
    refused = lab.run("up")
    assert refused.status != 0
    assert (
        "2.30.0 is running; OpenVidu can't be upgraded directly from it to 2.28.0, but "
        "through 2.29.0, 2.28.0" in refused.out
    )
    assert versions(lab) == {"2.30.0"}


@pytest.mark.matrix
def test_a_failed_upgrade_node_by_node_is_taken_back(lab: Lab) -> None:
    lab.ok("config", "set", "upgradeStrategy", "rolling")
    lab.ok("config", "set", "openviduVersion", "2.31.0")
    # Its text lands as the file's content, as with OpenVidu's own downloads.
    client = lab.json("status", "--json")["hosts"]["node-2"]["publicIp"]
    lab.ok("fault", "set", "download", "file=node/docker-compose.yml", f"client={client}")
    failed = lab.run("up")
    assert failed.status != 0
    assert "Or bring 2.30.0 back: pulumi config set openviduVersion 2.30.0" in failed.out
    assert served(lab)[:1] == ["10.5.0.6"]
    lab.ok("fault", "clear")
    lab.ok("calls", "start", "--media", "0", "--count", "2", "--length", "10s")
    lab.ok("config", "set", "openviduVersion", "2.30.0")
    lab.ok("up")
    require_all_ended(lab)
    assert versions(lab) == {"2.30.0"}
    assert served(lab) == ["10.5.0.6", "10.5.0.7"]
    assert keeps_its_data(lab)
    assert set(lab.json("preview", "--json")["changeSummary"]) == {"same"}


def test_where_the_api_refuses_to_drain_nodes_stop_in_a_moment_without_calls(lab: Lab) -> None:
    for node in ("node-1", "node-2"):
        lab.ok("fault", "set", "drain", "answer=405", "--on", node)
    lab.ok("config", "set", "upgradeStrategy", "all-at-once")
    lab.ok("config", "set", "openviduVersion", "2.31.0")
    lab.ok("calls", "start", "--media", "0", "--count", "4", "--length", "15s..20s")
    refused = lab.run("up")
    assert refused.status != 0
    assert "pulumi config set drainWithoutApi true" in refused.out
    lab.ok("config", "set", "drainWithoutApi", "true")
    printed = lab.ok("up")
    assert "the API answers 405: waits for a moment without calls" in printed
    for ip in ("10.5.0.6", "10.5.0.7"):
        assert f"No call on {ip}; stopping OpenVidu there." in printed
    require_all_ended(lab)
    assert versions(lab) == {"2.31.0"}
    assert served(lab) == ["10.5.0.6", "10.5.0.7"]
    printed = scale(lab, 1)
    assert "No call on 10.5.0.7; stopping OpenVidu there." in printed
    assert served(lab) == ["10.5.0.6"]
