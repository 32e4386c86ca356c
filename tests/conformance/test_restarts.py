"""What comes back after a process has ended, a kill and a power cut; and what `up` waits for."""

from __future__ import annotations

import subprocess

import pytest

from lab.openvidu.testing.cluster import Cluster
from tests.conformance.conftest import AFTER
from tests.conformance.machines import TOOL, Machine

pytestmark = [pytest.mark.lab, pytest.mark.xdist_group("conformance")]

POLICIES = ("always", "unless-stopped", "on-failure", "no")
SLEEPING = "services:\n" + "".join(
    f"    '{policy}{stopped}': {{image: '{TOOL}', network_mode: none, restart: '{policy}', "
    "stop_grace_period: 0s, command: [sleep, '1000']}\n"
    for policy in POLICIES
    for stopped in ("", "-stopped")
)


def test_what_comes_back_after_a_power_cut(machine: Machine) -> None:
    folder = machine.folder(SLEEPING)
    folder.up()
    folder.compose("stop " + " ".join(f"{policy}-stopped" for policy in POLICIES))
    machine.host.reboot()
    # A stop by hand is a failure of what doesn't end by itself.
    back = {"always", "unless-stopped", "on-failure", "always-stopped", "on-failure-stopped"}
    for name in back:
        machine.wait_for(folder.container(name), ".State.Status", "running")
    assert set(folder.compose("ps --status running --services").stdout.split()) == back


def test_a_process_that_dies_is_started_again(machine: Machine) -> None:
    folder = machine.folder(SLEEPING)
    folder.up("always on-failure no")
    pids = {}
    for name in ("always", "on-failure", "no"):
        pids[name] = machine.inspect(folder.container(name), ".State.Pid")
        machine.host.run(f"kill -KILL {pids[name]}")
    machine.wait_for(folder.container("no"), ".State.Status", "exited")
    for name in ("always", "on-failure"):
        Cluster.wait_for(
            lambda name=name: (
                machine.inspect(folder.container(name), ".State.Pid")  # type: ignore[misc]
                not in ("0", pids[name])
            ),
            name,
        )


def test_a_kill_by_hand_is_a_stop(machine: Machine) -> None:
    folder = machine.folder(SLEEPING)
    folder.up("always")
    machine.docker(f"kill {folder.container('always')}")
    machine.wait_for(folder.container("always"), ".State.Status", "exited")
    assert machine.inspect(folder.container("always"), ".State.ExitCode") == "137"


ENDING = f"""
services:
    a: {{image: '{TOOL}', network_mode: none, restart: '$RESTART', command: [sh, -c, 'exit 3']}}
    b: {{image: '{TOOL}', network_mode: none, restart: always, command: [sleep, '1000'],
        stop_grace_period: 0s}}
"""


def test_up_ends_with_the_service_that_it_waits_for(machine: Machine) -> None:
    folder = machine.folder(ENDING, "RESTART=no\n")
    done = folder.compose("up --exit-code-from a")
    assert done.returncode == 3
    assert "exited with code 3" in done.stdout
    assert folder.compose("ps --status running --quiet").stdout == ""


@pytest.mark.parametrize("machine", ["stand-in", "2.26.1", "5.6.1"], indirect=True)
def test_up_ends_also_with_one_that_is_started_again(machine: Machine) -> None:
    folder = machine.folder(ENDING, "RESTART=always\n")
    assert folder.compose("up --exit-code-from a a").returncode == 3
    assert folder.compose("ps --status running --quiet").stdout == ""


@pytest.mark.parametrize("machine", ["stand-in of 2.40.3", AFTER], indirect=True)
def test_from_2_39_to_5_5_up_does_not_end_with_it(machine: Machine) -> None:
    folder = machine.folder(ENDING, "RESTART=always\n")
    waiting = folder.spawn("up --exit-code-from a a")
    machine.wait_for(folder.container("a"), ".State.Status", "exited")
    with pytest.raises(subprocess.TimeoutExpired):
        waiting.wait(3)
    machine.host.run("pkill -KILL -f exit-code-from")
    waiting.communicate()


RUN = f"""
services:
    a: {{image: '{TOOL}', container_name: named, network_mode: none, restart: always,
        environment: ['A=$A'], command: [sh, -c, 'echo run $$A; exit 4']}}
"""


def test_run_leaves_a_container_behind(machine: Machine) -> None:
    folder = machine.folder(RUN)
    done = folder.compose("run a", A="7")
    assert done.returncode == 4
    assert done.stdout.strip() == "run 7"
    (left,) = machine.names()
    assert left.startswith(f"{folder.path.rpartition('/')[2]}-a-run-")
    assert machine.inspect(left, ".State.Status") == "exited"
    folder.compose("down")
    assert machine.names() == [left]
    folder.compose("down --remove-orphans")
    assert machine.names() == []


def test_run_takes_a_command_and_cleans_up_when_told(machine: Machine) -> None:
    folder = machine.folder(RUN)
    assert folder.compose("run --rm a sh -c 'exit 5'").returncode == 5
    assert machine.names() == []


def test_what_runs_once_is_not_among_the_services(machine: Machine) -> None:
    folder = machine.folder(RUN)
    folder.compose("run a")
    assert folder.compose("ps --quiet").stdout == ""
    folder.up()
    assert len(machine.names()) == 2
