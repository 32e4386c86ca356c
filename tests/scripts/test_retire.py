"""What an operator is told who has nodes go."""

from __future__ import annotations

import json
import os
import shlex
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.numbering import Wanted
from scripts.retire import taken_back
from tests.program.test_proposals import type_
from tests.scripts.test_commands import run

PULUMI = """#!/bin/sh
case "$1 $2" in
"config --json") echo '{config}' ;;
"stack export") echo '{state}' ;;
"config set-all") echo "$4" >'{log}' ;;
esac
"""


def retire(tmp_path: Path, config: dict[str, Any], *arguments: str) -> tuple[int, str, str]:
    """Retire in a stack of two nodes that run; returns status, what is told, and what is stored."""
    urn = "urn:pulumi:dev::p::a:b:Node$command:local:Command::"
    inputs = {"environment": {"NODE_IP": "10.5.0.6"}, "stdin": "key"}
    state = {
        "deployment": {
            "resources": [
                {"urn": f"{urn}node-{number}-membership", "inputs": inputs} for number in (1, 2)
            ]
        }
    }
    values = {
        f"openvidu-enterprise:{key}": {
            "value": value if isinstance(value, str) else json.dumps(value)
        }
        for key, value in config.items()
    }
    log = tmp_path / "stored"
    program = tmp_path / "pulumi"
    program.write_text(
        PULUMI.format(config=json.dumps(values), state=json.dumps(state), log=shlex.quote(str(log)))
    )
    program.chmod(0o755)
    done = run("scripts.retire", *arguments, path=f"{tmp_path}:{os.environ['PATH']}")
    return done.returncode, done.stdout + done.stderr, log.read_text() if log.exists() else ""


def stored(text: str) -> dict[str, Any]:
    return {key: json.loads(entry["value"]) for key, entry in json.loads(text).items()}


def test_the_highest_number_is_told_how_it_is_taken_back(tmp_path: Path) -> None:
    status, told, log = retire(tmp_path, {"nodeCount": 2, "retiredNodes": []}, "node-2")
    assert status == 0, told
    assert stored(log) == {"nodeCount": 1, "retiredNodes": [2]}
    back = "pulumi config set nodeCount 2 && pulumi config rm retiredNodes"
    assert f"it's taken back by: {back}\n" in told


def test_another_node_takes_the_place_of_one_that_is_replaced(tmp_path: Path) -> None:
    config = {"nodeCount": 2, "retiredNodes": []}
    status, told, log = retire(tmp_path, config, "--replace", "node-2")
    assert status == 0, told
    assert stored(log) == {"retiredNodes": [2]}


HOSTS = [{"publicIp": f"203.0.113.{end}", "privateIp": f"10.5.0.{end}"} for end in (5, 6, 7)]


@pytest.mark.parametrize(
    ("config", "words"),
    [
        (
            {"nodeCount": 2, "machines": "existing", "hosts": HOSTS},
            "there are 2 numbers (2 of nodes, 1 retired), the nodes that hosts has",
        ),
        (
            {"nodeCount": 9, "subnetCidr": "10.5.0.0/28"},
            "there are 9 numbers (9 of nodes, 1 retired), the nodes that 10.5.0.0/28 has",
        ),
    ],
)
def test_nothing_is_stored_where_no_number_is_left_for_another(
    tmp_path: Path, config: dict[str, Any], words: str
) -> None:
    config = {"retiredNodes": [], **config}
    status, told, log = retire(tmp_path, config, "--replace", "node-2")
    assert status == 1
    assert words in told
    assert "Nothing was changed" in told
    assert not log
    # What is proposed is taken.
    status, told, log = retire(tmp_path, config, "node-2")
    assert status == 0, told
    assert stored(log)["retiredNodes"] == [2]


@pytest.mark.parametrize(
    ("config", "arguments", "words"),
    [
        ({"nodeCount": 1, "retiredNodes": [2]}, ["node-2"], "node-2 leaves with the next update"),
        (
            {"nodeCount": 1, "retiredNodes": [2]},
            ["--count", "2"],
            "found 1 that could go, of 2. Nothing was changed.",
        ),
        ({"nodeCount": 2, "retiredNodes": []}, ["node-3"], "its nodes: node-1, node-2"),
        (
            {"nodeCount": 2, "retiredNodes": [1, 2]},
            ["node-3"],
            "its nodes: node-1, node-2, which leave with the next update",
        ),
    ],
)
def test_what_cannot_go_is_refused(
    tmp_path: Path, config: dict[str, Any], arguments: list[str], words: str
) -> None:
    status, told, log = retire(tmp_path, config, *arguments)
    assert status == 1
    assert words in told
    assert not log


@given(st.integers(1, 9), st.frozensets(st.integers(1, 9), max_size=3), st.data())
def test_whoever_types_what_is_proposed_has_the_configuration_from_before(
    count: int, retired: frozenset[int], data: st.DataObject
) -> None:
    before = Wanted(count, retired)
    after = before.without(data.draw(st.sets(st.sampled_from(before.numbers), min_size=1)))
    config = {"nodeCount": str(after.count), "retiredNodes": json.dumps(sorted(after.retired))}
    type_(config, taken_back(before, ("nodeCount", "retiredNodes")))
    found = json.loads(config.get("retiredNodes") or "[]")
    assert Wanted(int(config["nodeCount"]), frozenset(map(int, found))) == before
