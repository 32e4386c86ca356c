from __future__ import annotations

import pytest

from .conftest import ARGV


def test_the_real_provider_answers_the_same_questions() -> None:
    if "real" not in ARGV:
        pytest.skip("pulumi-resource-command 1.2.1 is not on the PATH: only the lab's is asked")
