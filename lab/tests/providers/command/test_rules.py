from __future__ import annotations

import doctest
import importlib

import pytest

from lab.providers.command.retrying import pause_before

MODULES = ("errnos", "local_command", "output", "retrying")


@pytest.mark.parametrize("module", MODULES)
def test_the_examples_in_the_documentation_hold(module: str) -> None:
    tested = doctest.testmod(importlib.import_module(f"lab.providers.command.{module}"))

    assert tested.attempted
    assert not tested.failed


def test_the_default_limit_of_dial_errors_lasts_eleven_seconds() -> None:
    assert sum(pause_before(attempt) for attempt in range(1, 11)) == pytest.approx(11.3, abs=0.1)


def test_pauses_never_exceed_five_seconds() -> None:
    assert max(map(pause_before, range(1, 500))) == 5
