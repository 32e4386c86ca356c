"""`Pulumi.yaml`, the config reference and the table of settings say the same."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
import yaml

from components.key_changes import with_table
from components.settings.reference import config_reference
from components.settings.schema import pulumi_yaml
from components.settings.values import as_duration, duration


def test_pulumi_yaml_is_current() -> None:
    assert Path("Pulumi.yaml").read_text() == pulumi_yaml()


def test_each_list_says_what_is_in_it() -> None:
    """As the Pulumi CLI wants it before it loads the project."""
    schema = yaml.safe_load(pulumi_yaml())["config"]
    lists = {name for name, entry in schema.items() if entry["type"] == "array"}
    assert lists == {name for name, entry in schema.items() if "items" in entry}


def test_the_config_reference_is_current() -> None:
    assert Path("docs/config.md").read_text() == config_reference()


def test_what_a_changed_key_does_is_told() -> None:
    text = Path("docs/configuration.md").read_text()
    assert text == with_table(text)


@pytest.mark.parametrize("text", ["30m", "1h", "6h", "1h30m", "45s", "30h1s"])
def test_a_duration_is_shown_as_it_can_be_typed(text: str) -> None:
    assert as_duration(duration(text)) == text
    assert as_duration(timedelta(days=1)) == "24h"
