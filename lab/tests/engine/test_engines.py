"""Which engines the tests of this folder ran with."""

from __future__ import annotations

import os

import pytest

from lab.engines import find_cli


def test_the_pulumi_cli_passes_the_same_tests() -> None:
    if find_cli() is None:
        said = "PULUMI CLI NOT TESTED, only the embedded engine. Get it: ./run pulumi"
        if os.environ.get("CI"):
            pytest.fail(said)
        pytest.skip(said)
