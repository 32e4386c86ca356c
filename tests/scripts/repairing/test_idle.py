"""Nothing is repaired while an update runs."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from scripts.pulumi_cli import PulumiCli, PulumiError

URN = "urn:pulumi:dev::x::command:local:Command::base-version"


@pytest.fixture
def pulumi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A `pulumi` that says what is in a file, and fails where that says something."""
    said = tmp_path / "said"
    said.touch()
    program = tmp_path / "pulumi"
    program.write_text(f'#!/bin/sh\necho "$@" >"{tmp_path}/asked"\n! cat "{said}" | grep . >&2\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    return said


@pytest.mark.parametrize(
    "said",
    [
        "error: the stack is currently locked by 1 lock(s).",
        "error: [409] Conflict: Another update is currently in progress.",
    ],
    ids=["own backend", "Pulumi Cloud"],
)
def test_an_update_that_runs_is_not_disturbed(pulumi: Path, said: str) -> None:
    pulumi.write_text(said)
    with pytest.raises(PulumiError, match="An update of this stack is running"):
        PulumiCli().require_idle(URN)


def test_the_lock_is_taken_for_what_a_refresh_leaves_as_it_is(pulumi: Path) -> None:
    PulumiCli().require_idle(URN)
    assert f"--target {URN}" in (pulumi.parent / "asked").read_text()


def test_a_refresh_that_fails_for_another_reason_keeps_nobody_from_a_repair(pulumi: Path) -> None:
    pulumi.write_text("error: no plugin")
    PulumiCli().require_idle(URN)
