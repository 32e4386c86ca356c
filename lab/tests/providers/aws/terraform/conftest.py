"""Terraform, and the real provider where it is at hand."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lab.tests.providers.aws.terraform.driver import PLUGINS, Terraform, lacking, provider
from tests.program.conftest import nobody_answers_over_ssh

__all__ = ["nobody_answers_over_ssh"]
"""Holds for what deploys here, too."""


@pytest.fixture
def without_providers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Terraform:
    """Terraform with what it brings itself."""
    if not shutil.which("terraform"):
        pytest.skip("TERRAFORM NOT TESTED: there is none on the PATH")
    monkeypatch.delenv(PLUGINS, raising=False)
    return Terraform(tmp_path, {})


@pytest.fixture(scope="session")
def real_provider() -> None:
    """The real provider has to be at hand."""
    if missing := lacking():
        pytest.skip(f"THE REAL AWS PROVIDER IS NOT TESTED: {missing}; see CONTRIBUTING.md")


@pytest.fixture
def make_terraform(real_provider: None, tmp_path: Path) -> Iterator[Callable[[str], Terraform]]:
    """Terraform with the real provider, led to the fake AWS at a URL; destroys in the end."""
    made: list[Terraform] = []

    def make(url: str) -> Terraform:
        made.append(Terraform(tmp_path, provider(url)))
        return made[-1]

    yield make
    for terraform in made:
        terraform.destroy()
