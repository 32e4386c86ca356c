"""The base's data is on a volume of its own, and outlives its machine."""

from __future__ import annotations

import pytest

from openvidu.roles import BASE
from tests.lab.conftest import Lab
from tests.lab.watching import served

pytestmark = [pytest.mark.lab, pytest.mark.xdist_group("example")]

FOLDER = BASE.product.folder
MARKERS = f"cat {FOLDER}/{{{','.join(BASE.data)}}}/marker 2>/dev/null"
KEPT = "kept\n" * len(BASE.data)


def base_of(lab: Lab) -> str:
    """The instance id of the base."""
    hosts = lab.supervisor.control.hosts()
    return next(one.instance_id for one in hosts if one.running and one.name.endswith("-base"))


def replace(lab: Lab, name: str) -> str:
    """What an update prints that replaces a resource of AWS."""
    resources = lab.json("state")["deployment"]["resources"]
    urns = [one["urn"] for one in resources if one["type"].startswith("aws:")]
    urn = next(one for one in urns if one.endswith(f"::{name}"))
    command = ["pulumi", "up", "--yes", "--skip-preview", "--non-interactive", "--replace", urn]
    done = lab.run("run", "--", *command)
    return done.out + done.err


@pytest.fixture
def marked(cluster: Lab) -> Lab:
    """The example, with something to keep in each folder of its data."""
    for folder in BASE.data:
        cluster.on("base", f"echo kept >{FOLDER}/{folder}/marker")
    return cluster


@pytest.mark.matrix
def test_another_base_has_the_data_of_the_one_before(marked: Lab) -> None:
    before = base_of(marked)
    printed = replace(marked, "base")
    assert base_of(marked) != before, printed
    assert marked.on("base", MARKERS) == KEPT
    assert served(marked) == ["10.5.0.6", "10.5.0.7"]
    marked.wait_until(
        lambda: marked.json("status", "--json")["health"].get("clusterStatus") == "UP"
    )
    assert set(marked.json("preview", "--json")["changeSummary"]) == {"same"}


def test_its_data_is_there_again_after_a_reboot(marked: Lab) -> None:
    marked.supervisor.control.reboot_host(base_of(marked))
    marked.wait_until(lambda: marked.on("base", MARKERS) == KEPT)


def test_the_volume_is_not_replaced_unless_that_is_confirmed(marked: Lab) -> None:
    assert "marked for protection" in replace(marked, "base-data")
    assert marked.on("base", MARKERS) == KEPT
