"""A preview that has failed is never taken for one that changes nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from scripts import preview_summary
from scripts.pulumi_cli import PulumiCli, PulumiError


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """For the PATH, with nothing else on it."""
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return tmp_path


def previews(folder: Path, printed: object, status: int, error: str = "") -> None:
    """A `pulumi` that previews in this way."""
    (folder / "printed").write_text(json.dumps(printed))
    program = folder / "pulumi"
    program.write_text(f"#!/bin/sh\ncat {folder / 'printed'}\necho '{error}' >&2\nexit {status}\n")
    program.chmod(0o755)


def test_one_that_prints_nothing_and_fails_is_an_error_that_quotes_it(folder: Path) -> None:
    previews(folder, {}, 1, "error: no language plugin found")
    with pytest.raises(PulumiError, match=r"status 1.*\n.*no language plugin found"):
        PulumiCli("dev").preview_and_errors()


def test_one_that_fails_and_has_only_warnings_is_an_error(folder: Path) -> None:
    previews(folder, {"diagnostics": [{"severity": "warning", "message": "careful"}]}, 255)
    with pytest.raises(PulumiError, match="status 255"):
        PulumiCli("dev").preview_and_errors()


def test_one_that_says_why_it_fails_is_given_to_who_asked(folder: Path) -> None:
    failed = {
        "diagnostics": [{"severity": "error", "message": "nodeCount: must be 1 or more, got 0"}]
    }
    previews(folder, failed, 1)
    assert PulumiCli("dev").preview_and_errors() == failed


@pytest.mark.parametrize("printed", [{}, {"steps": [], "diagnostics": None}, []])
def test_a_file_without_a_preview_is_no_summary(
    printed: Any, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    previews(folder, {}, 0)
    file = folder / "preview.json"
    file.write_text(json.dumps(printed))
    with pytest.raises(SystemExit) as ended:
        preview_summary.main(file=file)
    assert ended.value.code == 1
    said = capsys.readouterr()
    assert "Next: pulumi preview --json >" in said.err
    assert said.out == ""
