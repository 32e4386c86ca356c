"""`Pulumi.yaml`, the config reference and the table of settings say the same."""

from __future__ import annotations

from pathlib import Path

from components.configuration import keys
from components.key_changes import CHANGES, with_table
from components.reference import config_reference
from components.schema import pulumi_yaml


def test_pulumi_yaml_is_current() -> None:
    assert Path("Pulumi.yaml").read_text() == pulumi_yaml()


def test_the_config_reference_is_current() -> None:
    assert Path("docs/config.md").read_text() == config_reference()


def test_what_a_changed_key_does_is_known_of_each_and_told() -> None:
    assert CHANGES.keys() == keys().keys()
    text = Path("docs/configuration.md").read_text()
    assert text == with_table(text)
