"""The commands as people expect them: help with examples, and no traceback."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from lab.directory import PROJECT
from scripts.cli import COMMANDS
from scripts.expected_errors import expected_errors
from scripts.stack_machines import complete

NAMES = [module.__name__.rpartition(".")[2] for module in COMMANDS]
ARGUMENTS = {
    "logs": ["node-1"],
    "ssh": ["node-1"],
    "repair": ["node-1"],
    "retire": ["node-1"],
    "abort_drain": ["node-1"],
    "adopt_cluster": ["base=203.0.113.5", "203.0.113.6"],
    "autoscale": ["--max=4", "--load=60"],
}

each = pytest.mark.parametrize("name", NAMES)


def run(
    *arguments: str, path: str = os.environ["PATH"], typed: str = ""
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=PROJECT,
        env={**os.environ, "PATH": path},
        input=typed,
    )


@each
def test_help_has_an_example_that_can_be_typed(name: str) -> None:
    done = run(f"scripts.{name}", "--help")
    assert done.returncode == 0
    assert "Example" in done.stdout
    assert f"uv run openvidu-enterprise {name.replace('_', '-')}" in done.stdout


@each
def test_without_pulumi_it_says_what_to_do(name: str, tmp_path: Path) -> None:
    done = run(f"scripts.{name}", *ARGUMENTS.get(name, []), path=str(tmp_path))
    assert done.returncode == 1
    assert "pulumi isn't on the PATH" in done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert done.stdout == ""


CONFIG = json.dumps({"openvidu-enterprise:hosts": {"value": '[{"privateIp": "10.5.0.5"}]'}})
PULUMI = """#!/bin/sh
case "$1 $2" in
"config --json") echo "$CONFIG" ;;
*) echo "no stack selected" >&2; exit 255 ;;
esac
"""


@pytest.fixture
def with_pulumi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A PATH with a `pulumi` that has configuration and no stack."""
    monkeypatch.setenv("CONFIG", CONFIG)
    program = tmp_path / "bin" / "pulumi"
    program.parent.mkdir()
    program.write_text(PULUMI)
    program.chmod(0o755)
    return f"{program.parent}:{os.environ['PATH']}"


@pytest.mark.parametrize("name", sorted({*NAMES} - {"host_keys"}))
def test_what_pulumi_refuses_is_told_without_a_traceback(name: str, with_pulumi: str) -> None:
    done = run(f"scripts.{name}", *ARGUMENTS.get(name, []), path=with_pulumi)
    assert done.returncode == 1
    assert "no stack selected" in done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_hosts_without_addresses_are_told(with_pulumi: str) -> None:
    done = run("scripts.host_keys", path=with_pulumi)
    assert done.returncode == 1
    assert (
        'hosts must be a list of objects with publicIp, got [{"privateIp": "10.5.0.5"}]'
        in done.stderr
    )


@pytest.mark.parametrize("content", ["[]", "no JSON", None], ids=["list", "text", "missing"])
def test_a_preview_that_is_none_is_told(
    content: str | None, with_pulumi: str, tmp_path: Path
) -> None:
    file = tmp_path / "preview.json"
    if content is not None:
        file.write_text(content)
    done = run("scripts.preview_summary", "--file", str(file), path=with_pulumi)
    assert done.returncode == 1
    assert f"Next: pulumi preview --json > {file}" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_license_file_that_is_a_folder_is_refused(with_pulumi: str, tmp_path: Path) -> None:
    done = run("scripts.init_stack", "--license-file", str(tmp_path), path=with_pulumi)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    missing = tmp_path / "missing" / "file"
    with pytest.raises(SystemExit) as ended, expected_errors():
        missing.write_text("")
    assert ended.value.code == 1


def test_ctrl_c_ends_a_command_as_shells_expect() -> None:
    with pytest.raises(SystemExit) as ended, expected_errors():
        raise KeyboardInterrupt
    assert ended.value.code == 130


def test_ctrl_c_ends_it_while_its_commands_are_read() -> None:
    typed = """
import builtins, os, signal
read = builtins.__import__
def interrupted(name, *more):
    if name == "scripts.cli":
        os.kill(os.getpid(), signal.SIGINT)
    return read(name, *more)
builtins.__import__ = interrupted
from scripts import entry
entry.main()
"""
    done = subprocess.run(
        [sys.executable, "-c", typed], capture_output=True, text=True, check=False, cwd=PROJECT
    )
    assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGINT, "", "")


def test_names_of_machines_are_completed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    urns = [f"urn:pulumi:dev::x::t::{name}-version" for name in ("base",)]
    urns += [f"urn:pulumi:dev::x::t::node-{number}-membership" for number in (10, 2)]
    state = {"deployment": {"resources": [{"urn": urn} for urn in urns]}}
    program = tmp_path / "pulumi"
    program.write_text(f"#!/bin/sh\necho '{json.dumps(state)}'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert complete("") == ["base", "node-2", "node-10"]
    assert complete("node-1") == ["node-10"]


def test_without_pulumi_nothing_is_completed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert complete("") == []


def test_one_command_has_them_all_and_completion() -> None:
    done = run("scripts.cli", "--help")
    assert done.returncode == 0
    for name in NAMES:
        assert name.replace("_", "-") in done.stdout
    assert "--install-completion" in done.stdout
