"""How machines are reached, as the state has it."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from scripts.stack_machines import there_in


def command(name: str, host_key: str, private_key: str) -> dict[str, Any]:
    variables = {
        "BASE_HOST": "203.0.113.5",
        "BASE_HOST_KEY": host_key,
        "SSH_USER": "ubuntu",
        "OPENVIDU_VERSION": "2.30.0",
    }
    return {
        "urn": f"urn:pulumi:dev::x::command:local:Command::{name}",
        "type": "command:local:Command",
        "inputs": {"environment": variables, "stdin": private_key},
    }


UPGRADE = command("base-upgrade", "of the machine that is gone", "of then")
QUIET = command("base-quiet", "of this one", "of now")


@pytest.mark.parametrize("resources", [*itertools.permutations([UPGRADE, QUIET])])
def test_the_base_is_reached_as_the_last_update_left_it(resources: tuple[Any, ...]) -> None:
    base = there_in({"deployment": {"resources": [*resources]}})["base"]
    assert base.variables["NODE_HOST_KEY"] == "of this one"
    assert base.private_key == "of now"
    assert base.version == "2.30.0"


def test_an_earlier_state_has_what_an_upgrade_knows_alone() -> None:
    base = there_in({"deployment": {"resources": [UPGRADE]}})["base"]
    assert base.private_key == "of then"
