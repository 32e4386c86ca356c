"""Which parts of the engine may import which."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import lab.engine

ROOT = Path(lab.engine.__file__).parent
BELOW = {
    "model": set(),
    "store": {"model"},
    "project": {"model", "store"},
    "plugin": {"model"},
    "display": {"model", "store"},
    "run": {"model", "store", "project", "plugin", "display"},
    "cli": {"model", "store", "project", "plugin", "display", "run"},
}


def imported(file: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
    return found


@pytest.mark.parametrize("part", BELOW)
def test_a_part_imports_only_what_is_below_it(part: str) -> None:
    for file in (ROOT / part).glob("*.py"):
        own = {name for name in imported(file) if name.startswith("lab.")}
        outside = {name for name in own if not name.startswith("lab.engine")}
        parts = {name.split(".")[2] for name in own if name.count(".") >= 2} & BELOW.keys()
        assert not outside, file
        assert parts <= BELOW[part] | {part}, file


def test_what_runs_the_program_imports_nothing_of_the_lab() -> None:
    assert not [name for name in imported(ROOT / "run/runner.py") if name.startswith("lab")]
