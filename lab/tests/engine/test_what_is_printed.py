"""What the embedded engine prints, by what it's asked for."""

from __future__ import annotations

import getpass
import sys

import pytest

from lab.engine.cli.config import asked_for
from lab.engine.display.console import VERBOSE_VARIABLE
from lab.tests.engine.harness import Stack


@pytest.fixture
def embedded(stack: Stack) -> Stack:
    if stack.engine != "embedded":
        pytest.skip("the Pulumi CLI has a display of its own")
    stack.program('Thing("a")\npulumi.log.warn("look here")')
    return stack


def test_an_update_prints_a_line_for_what_is_done(
    embedded: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(VERBOSE_VARIABLE)
    said = embedded.up().out
    assert "creating" not in said
    assert said.count("Thing a created") == 1
    # At once, and at the end.
    assert said.count("warning: look here") == 2


def test_asked_for_all_of_it_prints_each_beginning(embedded: Stack) -> None:
    assert "Thing a creating (0s)" in embedded.up().out


@pytest.mark.parametrize(("secret", "shown"), [(True, False), (False, True)])
def test_a_value_is_asked_for_in_a_terminal_and_a_secret_isnt_shown(
    secret: bool, shown: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    monkeypatch.setattr(getpass, "getpass", lambda asked: f"hidden {asked}")
    monkeypatch.setattr("builtins.input", lambda asked: f"shown {asked}")
    assert asked_for(secret=secret) == ("shown value: " if shown else "hidden value: ")
