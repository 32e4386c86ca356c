"""The workflows: what they may, and that nothing in them changes behind our back."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from lab.directory import PROJECT

FOLDER = PROJECT / ".github" / "workflows"
FILES = sorted(FOLDER.glob("*.yml"))
PINNED = re.compile(r"uses: [\w.-]+/[\w./-]+@[0-9a-f]{40} # v[0-9]+\.[0-9]+\.[0-9]+")
BEYOND_READING = {
    "ci.yml": {},
    "preview.yml": {"id-token": "write", "pull-requests": "write"},
    "up.yml": {"id-token": "write"},
}

each = pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)


def parsed(file: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(file.read_text())
    return found


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


@pytest.mark.parametrize("name", ["preview.yml", "up.yml"])
def test_previews_and_updates_take_the_policy_pack(name: str) -> None:
    (job,) = parsed(FOLDER / name)["jobs"].values()
    (pulumi,) = [step for step in job["steps"] if "pulumi/actions" in step.get("uses", "")]
    assert pulumi["with"]["policyPacks"] == "policy"
    assert (PROJECT / "policy" / "PulumiPolicy.yaml").is_file()
