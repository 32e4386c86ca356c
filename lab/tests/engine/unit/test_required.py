"""The providers that a project has packages for."""

from __future__ import annotations

import json
from pathlib import Path

from lab.engine.plugin.required import RequiredPackage, required_packages


def install(venv: Path, package: str, said: dict[str, object]) -> None:
    folder = venv / "lib" / "python3.11" / "site-packages" / package
    folder.mkdir(parents=True)
    (folder / "pulumi-plugin.json").write_text(json.dumps(said))


def test_packages_beside_the_interpreter_name_their_providers(tmp_path: Path) -> None:
    install(tmp_path, "pulumi_command", {"resource": True, "name": "command"})
    install(tmp_path, "pulumi_aws", {"resource": True, "name": "aws", "version": "7.51.1"})
    install(tmp_path, "pulumi_policy", {"resource": False, "name": "policy"})
    assert required_packages(tmp_path / "bin" / "python") == [
        RequiredPackage("aws", "7.51.1"),
        RequiredPackage("command", ""),
    ]


def test_an_interpreter_without_such_packages_names_none(tmp_path: Path) -> None:
    assert required_packages(tmp_path / "bin" / "python") == []
