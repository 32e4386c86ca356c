"""The commands as people expect them: help with examples, and no traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lab.directory import PROJECT
from scripts.cli import COMMANDS

NAMES = [module.__name__.rpartition(".")[2] for module in COMMANDS]
ARGUMENTS = {
    "logs": ["node-1"],
    "retire": ["node-1"],
    "abort_drain": ["node-1"],
    "autoscale": ["--max=4", "--load=60"],
}

each = pytest.mark.parametrize("name", NAMES)


def run(*arguments: str, path: str = os.environ["PATH"]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=PROJECT,
        env={**os.environ, "PATH": path},
    )


@each
def test_help_has_an_example_that_can_be_typed(name: str) -> None:
    done = run(f"scripts.{name}", "--help")
    assert done.returncode == 0
    assert "Example" in done.stdout
    assert f"python -m scripts.{name}" in done.stdout


@each
def test_without_pulumi_it_says_what_to_do(name: str, tmp_path: Path) -> None:
    done = run(f"scripts.{name}", *ARGUMENTS.get(name, []), path=str(tmp_path))
    assert done.returncode == 1
    assert "pulumi isn't on the PATH" in done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert done.stdout == ""


def test_one_command_has_them_all_and_completion() -> None:
    done = run("scripts.cli", "--help")
    assert done.returncode == 0
    for name in NAMES:
        assert name.replace("_", "-") in done.stdout
    assert "--install-completion" in done.stdout
