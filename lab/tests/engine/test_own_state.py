"""What a program reads of its own stack's state, with either engine."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pulumi
import pytest

from components import previous_state
from components.previous_state import PreviousState
from lab.tests.engine.harness import Stack

READS_ITS_STATE = """
    from components.previous_state import read_outputs
    found = read_outputs()
    before = {urn.rpartition("::")[2]: one["outputs"].get("value") for urn, one in found.items()}
    Thing("a", value=config.require_secret("password"))
    pulumi.export("before", before.get("a", "nothing"))
"""


def test_a_program_reads_what_its_last_deployment_left(stack: Stack) -> None:
    stack.run("config", "set", "--secret", "password", "correct-horse")
    stack.program(READS_ITS_STATE)
    stack.must_up()
    assert _before(stack) == "nothing"
    stack.must_up()
    assert _before(stack) == "correct-horse"


def test_a_program_does_not_see_what_the_refresh_of_its_update_has_found(stack: Stack) -> None:
    stack.run("config", "set", "--secret", "password", "correct-horse")
    stack.program(READS_ITS_STATE)
    stack.must_up()
    live = next((stack.things / "objects").glob("a-*.json"))
    live.write_text(json.dumps({**json.loads(live.read_text()), "value": "drifted"}))
    assert "~ 1 updated" in stack.must_up("--refresh").out
    assert _before(stack) == "correct-horse"
    live.write_text(json.dumps({**json.loads(live.read_text()), "value": "drifted"}))
    assert stack.refresh().code == 0
    stack.must_up()
    assert _before(stack) == "drifted"


@pytest.mark.parametrize(
    ("error", "times", "reads"),
    [("load checkpoint: EOF", 2, True), ("load checkpoint: EOF", 9, False), ("get it", 1, False)],
)
def test_a_state_that_is_being_replaced_is_read_again(
    monkeypatch: pytest.MonkeyPatch, error: str, times: int, reads: bool
) -> None:
    errors = [RuntimeError(f"invoke returned an error: failed to {error}") for _ in range(times)]

    def invoke(*_: object) -> SimpleNamespace:
        if errors:
            raise errors.pop()
        return SimpleNamespace(value={"outputs": {}})

    monkeypatch.setattr(pulumi.runtime, "invoke", invoke)
    monkeypatch.setattr(previous_state, "_PAUSE_SECONDS", 0)
    if reads:
        assert previous_state.deployed() == PreviousState()
    else:
        with pytest.raises(RuntimeError, match=error):
            previous_state.deployed()


def _before(stack: Stack) -> str:
    return stack.run("stack", "output", "before", "--show-secrets").out.strip()
