"""Labs start, stand side by side, and leave nothing behind, however they end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from lab.cloud import launch
from lab.cloud.launch import Supervisor
from lab.tests.cloud.aws_operator import STAND_INS, AwsOperator, open_desk, wait_until

pytestmark = [pytest.mark.lab, pytest.mark.xdist_group("cloud")]


def start(folder: Path) -> Supervisor:
    return launch.start(folder, boot_seconds=0.1, image=STAND_INS, services=STAND_INS)


@pytest.fixture
def lab(operator: AwsOperator) -> Supervisor:
    return operator.supervisor


def test_a_lab_that_runs_is_left_alone(lab: Supervisor) -> None:
    assert start(lab.directory) == lab
    assert launch.find(lab.directory) == lab


def test_stop_leaves_nothing(tmp_path: Path) -> None:
    interfaces = Path("/proc/net/dev").read_text().count(":")
    with ExitStack() as watching:
        with open_desk(tmp_path) as operator:
            operator.launch()
            folder = operator.supervisor.directory
            alive = watching.enter_context(watch_processes(operator.supervisor.pid))
            assert alive()
        wait_until(lambda: not alive(), "all processes are gone")
    assert str(folder) not in Path("/proc/self/mounts").read_text()
    assert Path("/proc/net/dev").read_text().count(":") == interfaces
    assert launch.find(folder) is None
    launch.remove(folder)
    assert not folder.exists()


def test_a_killed_supervisor_takes_everything_with_it(tmp_path: Path) -> None:
    with open_desk(tmp_path) as operator:
        operator.launch()
        with watch_processes(operator.supervisor.pid) as alive:
            os.kill(operator.supervisor.pid, signal.SIGKILL)
            wait_until(lambda: not alive(), "all processes are gone")
        assert launch.find(operator.supervisor.directory) is None


@contextmanager
def watch_processes(pid: int) -> Iterator[Callable[[], set[int]]]:
    """Tells which processes live in the network namespaces of a lab: its root's and its hosts'.

    The namespaces are held open: else another lab's would soon have the number of one that's gone.
    """
    tree = process_tree(pid)
    networks = {network for process in tree if (network := network_of(process))}
    assert len(networks) == 2
    with ExitStack() as held:
        for process in tree:
            held.enter_context(Path(f"/proc/{process}/ns/net").open("rb"))

        def alive() -> set[int]:
            found = {int(process.name) for process in Path("/proc").glob("[0-9]*")}
            return {process for process in found if network_of(process) in networks}

        yield alive


def process_tree(pid: int) -> set[int]:
    """A process and all of its descendants."""
    parents = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            status = (process / "status").read_text()
        except (FileNotFoundError, ProcessLookupError):
            continue
        parents[int(process.name)] = int(status.split("PPid:")[1].split()[0])
    tree = {pid}
    while more := {child for child, parent in parents.items() if parent in tree} - tree:
        tree |= more
    return tree


def network_of(pid: int) -> str:
    try:
        return str(Path(f"/proc/{pid}/ns/net").readlink())
    except OSError:
        return ""


def test_labs_stand_side_by_side(tmp_path: Path) -> None:
    with open_desk(tmp_path / "a") as one, open_desk(tmp_path / "b") as other:
        machine, twin = one.launch(), other.launch()
        assert machine.private_ip == twin.private_ip
        assert machine.public_ip == twin.public_ip
        one.run(machine, "echo one > /opt/file")
        assert other.run(twin, "ls /opt | grep -c ^file || true") == "0\n"
        one.supervisor.control.kill_host(machine.instance_id)
        assert other.probe(twin.public_ip, 22) == "open"


def test_enter_ends_as_the_command_ends(lab: Supervisor, tmp_path: Path) -> None:
    def status(*command: str) -> int:
        return subprocess.run(lab.enter(command), cwd=tmp_path, check=False).returncode

    assert status("true") == 0
    assert status("sh", "-c", "exit 7") == 7
    assert status("sh", "-c", "kill -TERM $$") == -signal.SIGTERM
    assert status("no-such-command") == 127
    assert status("test", "-e", str(tmp_path)) == 0
    assert status("sh", "-c", f'test "$PWD" = {tmp_path}') == 0


def test_enter_passes_signals_on(lab: Supervisor) -> None:
    script = "trap 'echo stopped; exit 3' INT; echo ready; while :; do sleep 0.05; done"
    with subprocess.Popen(
        lab.enter(["sh", "-c", script]), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGINT)
        assert process.stdout.read() == "stopped\n"
        assert process.wait() == 3


def test_a_killed_enter_takes_its_command_with_it(lab: Supervisor, tmp_path: Path) -> None:
    alive = tmp_path / "alive"
    script = f"while :; do echo x >> {alive}; echo ready; sleep 0.02; done"
    with subprocess.Popen(
        lab.enter(["sh", "-c", script]), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        process.kill()
    size = alive.stat().st_size
    time.sleep(0.2)
    assert alive.stat().st_size <= size + 2


def test_a_lab_that_cannot_start_says_why(tmp_path: Path) -> None:
    with pytest.raises(launch.LaunchError, match="no_such_module"):
        launch.start(tmp_path / "lab", image="no_such_module", services=STAND_INS)
    assert launch.find(tmp_path / "lab") is None


def test_services_are_started_again(lab: Supervisor) -> None:
    log = lab.directory / "log" / "service-1.log"
    fetch = [sys.executable, "-c", "import socket; socket.create_connection(('198.18.0.2', 443))"]

    def answers() -> bool:
        return subprocess.run(lab.enter(fetch), capture_output=True, check=False).returncode == 0

    wait_until(answers, "the service answers")
    subprocess.run(lab.enter(["pkill", "-f", "http.server"]), check=True)
    wait_until(lambda: "ended with status" in log.read_text(), "the service has ended")
    wait_until(answers, "the service answers again")
