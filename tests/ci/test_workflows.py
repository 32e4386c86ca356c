"""The workflows: what they may, and that nothing in them changes behind our back."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from lab.directory import PROJECT
from lab.engines import ENGINE_VARIABLE, Engine
from lab.plugins import PROVIDERS_VARIABLE, Providers
from lab.tests.providers.aws.terraform.driver import PLUGINS

FOLDER = PROJECT / ".github" / "workflows"
FILES = sorted(FOLDER.glob("*.yml"))
PINNED = re.compile(r"uses: [\w.-]+/[\w./-]+@[0-9a-f]{40} # v[0-9]+\.[0-9]+\.[0-9]+")
BEYOND_READING = {
    "ci.yml": {},
    "nightly.yml": {},
    "preview.yml": {"id-token": "write", "pull-requests": "write"},
    "up.yml": {"id-token": "write"},
}

each = pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)


def parsed(file: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(file.read_text())
    return found


def step(file: str, name: str) -> dict[str, Any]:
    (job,) = parsed(FOLDER / file)["jobs"].values()
    (found,) = [one for one in job["steps"] if one.get("name") == name]
    return dict(found)


def program(folder: Path, name: str, script: str) -> None:
    """Put a program on the path of `run_step`."""
    (folder / name).write_text(f"#!/bin/bash\n{script}\n")
    (folder / name).chmod(0o755)


def run_step(folder: Path, script: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a step's script as GitHub does, with programs from `folder` in place of real ones."""
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", script],
        env={**os.environ, "PATH": f"{folder}:{os.environ['PATH']}", **environment},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def test_there_is_one_for_tests_previews_and_updates() -> None:
    assert {file.name for file in FILES} == set(BEYOND_READING)


@each
def test_actions_are_pinned_by_hash(file: Path) -> None:
    used = [line.strip().removeprefix("- ") for line in file.read_text().splitlines()]
    used = [line for line in used if line.startswith("uses:")]
    assert used
    assert [line for line in used if not PINNED.fullmatch(line)] == []


@each
def test_permissions_are_the_least(file: Path) -> None:
    found = parsed(file)
    assert found["permissions"] == {"contents": "read"}
    for job in found["jobs"].values():
        beyond = {**job.get("permissions", {})}
        beyond.pop("contents", None)
        assert beyond == BEYOND_READING[file.name]


@each
def test_strangers_get_nothing(file: Path) -> None:
    text = file.read_text()
    # YAML 1.1 reads the key `on` as true.
    triggers = parsed(file)[True]
    assert "pull_request_target" not in triggers
    assert not re.search(r"aws[-_]secret|aws[-_]access[-_]key", text, re.IGNORECASE)
    # What a pull request's author writes is never part of a script.
    assert "github.event.pull_request.title" not in text
    assert "github.head_ref" not in text
    for job in parsed(file)["jobs"].values():
        for step in job["steps"]:
            assert "${{" not in step.get("run", "")
            if "checkout" in step.get("uses", ""):
                assert step["with"]["persist-credentials"] is False


def test_an_update_is_approved_and_never_broken_off() -> None:
    found = parsed(FOLDER / "up.yml")
    assert found["concurrency"] == {"group": "up", "cancel-in-progress": False}
    (job,) = found["jobs"].values()
    assert job["environment"] == "production"


def test_previews_and_updates_take_the_policy_pack() -> None:
    assert step("preview.yml", "Preview, on the pull request")["with"]["policyPacks"] == "policy"
    assert "--policy-pack policy" in step("up.yml", "Update")["run"]
    assert (PROJECT / "policy" / "PulumiPolicy.yaml").is_file()


def test_each_broken_machine_is_repaired_in_one_job_of_the_night() -> None:
    file = "tests/faults/test_broken_machines.py"
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-m", "matrix", file]
    found = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True)
    tests = [line.partition("::")[2] for line in found.stdout.splitlines() if "::" in line]
    rows = parsed(FOLDER / "nightly.yml")["jobs"]["broken"]["strategy"]["matrix"]["rows"]
    assert tests
    for test in tests:
        # As pytest reads what comes behind -k.
        assert sum(any(word in test for word in row.split(" or ")) for row in rows) == 1, test


def test_what_ci_leaves_out_is_tested_each_night() -> None:
    found = parsed(FOLDER / "nightly.yml")
    assert {"schedule", "workflow_dispatch"} <= set(found[True])
    marks = {
        "lab": "lab",
        "matrix": "matrix",
        "pages": "matrix",
        "broken": "matrix",
        "providers": "lab",
        "terraform": '"not lab"',
        "upstream": "upstream",
        "java-client": "upstream",
    }
    assert set(found["jobs"]) == set(marks)
    for name, job in found["jobs"].items():
        assert f"./run test -m {marks[name]}" in job["steps"][-1]["run"]
        assert job["timeout-minutes"] < 360
    # What takes the longest is passed by a job of its own, and by no other.
    for job, apart in (
        ("broken", "tests/faults/test_broken_machines.py"),
        ("pages", "tests/pages"),
    ):
        assert (PROJECT / apart).exists()
        for name in ("lab", "matrix"):
            assert f"--ignore {apart}" in found["jobs"][name]["steps"][-1]["run"]
        assert found["jobs"][job]["steps"][-1]["run"].endswith(f" {apart}")
    assert found["jobs"]["lab"]["env"] == {ENGINE_VARIABLE: Engine.PULUMI}
    pulumis = {ENGINE_VARIABLE: Engine.PULUMI, PROVIDERS_VARIABLE: Providers.PULUMI}
    assert found["jobs"]["providers"]["env"] == pulumis
    assert (PROJECT / found["jobs"]["providers"]["steps"][-1]["run"].split()[-1]).is_file()
    clients = found["jobs"]["java-client"]["steps"][-1]["run"].split()[-1]
    assert (PROJECT / clients).is_dir()
    assert f"--ignore {clients}" in found["jobs"]["upstream"]["steps"][-1]["run"]
    terraform = found["jobs"]["terraform"]
    *_, fetched, tested = (one.get("run", "") for one in terraform["steps"])
    folder = PROJECT / tested.split()[-1]
    assert (folder / "versions.tf.json").is_file()
    assert f"-chdir={folder.relative_to(PROJECT)} " in fetched
    assert f'"${PLUGINS}"' in fetched
    assert set(terraform["env"]) == {PLUGINS}


@pytest.mark.parametrize("file", ["preview.yml", "up.yml"])
def test_later_steps_find_uv_and_the_projects_programs(file: str, tmp_path: Path) -> None:
    toolchain = yaml.safe_load((PROJECT / "Pulumi.yaml").read_text())["runtime"]["options"]
    assert toolchain["toolchain"] == "uv"
    program(tmp_path, "made", 'printf "#!/bin/bash\\n$2\\n" >"$1" && chmod 755 "$1"')
    # What makes an environment has `pip` there, `pip` brings uv, and uv the project's programs.
    pulumi = "mkdir -p .venv/bin && made .venv/bin/python true"
    program(
        tmp_path, "python3", f"mkdir -p .uv/bin && made .uv/bin/pip 'made .uv/bin/uv \"{pulumi}\"'"
    )
    script = step(file, "Install the project's environment")["run"]
    path = tmp_path / "path"
    done = run_step(tmp_path, script, GITHUB_PATH=str(path))
    assert done.returncode == 0, done.stderr
    found = ":".join(path.read_text().split())
    assert shutil.which("uv", path=found)
    assert shutil.which("python", path=found)


@pytest.mark.parametrize(("file", "before"), [("preview.yml", "Preview, on"), ("up.yml", "Update")])
def test_nodes_of_autoscaling_are_kept_where_a_variable_says_so(
    file: str, before: str, tmp_path: Path
) -> None:
    (job,) = parsed(FOLDER / file)["jobs"].values()
    names = [one.get("name", "") for one in job["steps"]]
    update = next(number for number, name in enumerate(names) if name.startswith(before))
    assert names[update - 2 : update] == ["Install Pulumi", "Keep the nodes of autoscaling"]
    kept = step(file, "Keep the nodes of autoscaling")
    assert kept["if"] == "vars.AUTOSCALING == 'true'"
    assert "`AUTOSCALING`" in (PROJECT / "docs/ci.md").read_text()
    program(tmp_path, "openvidu-enterprise", f'exec {sys.executable} -m scripts.cli "$@"')
    program(tmp_path, "pulumi", PULUMI)
    done = run_step(tmp_path, kept["run"], PULUMI_STACK="prod", PYTHONPATH=str(PROJECT))
    assert (done.returncode, done.stdout) == (0, "nodeCount: set to 2\n"), done.stderr
    stored = json.loads((tmp_path / "stored").read_text())
    assert stored == {"nodeCount": {"value": "2"}}


PULUMI = """
[[ $* == *" --stack prod "* ]] || exit 1
case "$1 $2" in
"stack export") echo '{"deployment": {"resources": [{"type": "pulumi:pulumi:Stack", "urn": "x",
  "outputs": {"nodes": [{"name": "node-1"}, {"name": "node-2"}]}}]}}' ;;
"config --json") echo '{"openvidu-enterprise:nodeCount": {"value": "7"},
  "openvidu-enterprise:retiredNodes": {"value": "[]"}}' ;;
"config set-all") printf %s "$4" >stored ;;
esac
"""
"""Two nodes are deployed, and seven are wanted by the file."""


def test_an_update_is_interrupted_once_and_before_its_job_is_killed(tmp_path: Path) -> None:
    (job,) = parsed(FOLDER / "up.yml")["jobs"].values()
    assert "vars.UP_TIMEOUT_MINUTES" in job["timeout-minutes"]
    program(
        tmp_path,
        "pulumi",
        "trap 'echo interrupted >>signals; stop=1' INT\n"
        "until [[ ${stop:-} ]]; do sleep 0.1; done\nsleep 0.5; exit 1",
    )
    # Seconds for minutes.
    script = step("up.yml", "Update")["run"].replace('))m"', '))s"')
    assert '))s"' in script
    # Without it the whole group gets the signal, pulumi twice.
    assert "--foreground" in script
    done = run_step(tmp_path, script, JOB_MINUTES="21", PULUMI_STACK="prod")
    assert done.returncode != 0
    assert (tmp_path / "signals").read_text() == "interrupted\n"


def commented(folder: Path, summary: str) -> str:
    """What the preview's comment says where `preview_summary` does this."""
    program(folder, "python", summary)
    program(folder, "gh", "if [[ $* == *--silent* ]]; then cat summary.md; fi")
    script = step("preview.yml", "Nodes, cost and calls")["run"]
    places = {"COMMENTS": "repos/x/issues/1/comments", "GITHUB_STEP_SUMMARY": str(folder / "step")}
    done = run_step(folder, script, PULUMI_STACK="prod", **places)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_comment_has_the_summary_also_of_a_preview_that_failed(tmp_path: Path) -> None:
    assert commented(tmp_path, "echo '**The preview has failed.**'; exit 1").startswith("**The")


def test_where_there_is_no_summary_the_comment_says_why(tmp_path: Path) -> None:
    said = commented(tmp_path, "echo 'no stack named prod found' >&2; exit 1")
    # What the next run looks for, to edit its own comment.
    assert said.startswith("### OpenVidu Enterprise: preview of prod")
    assert "no stack named prod found" in said
