"""actionlint looks at the workflows, or it's said that it doesn't."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from lab.directory import PROJECT
from lab.reference import built_cli, lint_workflows
from lab.tests.reference.conftest import Machine

MODULE = PROJECT / "lab" / "reference" / "workflows"
GO = """
[ "$1" != env ] || { echo go%s; exit; }
echo "$PWD $GOFLAGS: $*" >"$(dirname "$0")/did"
exit 3
"""


@pytest.fixture(autouse=True)
def one_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["lint_workflows", ".github/workflows/up.yml"])
    monkeypatch.delenv("CI", raising=False)


def test_the_module_pins_it_with_its_sums() -> None:
    assert "\ntool github.com/rhysd/actionlint/cmd/actionlint\n" in (MODULE / "go.mod").read_text()
    assert "github.com/rhysd/actionlint v1.7.12 h1:" in (MODULE / "go.sum").read_text()


def test_what_it_finds_is_a_failure(machine: Machine) -> None:
    machine.install("go", GO % ".".join(str(part) for part in built_cli.go_version()))
    assert lint_workflows.main() == 3
    file = Path(".github/workflows/up.yml").absolute()
    did = (machine.programs / "did").read_text()
    flags = "-trimpath -buildvcs=false -mod=readonly"
    assert did == f"{MODULE} {flags}: tool actionlint {file}\n"


@pytest.mark.parametrize(("ci", "status"), [("", 0), ("true", 1)])
def test_without_go_it_is_said_and_in_ci_a_failure(
    machine: Machine,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    ci: str,
    status: int,
) -> None:
    machine.install("uv", "exit 1")
    monkeypatch.setenv("CI", ci)
    assert lint_workflows.main() == status
    assert "WORKFLOWS NOT LINTED: Go" in capsys.readouterr().err


def test_run_has_each_workflow_looked_at() -> None:
    look = "uv run python -m lab.reference.lint_workflows .github/workflows/*.yml "
    assert look in (PROJECT / "run").read_text()
