"""A lab with two nodes, to be hurt."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.updates import Update
from tests.lab.conftest import Lab, deployed


@pytest.fixture(scope="package")
def lab() -> Iterator[Lab]:
    with deployed("faults") as lab:
        yield lab


@pytest.fixture
def update(lab: Lab, tmp_path: Path) -> Iterator[Update]:
    """An update that was begun, and ends with the test."""
    with Update(lab, tmp_path) as begun:
        yield begun
