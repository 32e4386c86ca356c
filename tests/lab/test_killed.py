"""A deployment that is killed is carried on, and nothing is made twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter

import pytest

from lab import cloud
from tests.engine.harness import wait_until
from tests.lab.conftest import Lab, new_lab

pytestmark = [pytest.mark.lab, pytest.mark.xdist_group("killed")]

NOBODY_WAITS_SO_LONG = 600


def machines(lab: Lab) -> Counter[str]:
    """How many instances have each private address."""
    return Counter(
        host.private_ip
        for host in lab.supervisor.control.hosts()
        if host.state not in ("terminated", "shutting-down")
    )


def test_an_instance_whose_creation_was_never_noted_is_taken_over() -> None:
    lab = new_lab("killed")
    one_each = {"10.5.0.5": 1, "10.5.0.6": 1, "10.5.0.7": 1}
    try:
        control = cloud.start(lab.directory.path).control
        control.fault("late-answer", seconds=NOBODY_WAITS_SO_LONG, actions="RunInstances")
        update = subprocess.Popen(
            [sys.executable, "-m", "lab.cli", "--name", lab.name, "up"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        wait_until(lambda: machines(lab) == one_each, "three instances that no answer tells of")
        os.killpg(update.pid, signal.SIGKILL)
        update.wait()
        made = {host.instance_id for host in control.hosts()}
        control.clear_faults()

        refused = lab.run("up")
        assert refused.status != 0
        assert "pulumi cancel" in refused.out + refused.err
        lab.ok("cancel")

        printed = lab.ok("up")
        for name in ("base", "node-1", "node-2"):
            assert f"{name}: i-" in printed
        assert '"clusterStatus": "UP"' in printed
        assert machines(lab) == one_each
        assert {host.instance_id for host in control.hosts()} == made
        assert "pending_operations" not in lab.json("state")["deployment"]
        assert set(lab.json("preview", "--json")["changeSummary"]) == {"same"}
    finally:
        lab.ok("reset")
