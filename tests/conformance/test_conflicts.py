"""Ports and names that something else has already."""

from __future__ import annotations

import pytest

from lab.openvidu.testing.cluster import Cluster
from tests.conformance.machines import TOOL, Machine

pytestmark = [pytest.mark.lab, pytest.mark.xdist_group("conformance")]

PORT = f"""
services:
    a: {{image: '{TOOL}', restart: always, ports: ['7000:7000'], stop_grace_period: 0s,
        command: [sleep, '1000']}}
    b: {{image: '{TOOL}', network_mode: none, stop_grace_period: 0s, command: [sleep, '1000']}}
"""
NAME = f"""
services:
    a: {{image: '{TOOL}', network_mode: none, container_name: taken, stop_grace_period: 0s,
        command: [sleep, '1000']}}
"""
LISTEN = """\
exec >/tmp/listener 2>&1
python3 -c 'import socket, time; s = socket.create_server(("", 7000)); time.sleep(99)' &
echo $! >/tmp/pid
"""


def test_a_port_that_a_process_has(machine: Machine) -> None:
    machine.host.run(LISTEN)
    listens = "ss --no-header --tcp --listening --numeric 'sport = 7000'"
    Cluster.wait_for(lambda: machine.host.run(listens).stdout != "", "the listener")
    folder = machine.folder(PORT)
    done = folder.compose("up --detach")
    machine.host.run("kill $(cat /tmp/pid)")
    Cluster.wait_for(lambda: machine.host.run(listens).stdout == "", "the listener's end")
    assert done.returncode == 1
    assert "listen tcp4 0.0.0.0:7000: bind: address already in use" in done.stderr
    assert machine.inspect(folder.container("a"), ".State.Status") == "created"
    assert machine.inspect(folder.container("b"), ".State.Status") == "running"
    folder.up()
    assert machine.inspect(folder.container("a"), ".State.Status") == "running"


def test_a_port_that_a_container_has(machine: Machine) -> None:
    machine.folder(PORT).up("a")
    folder = machine.folder(PORT)
    done = folder.compose("up --detach")
    assert done.returncode == 1
    assert "Bind for 0.0.0.0:7000 failed: port is already allocated" in done.stderr
    assert machine.inspect(folder.container("a"), ".State.Status") == "created"


def test_a_name_that_another_project_has(machine: Machine) -> None:
    machine.folder(NAME).up()
    done = machine.folder(NAME).compose("up --detach")
    assert done.returncode == 1
    assert (
        'Conflict. The container name "/taken" is already in use by container '
        f'"{machine.inspect("taken", ".Id")}". You have to remove (or rename) that container'
    ) in done.stderr
    assert machine.names() == ["taken"]


def test_one_that_stopped_keeps_its_name(machine: Machine) -> None:
    first = machine.folder(NAME)
    first.up()
    first.compose("stop")
    assert machine.folder(NAME).compose("up --detach").returncode == 1
