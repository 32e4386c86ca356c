"""What is written of nodes that are installed, and of those that start sooner."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.bench import node_starts
from lab.bench.figures import Cpu
from lab.bench.node_starts import MARKS, Results, aims, markdown, until_serves
from lab.bench.report import PAGE
from lab.bench.stopwatch import Measured
from lab.bench.trace import Note
from lab.errors import LabError
from lab.openvidu.mirror import catalogue
from openvidu.deployment import deployment

INSTALLED, BAKED, STANDBY = (60.0, 61.0, 70.0), (15.0, 12.2, 14.0), (8.0, 7.0, 7.5)
FOUND = Results("a machine", "embedded", 2000, 40, INSTALLED, BAKED, STANDBY, 66.0)


def note(method: str, name: str, end: float) -> Note:
    return Note("command", 1, method, f"urn:pulumi:lab::p::Command::{name}", 0.0, end, 0.0, 0.0)


def update(*notes: Note) -> Measured:
    return Measured(100.0, 60.0, Cpu(0, 0, 0, 0, 0, 0), None, [], [*notes])


def test_a_node_serves_once_it_has_joined_whatever_the_update_does_after_that() -> None:
    joined = note("Create", "node-2-membership", 108.5)
    later = note("Create", "node-3-install", 150.0)
    assert until_serves(update(joined, later), "node-2") == 8.5


@pytest.mark.parametrize(
    "other",
    [note("Delete", "node-2-membership", 108.5), note("Create", "node-22-membership", 108.5)],
    ids=["left", "another"],
)
def test_a_node_that_did_not_join_gives_no_figure(other: Note) -> None:
    with pytest.raises(LabError, match="expected node-2 to join"):
        until_serves(update(other), "node-2")


def test_a_table_has_all_three_and_whether_the_aims_are_met() -> None:
    told = markdown(FOUND)
    assert "| installed | 3 | 61.0 (60.0 to 70.0) |" in told
    assert "| from a baked image | 3 | 14.0 (12.2 to 15.0) |" in told
    assert "| from a standby | 3 | 7.5 (7.0 to 8.0) |" in told
    assert "2000 MB of images at 40 MB/s. " in told
    baked, standby = aims(FOUND)
    assert baked.found == pytest.approx(14 / 61)
    assert standby.found == pytest.approx(7.5 / 61)
    assert [baked.met, standby.met] == [True, True]
    slow = aims(Results("x", "embedded", 1, 1, (10.0,), (4.0,), (5.0,), 1.0))
    assert [aim.met for aim in slow] == [False, False]


def test_the_figures_and_the_page_are_written(tmp_path: Path) -> None:
    (tmp_path / PAGE).write_text(f"# B\n\n{MARKS[0]}\nold\n{MARKS[1]}\n\nend\n")
    node_starts.write(FOUND, tmp_path / "figures.json")
    page = (tmp_path / PAGE).read_text()
    assert "old" not in page
    assert "| installed |" in page
    assert page.endswith("end\n")
    assert '"megabytes": 2000' in (tmp_path / "figures.json").read_text()


def test_a_node_pulls_as_many_images_as_the_megabytes_are_shared_among() -> None:
    files = deployment("node", "2.30.0").compose.values()
    found = {one["image"] for file in files for one in file.services.values()}
    assert len(found) + len(catalogue._KINDS["node"].media_images) == node_starts._IMAGES
