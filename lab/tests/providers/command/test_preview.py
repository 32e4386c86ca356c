from __future__ import annotations

from pathlib import Path

import pytest

from .harness import LOCAL, Provider
from .values import UNKNOWN, Properties, secret

STATE = {"create": "a", "stdout": "out", "stderr": "err"}


def test_a_preview_runs_nothing(provider: Provider, tmp_path: Path) -> None:
    command = f"touch {tmp_path}/ran"

    provider.create(LOCAL, {"create": command}, preview=True)
    provider.update(LOCAL, STATE, {"create": command}, preview=True)

    assert not (tmp_path / "ran").exists()


def test_a_new_command_has_unknown_outputs(provider: Provider) -> None:
    inputs = {"create": "a", "stdin": secret(UNKNOWN), "triggers": [UNKNOWN, 1]}

    id_, outputs = provider.create(LOCAL, inputs, preview=True)

    assert id_.startswith("thing")
    assert outputs == {**inputs, "stdout": UNKNOWN, "stderr": UNKNOWN}


@pytest.mark.parametrize(
    ("news", "known"),
    [
        ({"create": "a"}, True),
        ({"create": "b"}, False),
        ({"create": UNKNOWN}, False),
        ({"create": secret("a")}, False),
        ({}, False),
        ({"create": "a", "delete": "b"}, True),
    ],
)
def test_an_updated_command_has_unknown_outputs_if_an_input_of_the_state_changes(
    provider: Provider, news: Properties, known: bool
) -> None:
    outputs = provider.update(LOCAL, STATE, news, preview=True)

    expected = ("out", "err") if known else (UNKNOWN, UNKNOWN)
    assert (outputs["stdout"], outputs["stderr"]) == expected
