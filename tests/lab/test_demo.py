"""The demonstration in the README goes through to its picture."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lab.conftest import new_lab

pytestmark = [pytest.mark.lab, pytest.mark.matrix, pytest.mark.xdist_group("demo")]


def test_the_demo_destroys_what_it_made_and_draws_it(tmp_path: Path) -> None:
    lab, picture = new_lab("demo"), tmp_path / "demo.svg"
    try:
        lab.ok("demo", "--output", str(picture))
        assert "<svg" in picture.read_text()
        assert not [one for one in lab.supervisor.control.hosts() if one.running]
    finally:
        lab.ok("reset")
