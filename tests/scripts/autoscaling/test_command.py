"""What the command says to who types it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

STACK = {
    "openvidu-enterprise:shape": {"value": "ha"},
    "openvidu-enterprise:machines": {"value": "aws"},
    "openvidu-enterprise:nodeCount": {"value": "2"},
}


def autoscale(
    folder: Path, *options: str, config: object = STACK
) -> subprocess.CompletedProcess[str]:
    """Run it with a `pulumi` that has a configuration and no state."""
    program = folder / "pulumi"
    program.write_text(
        '#!/bin/bash\ncase "$1" in\n'
        f"config) echo '{json.dumps(config)}' ;;\n"
        """stack) [[ $2 == export ]] && echo '{"deployment": {}}' || echo dev ;;\nesac\n"""
    )
    program.chmod(0o755)
    return subprocess.run(
        [sys.executable, "-m", "scripts.autoscale", "--memory", str(folder / "memory"), *options],
        env={"PATH": f"{folder}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--max", "4"), "no target: say what a node should carry"),
        (("--max", "4", "--calls", "9", "--min", "5"), "--max 4: less than --min 5"),
        (("--max", "4", "--calls", "9", "--window", "soon"), "--window must be a duration"),
        (("--max", "4", "--calls", "9", "--at", "8:00 min=3"), "--at must be days"),
        (("--calls", "9"), "--max"),
    ],
)
def test_a_mistake_is_told_with_what_to_type(
    tmp_path: Path, options: tuple[str, ...], said: str
) -> None:
    done = autoscale(tmp_path, *options)
    assert done.returncode == 2
    assert said in done.stderr
    assert "--help" in done.stderr


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    done = autoscale(
        tmp_path,
        *("--max", "4", "--min", "5", "--at", "noon min=3", "--at", "Mon 08:00 min"),
        *("--time-zone", "Europe/Atlantis", "--window", "soon", "--interval", "often"),
    )
    assert done.returncode == 2
    for said in ("--max 4", "no target", "got noon min=3", "got Mon 08:00 min", "got Europe/Atl"):
        assert said in done.stderr
    assert re.search("--window must be .*, got soon", done.stderr)
    assert re.search("--interval must be .*, got often", done.stderr)


def test_a_cluster_that_cannot_be_seen_changes_nothing(tmp_path: Path) -> None:
    done = autoscale(tmp_path, "--max", "4", "--calls", "9", "--once", "--json")
    assert done.returncode == 2
    told = json.loads(done.stdout)
    assert told["action"] == "hold"
    assert not told["changes"]
    assert "no node is deployed yet" in told["reasons"][0]


@pytest.mark.parametrize(("key", "value"), [("shape", "single-master"), ("machines", "existing")])
def test_a_stack_without_nodes_to_make_is_refused(tmp_path: Path, key: str, value: str) -> None:
    config = {**STACK, f"openvidu-enterprise:{key}": {"value": value}}
    done = autoscale(tmp_path, "--max", "4", "--calls", "9", config=config)
    assert done.returncode == 1
    assert f"{key} is {value}" in done.stderr


def test_no_pulumi_is_told(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "scripts.autoscale", "--max", "4", "--calls", "9"],
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "pulumi isn't on the PATH" in done.stderr
