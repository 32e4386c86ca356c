"""Imports point one way."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PROJECT_PACKAGES = {"openvidu", "membership", "components", "scripts", "lab", "tests", "bench"}
MAY_IMPORT = {
    "openvidu": set[str](),
    "membership": {"openvidu"},
    "components": {"openvidu"},
    "scripts": {"openvidu", "components"},
}


def imported_packages(path: Path) -> set[str]:
    modules: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            modules.add(node.module)
    return {module.split(".")[0] for module in modules}


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_a_package_imports_only_what_it_may(package: str) -> None:
    files = list(Path(package).rglob("*.py"))
    assert files
    for path in files:
        inside = imported_packages(path) & PROJECT_PACKAGES
        assert inside <= MAY_IMPORT[package] | {package}, path
