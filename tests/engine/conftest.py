"""Stacks for tests, once with each engine: the embedded one, and the Pulumi CLI where it is."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.harness import Stack

ENGINES = ["embedded", "pulumi"]


def missing(engine: str) -> str:
    """Why an engine can't be tested here; "" when it can."""
    if engine == "embedded":
        return ""
    needed = ["pulumi", "pulumi-language-python", "pulumi-language-python-exec"]
    absent = [name for name in needed if shutil.which(name) is None]
    return f"not on the PATH: {', '.join(absent)}" if absent else ""


@pytest.fixture(scope="session", params=ENGINES)
def template(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Stack:
    """An empty stack, to copy from: making one takes a while."""
    reason = missing(request.param)
    if reason:
        pytest.skip(reason)
    stack = Stack(tmp_path_factory.mktemp(request.param), request.param)
    stack.prepare()
    return stack


@pytest.fixture
def stack(template: Stack, tmp_path: Path) -> Iterator[Stack]:
    """An empty stack of its own."""
    made = template.moved(tmp_path / "stack")
    yield made
    made.release()
