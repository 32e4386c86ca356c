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

BASE = """
import os, pathlib, sys
folder = pathlib.Path(os.environ["FOLDER"])
with (folder / "done").open("a") as done:
    print(sys.argv[1], os.environ["NODE_IP"], file=done)
said = folder / sys.argv[1]
print(said.read_text() if said.exists() else sys.exit("connection refused"))
"""
"""What carries out actions on the base: it says what is in files called like them."""
PULUMI = """#!/bin/sh
case "$1 $2" in
"config --json") cat {folder}/config ;;
"stack export") cat {folder}/state ;;
"config set-all") echo "$4" >{folder}/stored ;;
esac
"""


def retire(
    tmp_path: Path, config: dict[str, Any], *arguments: str, typed: str = ""
) -> tuple[int, str, str]:
    """Retire in a stack of two nodes that run; returns status, what is told, and what is stored."""
    urn = "urn:pulumi:dev::p::a:b:Node$command:local:Command::"
    resources = [
        {
            "urn": f"{urn}node-{number}-membership",
            "inputs": {
                "environment": {
                    "NODE_IP": f"10.5.0.{5 + number}",
                    "OVER_SSH": BASE,
                    "FOLDER": str(tmp_path),
                },
                "stdin": "key",
            },
        }
        for number in (1, 2)
    ]
    state = {"deployment": {"resources": resources}}
    values = {
        f"openvidu-enterprise:{key}": {
            "value": value if isinstance(value, str) else json.dumps(value)
        }
        for key, value in config.items()
    }
    (tmp_path / "config").write_text(json.dumps(values))
    (tmp_path / "state").write_text(json.dumps(state))
    log, program = tmp_path / "stored", tmp_path / "pulumi"
    program.write_text(PULUMI.format(folder=shlex.quote(str(tmp_path))))
    program.chmod(0o755)
    path = f"{tmp_path}:{os.environ['PATH']}"
    done = run("scripts.retire", *arguments, path=path, typed=typed)
    return done.returncode, done.stdout + done.stderr, log.read_text() if log.exists() else ""


def stored(text: str) -> dict[str, Any]:
    return {key: json.loads(entry["value"]) for key, entry in json.loads(text).items()}


def test_the_highest_number_is_told_how_it_is_taken_back(tmp_path: Path) -> None:
    status, told, log = retire(tmp_path, {"nodeCount": 2, "retiredNodes": []}, "node-2")
    assert status == 0, told
    assert stored(log) == {"nodeCount": 1, "retiredNodes": [2]}
    back = "pulumi config set nodeCount 2 && pulumi config rm retiredNodes"
    assert f"To undo it before that: {back}\n" in told


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
        (
            {"nodeCount": 7, "standbyNodes": 2, "subnetCidr": "10.5.0.0/28"},
            "there are 9 numbers (7 of nodes, 1 retired, 2 of standbys), the nodes that",
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
        (
            {"nodeCount": 1, "retiredNodes": [2]},
            ["node-2"],
            "node-2 already leaves with the next update",
        ),
        (
            {"nodeCount": 1, "retiredNodes": [2]},
            ["--count", "2"],
            "only 1 of 2 nodes can leave. Nothing was changed.",
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


TWO = {"nodeCount": 2, "retiredNodes": []}
WITNESSES = (
    "from here no way to port 4443: timed out; the cluster lists it; "
    "SSH to it from here: no route; node-1 says of its port: no route; AWS says: i-2 is running"
)


def concluded(tmp_path: Path, conclusion: str, calls: int | None) -> None:
    """What all who can see each node say together."""
    told = {"conclusion": conclusion, "told": WITNESSES, "calls": calls}
    (tmp_path / "conclude").write_text(json.dumps(told))
    (tmp_path / "dead").write_text("it counts as dead from now on")


def done_on_base(tmp_path: Path) -> list[str]:
    return (tmp_path / "done").read_text().splitlines()


@pytest.mark.parametrize(
    ("calls", "carries"), [(4, "calls that it carries: 4"), (None, "calls that it carries: not kn")]
)
def test_who_calls_a_node_dead_is_shown_who_says_what_and_asked(
    tmp_path: Path, calls: int | None, carries: str
) -> None:
    concluded(tmp_path, "unknown", calls)
    status, told, log = retire(tmp_path, TWO, "node-2", "--dead", typed="n\n")
    assert status == 1
    assert f"node-2, 10.5.0.7: unknown: {WITNESSES}\n" in told
    assert carries in told
    assert "its calls are cut, and recordings that aren't" in told
    assert "Your word counts for a day, or until somebody sees it running" in told
    assert "Is it dead? [y/N]: " in told
    assert done_on_base(tmp_path) == ["conclude 10.5.0.7"]
    assert not log


def test_a_node_is_dead_on_the_operators_word(tmp_path: Path) -> None:
    concluded(tmp_path, "unknown", None)
    status, told, log = retire(tmp_path, TWO, "node-2", "--dead", typed="y\n")
    assert status == 0, told
    assert done_on_base(tmp_path) == ["conclude 10.5.0.7", "dead 10.5.0.7"]
    assert stored(log) == {"nodeCount": 1, "retiredNodes": [2]}


@pytest.mark.parametrize("conclusion", ["serving", "draining"])
@pytest.mark.parametrize(
    ("config", "following"),
    [
        (TWO, "uv run openvidu-enterprise retire node-2, then: pulumi up\n"),
        ({"nodeCount": 1, "retiredNodes": [2]}, "to have its calls waited for: pulumi up\n"),
    ],
    ids=["wanted", "leaves already"],
)
def test_a_node_that_somebody_sees_run_is_not_dead(
    tmp_path: Path, conclusion: str, config: dict[str, Any], following: str
) -> None:
    concluded(tmp_path, conclusion, 4)
    status, told, log = retire(tmp_path, config, "node-2", "--dead", "--yes")
    assert status == 1
    assert "somebody who can see it says that it's running, and that counts for more" in told
    assert following in told
    assert done_on_base(tmp_path) == ["conclude 10.5.0.7"]
    assert not log


def test_of_several_none_is_dead_where_one_runs(tmp_path: Path) -> None:
    concluded(tmp_path, "serving", 4)
    status, told, _ = retire(tmp_path, TWO, "node-1", "node-2", "--dead", "--yes")
    assert status == 1
    assert "node-1 and node-2: somebody" in told
    assert done_on_base(tmp_path) == ["conclude 10.5.0.6", "conclude 10.5.0.7"]


def test_a_base_that_cannot_be_asked_is_told_nothing(tmp_path: Path) -> None:
    status, told, log = retire(tmp_path, TWO, "node-2", "--dead", "--yes")
    assert status == 1
    assert "can't ask or tell the base: connection refused. Nothing was changed" in told
    assert done_on_base(tmp_path) == ["conclude 10.5.0.7"]
    assert not log


def seen(in_service: bool | None, calls: int | None) -> dict[str, Any]:
    return {
        "inService": in_service,
        "generation": 1,
        "calls": calls,
        "participants": calls,
        "sees": "no way to port 4443",
    }


def test_the_least_loaded_of_all_is_chosen_where_all_are_known(tmp_path: Path) -> None:
    nodes = {"10.5.0.6": seen(True, 3), "10.5.0.7": seen(True, 9)}
    (tmp_path / "overview").write_text(json.dumps({"nodes": nodes, "drift": []}))
    status, told, log = retire(tmp_path, TWO, "--count", "1")
    assert status == 0, told
    assert stored(log)["retiredNodes"] == [1]


@pytest.mark.parametrize(
    ("node", "words"),
    [
        ({}, "node-2: the base doesn't know it"),
        ({"10.5.0.7": seen(None, None)}, "node-2: what it carries isn't known: no way to port"),
        ({"10.5.0.7": seen(False, None)}, "node-2: what it carries isn't known: no way to port"),
    ],
)
def test_a_node_that_cannot_be_seen_is_no_idle_one(
    tmp_path: Path, node: dict[str, Any], words: str
) -> None:
    nodes = {"10.5.0.6": seen(True, 30), **node}
    (tmp_path / "overview").write_text(json.dumps({"nodes": nodes, "drift": []}))
    status, told, log = retire(tmp_path, TWO, "--count", "1")
    assert status == 1
    assert words in told
    assert "what node-2 would cost isn't known. Nothing was changed" in told
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
