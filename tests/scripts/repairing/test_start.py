"""What a repair starts services with is what the last update gave to a shell on the machine."""

from __future__ import annotations

import json
from typing import Any

import pytest

from components.over_ssh import TEXT
from scripts.repair import start_of

SCRIPT = "set -e\nNAME=base\n\n"


def state(stdin: str) -> dict[str, Any]:
    start = {
        "type": "command:local:Command",
        "urn": "urn:pulumi:s::p::command:local:Command::base-start",
        "inputs": {"stdin": {"plaintext": json.dumps(stdin)}},
    }
    return {"deployment": {"resources": [start]}}


@pytest.mark.parametrize("given", [SCRIPT, f"a private key\n{TEXT}{SCRIPT}"])
def test_a_script_reaches_the_machine_without_private_keys(given: str) -> None:
    assert start_of("base", state(given)) == SCRIPT


def test_a_machine_that_no_update_has_started_has_none() -> None:
    assert start_of("node-1", state(SCRIPT)) is None
