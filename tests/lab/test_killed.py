"""A deployment that is killed, or whose state is lost, is carried on; nothing is made twice."""

from __future__ import annotations

import os
import signal
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.cloud import launch
from tests.lab.conftest import REFERENCE, Lab, needs_cli, new_lab
from tests.lab.watching import calls, require, scale

pytestmark = [pytest.mark.lab, pytest.mark.slow, pytest.mark.xdist_group("killed")]

NOBODY_WAITS_SO_LONG = 600


def machines(lab: Lab) -> Counter[str]:
    """How many instances have each private address."""
    return Counter(
        host.private_ip
        for host in lab.supervisor.control.hosts()
        if host.state not in ("terminated", "shutting-down")
    )


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    lab = new_lab("killed", REFERENCE)
    yield lab
    lab.ok("reset")


def test_an_instance_whose_creation_was_never_noted_is_taken_over(lab: Lab) -> None:
    one_each = {"10.5.0.5": 1, "10.5.0.6": 1, "10.5.0.7": 1}
    control = launch.start(lab.directory.path).control
    control.fault("late-answer", seconds=NOBODY_WAITS_SO_LONG, actions="RunInstances")
    update = subprocess.Popen(
        [*lab.command, "up"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    lab.wait_until(lambda: machines(lab) == one_each)
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
    assert "OpenVidu is UP: 10.5.0.6 UP, 10.5.0.7 UP" in printed
    assert machines(lab) == one_each
    assert {host.instance_id for host in control.hosts()} == made
    assert "pending_operations" not in lab.json("state")["deployment"]
    assert set(lab.json("preview", "--json")["changeSummary"]) == {"same"}


LOSE_AND_RECOVER = """
set -e
name=$(pulumi stack --show-name)
pulumi stack rm "$name" --yes --force --preserve-config
pulumi stack init "$name"
python -m scripts.recover_state --output "$1"
pulumi import --file "$1" --generate-code=false --yes
python -m scripts.recover_state --yes
"""


def ids(lab: Lab) -> dict[str, str]:
    """What there is in AWS, by name; the key pair is another one each time."""
    resources = lab.json("state")["deployment"]["resources"]
    return {
        one["urn"]: one["id"]
        for one in resources
        if one["type"].startswith("aws:") and "keyPair" not in one["type"]
    }


@needs_cli
def test_a_lost_state_is_made_again_without_cutting_a_call(lab: Lab, tmp_path: Path) -> None:
    before = ids(lab)
    with calls(lab, "5s..12s"):
        lab.ok("run", "--", "bash", "-c", LOSE_AND_RECOVER, "recover", str(tmp_path / "import"))
        assert ids(lab) == before
        lab.ok("up")
    assert ids(lab) == before
    require(lab, 1, 2)


@pytest.mark.matrix
def test_another_ssh_key_comes_to_every_machine_and_drains_none_that_stays(lab: Lab) -> None:
    scale(lab, 3)
    refused = lab.run("run", "--", "python", "-m", "scripts.rotate_ssh_key", "--finish")
    assert refused.status == 0, refused.err
    lab.ok("run", "--", "python", "-m", "scripts.rotate_ssh_key")
    early = lab.run("run", "--", "python", "-m", "scripts.rotate_ssh_key", "--finish")
    assert "doesn't use the configured key yet" in early.err
    with calls(lab, "5s..12s"):
        printed = scale(lab, 2)
    assert {
        name for name in ("node-1", "node-2", "node-3") if f"{name}: takes no new" in printed
    } == {"node-3"}
    lab.ok("run", "--", "python", "-m", "scripts.rotate_ssh_key", "--finish")
    public = lab.ok("run", "--", "pulumi", "config", "get", "sshPublicKey")
    for host in ("base", "node-1"):
        assert lab.on(host, "cat ~ubuntu/.ssh/authorized_keys") == public
    require(lab, 1, 2)
