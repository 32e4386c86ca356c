"""Stacks for tests, once with each engine: the embedded one, and the CLI where there is one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.engines import find_cli
from lab.tests.engine.harness import Stack

IN_CI = {
    "test_automation",
    "test_failures",
    "test_lifecycle",
    "test_own_state",
    "test_policies",
}
"""What the CLI is asked in CI: it's slow to ask. The rest is for the nightly run."""
ENGINES = ["embedded", "pulumi"] if find_cli() else ["embedded"]
needs_cli = pytest.mark.skipif(len(ENGINES) < 2, reason="needs the Pulumi CLI: ./run pulumi")


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


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave what the CLI is asked to CI, and the rest of it to the nightly run."""
    for item in items:
        called = getattr(item, "callspec", None)
        of_cli = called is not None and called.params.get("template") == "pulumi"
        if of_cli:
            in_ci = item.path.stem in IN_CI
            item.add_marker(pytest.mark.slow if in_ci else pytest.mark.matrix)
