"""A base that was made anew knows no node: the stack tells it those that its state knows."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from components import on_base
from components.over_ssh import NOTHING
from components.previous_state import THIS_UPDATE, Attempt, PreviousState, from_outputs
from components.settings.table import Settings
from components.upgrade_path import Change, change_of
from membership.known_nodes import from_json
from membership.registry import Node, Way

JOINED = {
    "NODE_NAME": "node-2",
    "NODE_IP": "10.5.0.7",
    "NODE_IDENTITY": "i-2",
    "NODE_HOST": "203.0.113.3",
    "NODE_HOST_KEY": "ssh-ed25519 AAAA",
    "NODE_SSH_WAY": "port 2222",
    "NODE_INSTANCE": "arn:aws:ec2:eu-west-1:1:instance/i-2",
}
BEFORE, AFTER = Attempt("before", 1), Attempt("after", 1)
OLD_NODES = '[{"ip": "10.5.0.6"}]'


def state(**quiet: str) -> PreviousState:
    """What the state says of a bastion that has waited before, and of a node."""
    outputs: Mapping[str, Mapping[str, Any]] = {
        "bastion-address": {"publicIp": "203.0.113.5"},
        "bastion-host-key": {"stdout": "key"},
        "bastion-quiet": {"environment": {"CONFIGURATION": "before", **quiet}},
        "node-2-membership": {"environment": {"NODE_GENERATION": "1", **JOINED}},
    }
    return from_outputs(
        {f"urn:…::{name}": {"type": "", "outputs": found} for name, found in outputs.items()}
    )


def test_the_base_reads_the_nodes_that_the_state_knows() -> None:
    (node,) = from_json(state().told_nodes["NODES"])
    assert node == Node("node-2", "10.5.0.7", "i-2")
    assert node.way == Way(
        "203.0.113.3", "ssh-ed25519 AAAA", JOINED["NODE_INSTANCE"], JOINED["NODE_SSH_WAY"]
    )
    assert PreviousState().told_nodes == {}
    assert from_json("") == ()


@pytest.mark.parametrize(
    ("wanted", "key", "expected"),
    [
        (AFTER, "key", ["10.5.0.7"]),
        (AFTER, "another key", ["10.5.0.7"]),
        (Attempt("before", 2), "key", ["10.5.0.7"]),
        # That nodes came or went is no reason to wait.
        (BEFORE, "key", ["10.5.0.6"]),
        # On a machine that was made anew nothing restarts.
        (BEFORE, "another key", []),
    ],
)
def test_nodes_are_told_where_something_restarts(
    wanted: Attempt, key: str, expected: list[str]
) -> None:
    told = state(NODES=OLD_NODES).nodes_before_restart("bastion", wanted, key)
    assert [one["ip"] for one in json.loads(told or "[]")] == expected


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [(AFTER, THIS_UPDATE), (Attempt("before", 2), THIS_UPDATE), (BEFORE, "an earlier one")],
    ids=["another", "once more", "the same"],
)
def test_what_restarts_is_waited_for_in_this_update(wanted: Attempt, expected: str) -> None:
    assert state(UPDATE="an earlier one").update_before_restart("bastion", wanted) == expected
    assert PreviousState().update_before_restart("bastion", wanted) == ""


def test_at_first_there_are_none() -> None:
    assert PreviousState().nodes_before_restart("bastion", AFTER, "key") == ""


@pytest.mark.parametrize("is_due", [True, False])
def test_an_upgrade_that_is_not_due_is_left_as_it_is(
    monkeypatch: pytest.MonkeyPatch, is_due: bool
) -> None:
    """And what is due goes by no note, which outlives an update that the state doesn't know of."""
    given: dict[str, Any] = {}
    monkeypatch.setattr(on_base, "way_to", lambda _: {})
    monkeypatch.setattr(
        on_base, "local_command", lambda *words, **options: given.update(options, words=words)
    )

    class Base:
        depends_on = ()

    on_base.on_base(
        "node-2-upgrade",
        "pause",
        None,  # type: ignore[arg-type]
        Base(),  # type: ignore[arg-type]
        {"OPENVIDU_VERSION": "2.30.0"},
        parent=None,  # type: ignore[arg-type]
        depends_on=[],
        on_create=False,
        beside={"NODES": "[]"},
        is_due=is_due,
    )
    assert set(given["ignore_changes"]) == (
        set() if is_due else {"create", "update", "environment", "stdin"}
    )
    variables = given["words"][2]
    assert variables["NODES"] == "[]"
    assert "CARRIED_OUT_FOR" not in variables
    assert given["create"] == NOTHING
    assert given["update"].endswith(" pause")


@pytest.mark.parametrize(
    ("tried", "expected"),
    [("2.29.0", Change(Attempt("2.30.0", 4), is_due=True)), ("2.30.0", None)],
)
def test_a_node_that_is_not_known_to_have_joined_may_run(
    settings: Settings, tried: str, expected: Change | None
) -> None:
    previous = PreviousState(tried={"node-2": Attempt(tried, 3)})
    unchanged = Change(Attempt("2.30.0", 3), is_due=False)
    assert settings.openvidu_version == "2.30.0"
    assert change_of("node-2", settings, previous) == (expected or unchanged)
