"""The unit and the workflow of `examples/autoscaling` run the command that there is."""

from __future__ import annotations

import configparser
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import typer
import yaml
from typer.main import get_command

from lab.directory import PROJECT
from scripts import autoscale
from tests.ci.test_workflows import PINNED

FOLDER = PROJECT / "examples" / "autoscaling"
UNIT = FOLDER / "openvidu-autoscale.service"
WORKFLOW = FOLDER / "autoscale.yml"
INSTALLED = "/opt/openvidu-enterprise"
PROGRAM = "openvidu-enterprise"


def options(line: str) -> list[str]:
    """What is behind `openvidu-enterprise autoscale`."""
    words = shlex.split(line.replace("\\\n", " "))
    place = next(number for number, word in enumerate(words) if Path(word).name == PROGRAM)
    assert words[place + 1] == "autoscale"
    return words[place + 2 :]


def require_understood(words: list[str]) -> dict[str, object]:
    """What the command makes of its options; a mistake is an error."""
    app = typer.Typer()
    app.command()(autoscale.main)
    context = get_command(app).make_context("autoscale", [*words])
    return dict(context.params)


def unit() -> configparser.RawConfigParser:
    parser = configparser.RawConfigParser(strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(UNIT.read_text())
    return parser


def steps() -> dict[str, dict[str, object]]:
    (job,) = yaml.safe_load(WORKFLOW.read_text())["jobs"].values()
    return {one.get("name", one.get("uses")): one for one in job["steps"]}


def test_the_unit_gives_options_that_there_are() -> None:
    found = require_understood(options(unit()["Service"]["ExecStart"]))
    assert found["stack"] == "prod"
    assert found["maximum"] == 8
    assert not found["once"]


def test_the_unit_stops_the_way_that_the_command_ends() -> None:
    service = unit()["Service"]
    assert service["KillMode"] == "process"
    assert service["SuccessExitStatus"] == str(autoscale.INTERRUPTED)
    assert service["RestartPreventExitStatus"] == str(int(autoscale.Result.UNSEEN))


def test_the_unit_keeps_the_temporary_files_of_an_update_that_is_left_alone() -> None:
    service = unit()["Service"]
    assert service["KillMode"] == "process"
    assert "PrivateTmp" not in service
    assert service["BindPaths"] == f"/run/{service['RuntimeDirectory']}:/tmp"
    assert service["RuntimeDirectoryPreserve"] == "yes"


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze isn't here")
def test_systemd_understands_the_unit(tmp_path: Path) -> None:
    file = tmp_path / UNIT.name
    program = f"{INSTALLED}/.venv/bin/openvidu-enterprise"
    assert program in UNIT.read_text()
    file.write_text(UNIT.read_text().replace(program, sys.executable))
    done = subprocess.run(
        ["systemd-analyze", "verify", str(file)], capture_output=True, text=True, check=False
    )
    assert UNIT.name not in done.stderr, done.stderr
    assert done.returncode == 0, done.stderr


def test_the_workflow_gives_options_that_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    script = str(steps()["Autoscale"]["run"])
    for name, value in (("PULUMI_STACK", "prod"), ("AUTOSCALE_MAX", "4"), ("AUTOSCALE_CALLS", "9")):
        script = script.replace(f"${name}", value)
    assert "$" not in script
    found = require_understood(options(script))
    assert (found["maximum"], found["calls"], found["longest"]) == (4, 9.0, "5h")


def test_the_workflow_ends_within_its_job_and_its_credentials() -> None:
    (job,) = yaml.safe_load(WORKFLOW.read_text())["jobs"].values()
    hours = int(re.findall(r"--for (\d+)h", str(steps()["Autoscale"]["run"]))[0])
    assert hours * 60 < job["timeout-minutes"] <= 360
    (login,) = [one for name, one in steps().items() if "configure-aws-credentials" in str(name)]
    assert login["with"]["role-duration-seconds"] >= job["timeout-minutes"] * 60  # type: ignore[index]


def test_the_workflow_uses_what_the_others_use_pinned_and_with_the_least_rights() -> None:
    found = yaml.safe_load(WORKFLOW.read_text())
    up = (PROJECT / ".github/workflows/up.yml").read_text()
    used = re.findall(r"uses: .*", WORKFLOW.read_text())
    assert used
    assert all(PINNED.fullmatch(one) and one in up for one in used)
    (job,) = found["jobs"].values()
    assert found["permissions"] == {"contents": "read"}
    assert job["permissions"] == {"contents": "read", "id-token": "write"}
    assert found["concurrency"] == {"group": "autoscale", "cancel-in-progress": False}


@pytest.mark.parametrize("file", [UNIT, WORKFLOW], ids=lambda file: file.suffix)
def test_what_each_needs_is_in_the_docs(file: Path) -> None:
    page = (PROJECT / "docs/autoscale.md").read_text()
    assert f"(../examples/autoscaling/{file.name})" in page
    needed = re.findall(r"(?:vars|secrets)\.([A-Z_]+)", file.read_text())
    assert all(
        f"`{name}`" in page or name in (PROJECT / "docs/ci.md").read_text() for name in needed
    )
