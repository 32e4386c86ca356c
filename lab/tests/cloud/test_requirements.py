"""What a machine lacks is said at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.cloud import requirements
from lab.cloud.requirements import Missing, explain, main, missing, packages


def test_this_machine_has_what_a_lab_needs() -> None:
    assert missing() == []


def test_everything_that_is_missing_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(requirements, "_SYSTEM_FOLDERS", ())
    lacking = missing()
    assert {"iproute2", "nftables", "openssh-server", "sudo", "redis-server", "nginx"} <= set(
        packages(lacking)
    )
    assert "sudo apt-get install --no-install-recommends iproute2 nftables" in explain(lacking)


def test_other_systems_are_told_what_to_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "darwin")
    lacking = missing()
    assert packages(lacking) == []
    assert "virtual machine" in explain(lacking)


def test_a_package_is_named_once() -> None:
    assert packages([Missing("a", "", "one"), Missing("b", "", "one")]) == ["one"]


def test_what_tests_need_is_named_for_tests_only(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(requirements, "_SYSTEM_FOLDERS", ())
    main([])
    for_a_lab = capsys.readouterr().out.split()
    main(["test"])
    for_tests = set(capsys.readouterr().out.split()) - set(for_a_lab)
    compared, shells = {"docker.io", "busybox-static"}, {"fish", "tcsh", "zsh"}
    assert for_tests == compared | shells | {"nodejs", "npm", "chromium", "prometheus"}
