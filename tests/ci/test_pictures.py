"""Pictures can be drawn again."""

from __future__ import annotations

import runpy
from graphlib import CycleError

import pytest

from lab.directory import PROJECT

PACKAGES = runpy.run_path(str(PROJECT / "docs" / "packages.py"))


def test_the_docs_say_how_each_picture_is_drawn() -> None:
    _, section = (PROJECT / "CONTRIBUTING.md").read_text().split("## Draw the pictures again")
    pictures = sorted((PROJECT / "docs").glob("*.svg"))
    assert pictures
    assert [one.name for one in pictures if f"docs/{one.stem}" not in section] == []


def test_the_picture_of_the_packages_is_up_to_date() -> None:
    drawn = (PROJECT / "docs" / "packages.svg").read_text()
    assert drawn == PACKAGES["picture"](), "draw it again: uv run python docs/packages.py"


def test_a_package_is_above_those_that_it_imports() -> None:
    arrows = [("top", "middle"), ("middle", "bottom"), ("top", "bottom")]
    names = ["bottom", "middle", "other", "top"]
    assert PACKAGES["in_order"](names, arrows) == ["top", "middle", "bottom", "other"]


def test_packages_that_import_each_other_are_not_drawn() -> None:
    with pytest.raises(CycleError):
        PACKAGES["in_order"](["one", "two"], [("one", "two"), ("two", "one")])
