"""Each row of the table of changed keys, carried out under calls: what restarts is what it says.

By day `test_configuration.py` carries some of them out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import pytest

from components.settings.change_kind import Change
from components.settings.table import keys
from tests.lab.conftest import Lab, deployed
from tests.lab.test_changes import VALUES
from tests.lab.watching import (
    calls,
    nodes,
    require_allowed,
    start_calls,
    update_waits_for_calls,
)

pytestmark = [pytest.mark.lab, pytest.mark.xdist_group("rows-of-changes")]

MACHINES = ("base", "node-1", "node-2")
RESTART: Mapping[Change, set[str]] = {
    Change.AWS: set(),
    Change.NODES_RESTART: {"node-1", "node-2"},
    Change.BASE_RESTARTS: {"base"},
    Change.ALL_RESTARTS: {*MACHINES},
    Change.STOP: {"base"},
    Change.NODE_BY_NODE: {"node-1", "node-2"},
    # From here on nothing is downloaded: no such proxy and mirror are there.
    Change.NEW_MACHINES: set(),
    Change.WAY_OUT: set(),
    Change.REGISTRY: set(),
    Change.NOTED: set(),
}
"""What restarts, or is another machine then; in the order in which rows can follow one another."""
ELSEWHERE = {
    Change.NODES_COME_AND_GO: "test_scaling",
    Change.STANDBYS: "test_standby",
    Change.ZONE: "test_managed",
    Change.UPGRADE: "test_upgrade",
    Change.CALLED: "tests/program/test_call_check.py",
    Change.RELOAD: "test_certificates",
    Change.WAY_IN: "test_session_manager",
    Change.LOGIN: "tests/program/test_key_changes.py",
    Change.ROTATED: "test_killed",
    Change.REFUSED: "test_changes",
    Change.UPDATES: "tests/program/test_outside_window.py",
}
LEFT_OUT = {"hostedZoneId", "alarmTopicArn", "turnUsername", "turnCredential"}
"""Keys that don't change with their row: there's no such zone, and of two only one goes."""


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with deployed("rows") as lab:
        yield lab


def running(lab: Lab) -> dict[str, str]:
    """The machines, and since when the containers on them run."""
    started = "docker ps -q | xargs docker inspect -f '{{.Name}} {{.State.StartedAt}}' | sort"
    ids = {
        name: one.instance_id
        for one in lab.supervisor.control.hosts()
        for name in MACHINES
        if one.running and one.name.endswith(f"-{name}")
    }
    return {name: f"{ids[name]} {lab.on(name, started)}" for name in MACHINES}


def left_to_do(lab: Lab) -> dict[str, str]:
    """What another update would do, by the resources' names."""
    steps = lab.json("preview", "--json")["steps"]
    return {step["urn"].rpartition("::")[2]: step["op"] for step in steps if step["op"] != "same"}


def configure(lab: Lab, change: Change) -> None:
    """Change all keys of a row."""
    values: dict[str, str] = {}
    for key in VALUES:
        if keys()[key].change is change and key not in LEFT_OUT:
            values |= VALUES[key]
    for name, value in values.items():
        secret = ["--secret"] if keys()[re.split(r"[.\[]", name)[0]].secret else []
        lab.ok("run", "--", "pulumi", "config", "set", "--path", *secret, name, value)


@pytest.mark.matrix
@pytest.mark.parametrize("change", RESTART, ids=lambda change: change.name)
def test_what_restarts_is_what_the_table_says_and_no_call_is_cut(lab: Lab, change: Change) -> None:
    before = running(lab)
    configure(lab, change)
    if change in (Change.NODE_BY_NODE, *(one for one in RESTART if not RESTART[one])):
        with calls(lab, "4s..8s"):
            lab.ok("up")
    else:
        start_calls(lab)
        update_waits_for_calls(lab)
    after = running(lab)
    assert {name for name in MACHINES if before[name] != after[name]} == RESTART[change]
    # A preview brings nodes back that don't seem to serve: on a busy computer they're listed late.
    lab.wait_until(lambda: nodes(lab) == ["master_10.5.0.6", "master_10.5.0.7"])
    assert left_to_do(lab) == {}
    require_allowed(lab, "ha")


def test_each_row_is_carried_out_somewhere() -> None:
    assert {*Change} == RESTART.keys() | ELSEWHERE.keys()
    assert VALUES.keys() >= LEFT_OUT
