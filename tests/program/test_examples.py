"""Each example is a configuration that the program takes, once it has its secrets."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.settings.read import read
from lab.directory import PROJECT
from tests.program.conftest import SECRETS, example

FILES = [PROJECT / "Pulumi.dev.yaml", *sorted((PROJECT / "examples").glob("Pulumi.*.yaml"))]
README = (PROJECT / "README.md").read_text()
DOCS = "".join(file.read_text() for file in (PROJECT / "docs").glob("*.md"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem.removeprefix("Pulumi."))
def test_an_example_lacks_its_secrets_only(file: Path) -> None:
    own = {
        key.removeprefix("openvidu-enterprise:"): value
        for key, value in yaml.safe_load(file.read_text())["config"].items()
        if key.startswith("openvidu-enterprise:")
    }
    for host in own.get("hosts", ()):
        # What `uv run openvidu-enterprise host-keys` adds.
        host["hostKey"] = example()["sshPublicKey"]
    made = {**example(), "elasticsearchPassword": "Made-by-init-stack-1"}
    if "turnServer" in own:
        made["turnStaticAuthSecret"] = "secret-of-turn"
    if "hosts" in own:
        del made["sshCidrs"]
    settings = read({**made, **{key: _text(value) for key, value in own.items()}}, SECRETS)
    assert settings.shape == own.get("shape", "ha")


@pytest.mark.parametrize("file", FILES[1:], ids=lambda file: file.stem.removeprefix("Pulumi."))
def test_an_example_is_told_with_its_command(file: Path) -> None:
    name = file.stem.removeprefix("Pulumi.")
    assert f"--example {name}`" in README or f"up --example {name}" in DOCS


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
