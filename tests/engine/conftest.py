"""Stacks for tests, once with each engine: the embedded one, and the CLI where there is one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.engines import find_cli
from tests.engine.harness import Stack

ENGINES = ["embedded", "pulumi"] if find_cli() else ["embedded"]


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
