"""What is written of nodes from baked images."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.bench import baked_nodes
from lab.bench.baked_nodes import MARKS, Results, aims, markdown
from lab.bench.report import PAGE
from lab.openvidu.mirror import catalogue
from openvidu.deployment import deployment

FOUND = Results("a machine", "embedded", 2000, 40, (60.0, 61.0, 70.0), (15.0, 12.2, 14.0), 66.0)


def test_a_table_has_both_and_whether_the_aim_is_met() -> None:
    told = markdown(FOUND)
    assert "| installed | 3 | 61.0 (60.0 to 70.0) |" in told
    assert "| from a baked image | 3 | 14.0 (12.2 to 15.0) |" in told
    assert "2000 MB of images at 40 MB/s. " in told
    (aim,) = aims(FOUND)
    assert aim.found == pytest.approx(14 / 61)
    assert aim.met
    assert not aims(Results("x", "embedded", 1, 1, (10.0,), (4.0,), 1.0))[0].met


def test_the_figures_and_the_page_are_written(tmp_path: Path) -> None:
    (tmp_path / PAGE).write_text(f"# B\n\n{MARKS[0]}\nold\n{MARKS[1]}\n\nend\n")
    baked_nodes.write(FOUND, tmp_path / "figures.json")
    page = (tmp_path / PAGE).read_text()
    assert "old" not in page
    assert "| installed |" in page
    assert page.endswith("end\n")
    assert '"megabytes": 2000' in (tmp_path / "figures.json").read_text()


def test_a_node_pulls_as_many_images_as_the_megabytes_are_shared_among() -> None:
    files = deployment("node", "2.30.0").compose.values()
    found = {one["image"] for file in files for one in file.services.values()}
    assert len(found) + len(catalogue._KINDS["node"].media_images) == baked_nodes._IMAGES
