"""Stacks for tests, once with each engine: the embedded one, and the Pulumi CLI where it is."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.harness import Stack

NEEDED = ["pulumi", "pulumi-language-python", "pulumi-language-python-exec"]
MISSING = [name for name in NEEDED if shutil.which(name) is None]
ENGINES = ["embedded"] if MISSING else ["embedded", "pulumi"]


@pytest.fixture(scope="session", params=ENGINES)
def template(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Stack:
    """An empty stack, to copy from: making one takes a while."""
    stack = Stack(tmp_path_factory.mktemp(request.param), request.param)
    stack.prepare()
    return stack


@pytest.fixture
def stack(template: Stack, tmp_path: Path) -> Iterator[Stack]:
    """An empty stack of its own."""
    made = template.moved(tmp_path / "stack")
    yield made
    made.release()
