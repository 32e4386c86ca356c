"""What becomes of a project's containers: made, changed, looked at, stopped and removed."""

from __future__ import annotations

import json
import re

import pytest

from tests.conformance.machines import TOOL, Machine

pytestmark = [pytest.mark.lab, pytest.mark.xdist_group("conformance")]

TWO = f"""
services:
    a:
        image: {TOOL}
        network_mode: none
        restart: always
        depends_on: [b]
        environment: ["A=$A"]
        command:
            - sh
            - -c
            - trap 'echo bye; exit 3' TERM; echo up $$A; while true; do sleep 0.05; done
    b:
        image: {TOOL}
        network_mode: none
        stop_grace_period: 0s
        command: sh -c "trap '' TERM; sleep 1000"
"""


def test_only_what_changed_is_made_anew(machine: Machine) -> None:
    folder = machine.folder(TWO, "A=1\n")
    folder.up()
    a, b = (machine.inspect(folder.container(name), ".Id") for name in "ab")
    folder.up()
    assert machine.inspect(folder.container("a"), ".Id") == a
    folder.write(".env", "A=2\n")
    folder.up()
    assert machine.inspect(folder.container("a"), ".Id") != a
    assert machine.inspect(folder.container("b"), ".Id") == b
    folder.up("--force-recreate b")
    assert machine.inspect(folder.container("b"), ".Id") != b


def test_a_dead_service_is_brought_back_and_nothing_beside_it_touched(machine: Machine) -> None:
    folder = machine.folder(TWO, "A=1\n")
    folder.up()
    a, b = (machine.inspect(folder.container(name), ".Id") for name in "ab")
    machine.docker(f"kill {folder.container('a')}")
    folder.compose("stop b")
    folder.write(".env", "A=2\n")
    folder.up("--no-deps --no-recreate a")
    assert machine.inspect(folder.container("a"), ".Id") == a
    assert machine.inspect(folder.container("a"), ".State.Status") == "running"
    assert machine.inspect(folder.container("b"), ".State.Status") == "exited"
    machine.docker(f"rm {b}")
    folder.up("--no-deps --no-recreate b")
    assert machine.inspect(folder.container("b"), ".State.Status") == "running"


def test_a_service_that_is_scaled_to_nothing_has_no_container(machine: Machine) -> None:
    folder = machine.folder(TWO)
    folder.up("--scale b=0")
    assert machine.names() == [folder.container("a")]
    folder.up()
    assert machine.names() == [folder.container("a"), folder.container("b")]
    folder.up("--scale b=0")
    assert machine.names() == [folder.container("a")]
    folder.up("--no-deps --no-recreate b")
    assert machine.names() == [folder.container("a"), folder.container("b")]


def test_a_restart_keeps_what_a_container_was_created_with(machine: Machine) -> None:
    folder = machine.folder(TWO, "A=1\n")
    folder.up()
    machine.wait_for(folder.container("a"), ".State.Status", "running")
    folder.write(".env", "A=2\n")
    assert folder.compose("restart a").returncode == 0
    assert folder.compose("exec -T a sh -c 'echo $A'").stdout == "1\n"


def test_ps_tells_what_runs(machine: Machine) -> None:
    folder = machine.folder(TWO)
    folder.up()
    assert len(folder.compose("ps --quiet").stdout.split()) == 2
    folder.compose("stop b")
    ids = folder.compose("ps --status running --quiet").stdout.split()
    assert ids == [machine.inspect(folder.container("a"), ".Id")]
    assert folder.compose("ps --status running --services").stdout == "a\n"
    assert folder.compose("ps --quiet b").stdout == ""
    told = folder.compose("ps --all --format json").stdout.splitlines()
    states = {(entry := json.loads(line))["Service"]: entry["State"] for line in told}
    assert states == {"a": "running", "b": "exited"}
    assert "Exited (137)" in machine.docker("ps --all").stdout


@pytest.mark.parametrize("command", ["ps", "logs", "stop", "restart", "up --detach"])
def test_a_service_that_does_not_exist_is_named(machine: Machine, command: str) -> None:
    done = machine.folder(TWO).compose(f"{command} zz")
    assert done.returncode == 1
    assert "no such service: zz" in done.stderr


def test_logs_outlive_the_process(machine: Machine) -> None:
    folder = machine.folder(TWO)
    folder.up()
    folder.compose("stop a")
    last = folder.compose("logs --no-color --no-log-prefix --tail 1 a").stdout
    all_of_it = folder.compose("logs --no-color").stdout
    assert last.removeprefix("\x1b[2K") == "bye\n"
    assert "a-1  | bye\n" in all_of_it
    assert folder.logs("a")[-1] == "bye"


def test_logs_have_times_that_sort_as_texts(machine: Machine) -> None:
    folder = machine.folder(TWO)
    folder.up()
    folder.compose("stop a")
    stamped = folder.compose("logs --no-color --timestamps --since 600s a").stdout
    assert re.search(r"a-1  \| \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z bye\n", stamped)


def test_stopping_asks_and_tells_the_status(machine: Machine) -> None:
    folder = machine.folder(TWO)
    folder.up()
    machine.wait_for(folder.container("a"), ".State.Status", "running")
    folder.compose("stop")
    statuses = [machine.inspect(folder.container(n), ".State.ExitCode") for n in "ab"]
    assert statuses == ["3", "137"]


def test_down_removes_containers_and_leaves_files(machine: Machine) -> None:
    folder = machine.folder(TWO)
    folder.up()
    assert folder.compose("down").returncode == 0
    assert machine.names() == []
    assert folder.compose("down").returncode == 0
    assert machine.file(f"{folder.path}/.env").exists()


def test_exec_needs_no_terminal(machine: Machine) -> None:
    folder = machine.folder(TWO, "A=1\n")
    folder.up()
    assert folder.compose("exec -it a echo here").stdout.strip() == "here"
    assert folder.compose("exec -T a cat", stdin="piped").stdout == "piped"
    assert folder.compose("exec -e B=2 a sh -c 'echo $A $B'").stdout == "1 2\n"
    assert folder.compose("exec a sh -c 'exit 7'").returncode == 7


def test_exec_needs_a_container_that_runs(machine: Machine) -> None:
    folder = machine.folder(TWO)
    folder.up("b")
    machine.docker(f"stop {folder.container('b')}")
    for name in "ab":
        done = folder.compose(f"exec {name} true")
        assert done.returncode == 1
        assert f'service "{name}" is not running' in done.stderr
    directly = machine.docker(f"exec {folder.container('b')} true")
    assert directly.returncode == 1
    assert "is not running" in directly.stderr


def test_exec_tells_that_there_is_no_such_command(machine: Machine) -> None:
    folder = machine.folder(TWO)
    folder.up("b")
    done = folder.compose("exec b no-such-command")
    assert done.returncode in (126, 127)
    assert "executable file not found" in done.stdout + done.stderr


@pytest.mark.parametrize("command", ["logs", "stop", "start", "rm", "exec"])
def test_a_container_that_does_not_exist_is_named(machine: Machine, command: str) -> None:
    done = machine.docker(f"{command} nobody true" if command == "exec" else f"{command} nobody")
    assert done.returncode == 1
    assert "No such container: nobody" in done.stderr


def test_inspecting_what_does_not_exist(machine: Machine) -> None:
    done = machine.docker("inspect nobody")
    assert done.returncode == 1
    assert "No such object: nobody" in done.stderr


LABEL = 'index .Config.Labels "com.docker.compose.project"'


@pytest.mark.parametrize(
    ("fields", "of_composes", "of_others"),
    [
        (f"{{{{{LABEL}}}}}", "{project}", ""),
        (f"{{{{{LABEL}}}}} {{{{.Id}}}}", "{project} {id}", "<no value> {id}"),
        (f"{{{{with {LABEL}}}}}{{{{.}}}}{{{{end}}}} {{{{.Id}}}}", "{project} {id}", " {id}"),
    ],
)
def test_a_label_that_is_not_there(
    machine: Machine, fields: str, of_composes: str, of_others: str
) -> None:
    folder = machine.folder(TWO)
    folder.up()
    machine.docker(f"run --detach --name alone --network none {TOOL} sleep 1000")
    for name, told in ((folder.container("a"), of_composes), ("alone", of_others)):
        said = machine.docker(f"inspect --format '{fields}' {name}").stdout
        known = {"project": folder.path.rpartition("/")[2], "id": machine.inspect(name, ".Id")}
        assert said == f"{told.format(**known)}\n"


@pytest.mark.parametrize("name", ["leads elsewhere", "leads nowhere"])
def test_an_image_is_shown_by_its_id_once_its_name(machine: Machine, name: str) -> None:
    def shown() -> str:
        return machine.docker("ps --format '{{.Image}}'").stdout.strip()

    image = f"conformance/{name.replace(' ', '-')}:1"
    import_image(machine, image)
    machine.docker(f"run --detach --name made --network none {image} sleep 1000")
    assert shown() == image
    if name == "leads elsewhere":
        import_image(machine, image)
    else:
        assert machine.docker(f"rmi --force {image}").returncode == 0
    assert re.fullmatch("[0-9a-f]{12}", shown())
    # It's what the container was made from all the same.
    assert machine.inspect("made", ".Config.Image") == image
    (listed,) = machine.docker("ps --quiet --no-trunc").stdout.split()
    assert listed == machine.inspect("made", ".Id")


def import_image(machine: Machine, image: str) -> None:
    machine.host.run(f"tar -C /srv/tool -c . 2>/dev/null | docker import - {image}", check=False)
    assert image in machine.docker("images --format '{{.Repository}}:{{.Tag}}'").stdout


def test_an_image_that_is_not_here_is_named(machine: Machine) -> None:
    done = machine.docker("rmi nobody/nothing:1")
    assert done.returncode == 1
    assert "No such image: nobody/nothing:1" in done.stderr
