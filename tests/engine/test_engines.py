"""Which engines the tests of this folder ran with."""

from __future__ import annotations

import pytest

from tests.engine.conftest import MISSING


def test_the_pulumi_cli_passes_the_same_tests() -> None:
    if MISSING:
        pytest.skip(f"ran with the embedded engine only; not on the PATH: {', '.join(MISSING)}")
