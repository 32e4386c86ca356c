"""Where a report goes that nobody names a place for."""

from __future__ import annotations

import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lab.directory import PROJECT
from scripts.report import default_file, write


def test_a_report_is_never_committed_and_read_by_its_owner_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copy(PROJECT / ".gitignore", tmp_path)
    subprocess.run(["git", "init", "--quiet"], check=True)
    for _ in range(2):
        file = default_file(datetime(2026, 11, 29, 8, 30, 5, tzinfo=UTC))
        write(file, {"base.txt": "well\n"})
    assert file == Path("reports/openvidu-20261129T083005Z.tar.gz")
    assert file.parent.stat().st_mode & 0o777 == 0o700
    told = ["git", "status", "--porcelain", "--untracked-files=all"]
    found = subprocess.run(told, check=True, capture_output=True, text=True).stdout
    assert "reports" not in found
