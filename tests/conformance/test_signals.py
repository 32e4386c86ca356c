"""Ctrl-C and SIGTERM, where Compose stays in the foreground."""

from __future__ import annotations

import subprocess

import pytest

from lab.openvidu.testing.cluster import Cluster
from tests.conformance.machines import TOOL, EngineHost, Folder, Machine

pytestmark = [pytest.mark.lab, pytest.mark.xdist_group("conformance")]

SIGNALS = ("INT", "TERM")
INTERRUPTED = (130, 2)
"""The second where Compose 2.26.1 panics, as it does now and then, when all is stopped."""
STOPPED = (["3", "137"], ["137", "137"])
"""The second where Compose counts one signal twice, which kills: its context ends with the first.

Source: https://github.com/docker/compose/blob/v2.26.1/pkg/compose/up.go (`ctx.Done()` and
`signalChan` in one `select`).
"""
TWO = f"""
services:
    a:
        image: {TOOL}
        network_mode: none
        restart: always
        command: [sh, -c, "trap 'exit 3' TERM; echo up; while true; do sleep 0.05; done"]
    b:
        image: {TOOL}
        network_mode: none
        restart: always
        stop_grace_period: 0s
        command: [sh, -c, "trap '' TERM; echo up; sleep 1000"]
"""


def said_up(folder: Folder, *services: str) -> None:
    """Wait until services have said that they run."""
    for service in services:
        Cluster.wait_for(lambda service=service: "up" in folder.logs(service), service)  # type: ignore[misc]


def interrupt(folder: Folder, signal: str) -> None:
    """Signal all that a terminal would."""
    folder.machine.host.run(f"kill -{signal} -- -$(cat {folder.path}/foreground)")


def foreground(folder: Folder, arguments: str) -> subprocess.Popen[str]:
    """Start `docker compose ARGUMENTS` as a terminal does: in a process group of its own."""
    return folder.spawn(arguments, group="foreground")


@pytest.mark.parametrize("signal", SIGNALS)
@pytest.mark.parametrize("arguments", ["up", "up --exit-code-from a"])
def test_an_interrupted_up_stops_what_it_has_started(
    machine: Machine, arguments: str, signal: str
) -> None:
    folder = machine.folder(TWO)
    going = foreground(folder, arguments)
    said_up(folder, "a", "b")
    interrupt(folder, signal)
    going.communicate(timeout=30)
    assert going.returncode in INTERRUPTED
    statuses = [machine.inspect(folder.container(n), ".State.ExitCode") for n in "ab"]
    assert statuses in (STOPPED if isinstance(machine.host, EngineHost) else STOPPED[:1])
    assert folder.compose("ps --status running --quiet").stdout == ""


@pytest.mark.parametrize("signal", SIGNALS)
def test_an_interrupted_look_at_the_logs_stops_nothing(machine: Machine, signal: str) -> None:
    folder = machine.folder(TWO)
    folder.up()
    said_up(folder, "a", "b")
    looking = foreground(folder, "logs --follow --no-log-prefix")
    assert looking.stdout is not None
    assert looking.stdout.readline().endswith("up\n")
    interrupt(folder, signal)
    looking.communicate(timeout=30)
    assert looking.returncode == 130
    assert len(folder.compose("ps --status running --quiet").stdout.split()) == 2
