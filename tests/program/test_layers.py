"""Imports point one way."""

from __future__ import annotations

import ast
import re
from collections import Counter
from pathlib import Path

import pytest

REHEARSED = {"openvidu", "membership", "remote", "components", "scripts"}
PROJECT_PACKAGES = {*REHEARSED, "policy", "lab", "tests"}
MAY_IMPORT = {
    "__main__.py": {"components"},
    "docs": {"openvidu"},
    "openvidu": set[str](),
    "membership": {"openvidu"},
    "remote": set[str](),
    "components": {"openvidu"},
    "scripts": {"openvidu", "components", "membership"},
    "policy": {"openvidu", "components"},
    "lab": REHEARSED,
}


def imported_packages(path: Path) -> set[str]:
    return {module.split(".")[0] for module in imported_modules(path)}


def imported_modules(path: Path) -> set[str]:
    modules: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            modules.add(node.module)
    return modules


def test_whoever_talks_to_aws_beside_the_provider_logs_in_at_one_place() -> None:
    files = [one for package in ("components", "scripts") for one in Path(package).rglob("*.py")]
    found = {str(one) for one in files if {"boto3", "botocore.session"} & imported_modules(one)}
    assert found == {"components/aws/provider_session.py"}


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_a_package_imports_only_what_it_may(package: str) -> None:
    files = [Path(package)] if package.endswith(".py") else list(Path(package).rglob("*.py"))
    assert files
    for path in files:
        allowed = MAY_IMPORT[package] | {package}
        if path.is_relative_to("lab/tests"):
            allowed = allowed | {"tests"}
        assert imported_packages(path) & PROJECT_PACKAGES <= allowed, path


def test_every_package_has_its_place() -> None:
    packages = {path.parent.name for path in Path().glob("*/__init__.py")}
    assert packages == PROJECT_PACKAGES
    assert packages - {"tests"} <= {*MAY_IMPORT}


@pytest.mark.parametrize(
    "package", ["lab", "policy", "scripts", "components", "remote", "membership"]
)
def test_a_package_says_what_it_may_import(package: str) -> None:
    note = ast.get_docstring(ast.parse((Path(package) / "__init__.py").read_text())) or ""
    assert MAY_IMPORT[package] <= set(re.findall(r"`(\w+)`", note))


@pytest.mark.parametrize("package", ["membership", "scripts/autoscaling"])
def test_a_note_names_modules_that_there_are(package: str) -> None:
    note = ast.get_docstring(ast.parse((Path(package) / "__init__.py").read_text())) or ""
    previous = {path.stem for path in Path(package).glob("*.py")} | PROJECT_PACKAGES
    assert set(re.findall(r"`(\w+)`", note)) <= previous


def test_a_file_s_name_says_which_one_it_is() -> None:
    product = (*sorted(REHEARSED), "policy", "machine")
    names = Counter(
        path.name
        for package in product
        for path in Path(package).rglob("*.*")
        if path.suffix in {".py", ".sh"} and not path.name.startswith("__")
    )
    assert [name for name, count in names.items() if count > 1] == []
