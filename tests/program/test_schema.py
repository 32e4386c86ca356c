"""`Pulumi.yaml`, the config reference and the table of settings say the same."""

from __future__ import annotations

from pathlib import Path

from components.reference import config_reference
from components.schema import pulumi_yaml


def test_pulumi_yaml_is_current() -> None:
    assert Path("Pulumi.yaml").read_text() == pulumi_yaml()


def test_the_config_reference_is_current() -> None:
    assert Path("docs/config.md").read_text() == config_reference()
