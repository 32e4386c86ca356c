"""Nodes come with calls and go after them, by what the base tells of the cluster."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from scripts.autoscaling.decision import Past, Sample
from scripts.autoscaling.memory import Memory
from scripts.autoscaling.scaling_policy import Measure
from scripts.expected_errors import INTERRUPTED
from tests.lab.conftest import Lab
from tests.lab.watching import calls, served

pytestmark = [pytest.mark.lab, pytest.mark.xdist_group("example")]


def remember_quiet(file: Path) -> None:
    """Have it remember half an hour of looks at a cluster with hardly a call."""
    now = time.time()
    samples = [Sample(now - 60 * ago, {Measure.CALLS: 1}) for ago in range(30, 0, -1)]
    Memory(file).write(Past(samples))


@pytest.mark.matrix
def test_a_node_comes_with_the_calls_and_leaves_after_them(cluster: Lab, tmp_path: Path) -> None:
    memory = tmp_path / "autoscale.json"
    command = [sys.executable, "-m", "scripts.autoscale", "--max", "3", "--calls", "2", "--once"]
    command += ["--memory", str(memory)]
    with calls(cluster, "2s..4s"):
        before = cluster.json("run", "--", *command, "--json", "--dry-run")
        assert (before["action"], before["nodeCount"]) == ("scale out", 3)
        assert len(served(cluster)) == 2
        assert "scale out to 3 nodes" in cluster.ok("run", "--", *command)
        assert len(served(cluster)) == 3
        assert json.loads(memory.read_text())["changed"]
        remember_quiet(memory)
        # The calls of now keep it from shrinking, however quiet it was.
        assert " hold" in cluster.ok("run", "--", *command)
    remember_quiet(memory)
    assert "scale in to 2 nodes" in cluster.ok("run", "--", *command)
    assert len(served(cluster)) == 2


@pytest.mark.matrix
def test_a_node_whose_update_was_interrupted_comes_with_the_next_run(
    cluster: Lab, tmp_path: Path
) -> None:
    memory = tmp_path / "autoscale.json"
    command = [sys.executable, "-m", "scripts.autoscale", "--max", "3", "--calls", "2", "--once"]
    command += ["--memory", str(memory), "--out-cooldown", "1s"]
    with calls(cluster, "2s..4s"):
        # The base waits for it from here on, and nothing runs there.
        with subprocess.Popen(
            [*cluster.command, "run", "--", *command],
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        ) as running:
            assert running.stdout
            assert any("node-3-identity created" in line for line in running.stdout)
            os.killpg(running.pid, signal.SIGINT)
            running.stdout.read()
        assert running.returncode == INTERRUPTED
        assert len(served(cluster)) == 2
        assert "node-3 doesn't serve" in cluster.ok("run", "--", *command)
        assert len(served(cluster)) == 3
    remember_quiet(memory)
    assert "scale in to 2 nodes" in cluster.ok("run", "--", *command)
    assert len(served(cluster)) == 2
