"""Any machine, broken in any way, whatever is about to change: what is named first repairs it.

Where nothing is about to change that is what the runbook names, elsewhere what `status` names.

Calls go on meanwhile, and those whose way doesn't lead through the machine are held to their ends.
"""

from __future__ import annotations

import itertools
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from scripts.init_stack import make_ssh_key
from tests.lab.conftest import Lab, new_lab
from tests.lab.runbook import LOST_KEY, PLACES, Place, first, lines
from tests.lab.walking import BREAKS, Named, walk
from tests.lab.watching import calls, numbers, require_well

pytestmark = [pytest.mark.lab, pytest.mark.matrix, pytest.mark.xdist_group("broken-machines")]

_UNHEARD_SECONDS = 10.0
"""Users ask for a sign each five seconds."""
_SPARES_ALL = ("disk full", "wrong SSH key")
"""Elsewhere everybody's way leads through the base, or the node's own calls are gone."""


def _scale_down(lab: Lab) -> None:
    lab.ok("config", "set", "nodeCount", "1")


def _retire_first(lab: Lab) -> None:
    first, *_ = numbers(lab)
    lab.ok("config", "set", "--path", "retiredNodes[0]", str(first))


def _rotate(lab: Lab) -> None:
    lab.ok("config", "set", "--secret", "openviduSecret", uuid.uuid4().hex)


NOTHING = "nothing"
PENDING: dict[str, Callable[[Lab], object]] = {
    NOTHING: lambda _: None,
    "a scale-down": _scale_down,
    "a replaced node": _retire_first,
    "another secret": _rotate,
}


@dataclass
class Labs:
    """A lab for one row after the other; after a row that fails, another one.

    Attributes:
        example: what is deployed.
    """

    example: tuple[str, ...]
    lab: Lab | None = None

    def whole(self) -> Lab:
        """One that is well, with two nodes."""
        if self.lab is None:
            self.lab = new_lab("broken")
            self.lab.ok("up", *self.example)
        return self.lab

    def end(self) -> None:
        if self.lab:
            self.lab.ok("reset")
        self.lab = None


@pytest.fixture(scope="module")
def clusters() -> Iterator[Labs]:
    labs = Labs(())
    yield labs
    labs.end()


@pytest.fixture(scope="module")
def managed() -> Iterator[Labs]:
    labs = Labs(("--example", "ha-managed"))
    yield labs
    labs.end()


def rows(*names: str, without: tuple[str, ...] = ()) -> list[object]:
    """Each machine, each way to lose it, and each change that waits."""
    ways = [how for how in BREAKS if how not in without]
    return [
        pytest.param(*row, id=f"{row[0]}: {row[1]}, with {row[2]} to come")
        for row in itertools.product(names, ways, PENDING)
    ]


def require_spared(lab: Lab, name: str, how: str, broke: float) -> None:
    """No call was cut that didn't have to be: by the repair, or where all can go on."""
    lab.run("calls", "stop")
    lab.ok("calls", "wait")
    report = lab.json("calls", "report", "--json")
    cut = [one for one in report["calls"] if one["result"] == "cut"]
    if how not in _SPARES_ALL:
        # A socket of another node's call may lead through one that falls silent.
        others = [one for one in cut if one["node"] != name]
        cut = [one for one in others if one["lastHeard"] > broke + _UNHEARD_SECONDS]
    assert not cut, f"{len(cut)} of {report['started']}, broken at {broke}: {cut[0]}"


def repair(labs: Labs, name: str, how: str, pending: str) -> None:
    """Break a machine under calls, walk, and have the change carried out that waits."""
    lab = labs.whole()
    last = numbers(lab)[-1]
    name = f"node-{last}" if name == "node" else name
    secret = lab.ok("config", "get", "openviduSecret").strip()
    PENDING[pending](lab)
    try:
        lab.ok("calls", "start", "--media", "0", "--count", "6", "--length", "40s..60s")
        broke = time.time()
        BREAKS[how](lab, name)
        way = walk(lab, name, lambda: lab.ok("config", "set", "--secret", "openviduSecret", secret))
        if pending == NOTHING:
            way.begin(first(PLACES[how], name))
        way.go()
        if name != "base" or how in _SPARES_ALL[:1]:
            require_spared(lab, name, how, broke)
        lab.run("calls", "stop", "--now")
        if "set back what was changed" in way.typed:
            PENDING[pending](lab)
        done = lab.run("up")
        assert done.status == 0, f"{way}\n\n$ pulumi up\n{done.out}{done.err}"
        require_well(lab)
        lab.ok("config", "set", "nodeCount", "2")
        lab.ok("up")
    except BaseException:
        labs.end()
        raise


@pytest.mark.parametrize(("name", "how", "pending"), rows("base", "node"))
def test_what_is_named_first_leads_to_a_healthy_cluster(
    clusters: Labs, name: str, how: str, pending: str
) -> None:
    repair(clusters, name, how, pending)


@pytest.mark.parametrize("name", ["base", "node"], ids="{}: another SSH key".format)
def test_a_key_that_a_machine_does_take_becomes_the_stack_s(
    clusters: Labs, name: str, tmp_path: Path
) -> None:
    lab, place = clusters.whole(), Place(LOST_KEY.heading)
    name = f"node-{numbers(lab)[-1]}" if name == "node" else name
    public, private = make_ssh_key()
    file = tmp_path / "key"
    file.write_text(private)
    file.chmod(0o600)
    try:
        with calls(lab, "8s..12s"):
            lab.on(name, f"echo '{public}' >/home/ubuntu/.ssh/authorized_keys")
            way = walk(lab, name)
            for line, _ in lines(place):
                way.begin(Named(tuple(line.replace("FILE", str(file)).split(" && "))))
            way.go()
        require_well(lab)
    except BaseException:
        clusters.end()
        raise


@pytest.mark.parametrize(
    ("name", "how", "pending"), rows("bastion", without=("Docker dead", "OpenVidu dead"))
)
def test_a_bastion_is_repaired_and_no_call_notices(
    managed: Labs, name: str, how: str, pending: str
) -> None:
    repair(managed, name, how, pending)


@pytest.mark.parametrize("how", BREAKS)
def test_a_single_master_is_repaired(how: str) -> None:
    labs = Labs(("--example", "single-master"))
    try:
        lab = labs.whole()
        BREAKS[how](lab, "master")
        way = walk(lab, "master")
        way.begin(first(PLACES[how], "master"))
        # Without media nodes.
        way.go(but="The cluster's health is DOWN")
        assert lab.run("up").status == 0
        assert set(lab.json("preview", "--json")["changeSummary"]) == {"same"}
    finally:
        labs.end()
