"""How Compose reads its files and `.env`."""

from __future__ import annotations

import pytest

from tests.conformance.machines import TOOL, Machine

pytestmark = [pytest.mark.lab, pytest.mark.xdist_group("conformance")]

SLEEP = "network_mode: none, stop_grace_period: 0s, command: [sleep, '1000']"


def service(name: str, more: str = "") -> str:
    return f"services: {{{name}: {{image: '{TOOL}', {SLEEP}{more}}}}}"


def test_variables_are_filled_in(machine: Machine) -> None:
    values = ["A=$A", "B=${B:-x}", "C=${A:+set}", "D=${E:-x}", "E=${E-x}", "F=$$A", "G=${U}"]
    folder = machine.folder(service("a", f", environment: {values}"), "A=1\nE=\n")
    said = folder.up().stderr
    held = machine.docker(f"exec {folder.container('a')} env").stdout.splitlines()
    assert sorted(line for line in held if line[1] == "=") == [
        *("A=1", "B=x", "C=set", "D=x", "E=", "F=$A", "G=")
    ]
    assert 'The \\"U\\" variable is not set. Defaulting to a blank string.' in said
    assert 'The \\"E\\"' not in said


def test_env_is_read_with_its_quotes_and_comments(machine: Machine) -> None:
    env = "A=a=b\nB=\"x $A\"\nC='$A #'\nD=x #word\nE=x#word\nexport F=x\n# G=x\n"
    folder = machine.folder(service("a", ", env_file: [.env]"), env)
    folder.up()
    held = machine.docker(f"exec {folder.container('a')} env").stdout.splitlines()
    assert sorted(line for line in held if line[1] == "=") == [
        *("A=a=b", "B=x a=b", "C=$A #", "D=x", "E=x#word", "F=x")
    ]


def test_the_shell_wins_over_env(machine: Machine) -> None:
    folder = machine.folder(service("a", ", environment: ['A=$A']"), "A=file\n")
    folder.compose("up --detach", A="shell")
    assert "A=shell" in machine.docker(f"exec {folder.container('a')} env").stdout


def test_a_variable_that_must_be_set_is_missed(machine: Machine) -> None:
    folder = machine.folder(service("a", ", environment: ['A=${A:?say what}']"))
    done = folder.compose("up --detach")
    assert done.returncode != 0
    assert "required variable A is missing a value: say what" in done.stderr
    assert machine.names() == []


def test_an_empty_mount_is_refused(machine: Machine) -> None:
    folder = machine.folder(service("a", ", volumes: ['${U}:${U}']"))
    done = folder.compose("up --detach")
    assert done.returncode == 1
    assert (
        "invalid mount config for type \"volume\": invalid mount path: ':' "
        "mount path must be absolute"
    ) in done.stderr
    assert folder.container("a") not in machine.names()


def test_a_folder_that_is_mounted_is_made(machine: Machine) -> None:
    folder = machine.folder(service("a", ", volumes: ['./made:/made', './here/x:/x:ro']"))
    folder.up()
    assert machine.file(f"{folder.path}/made").is_dir()
    assert machine.file(f"{folder.path}/here/x").is_dir()
    folder.compose("down")
    assert machine.file(f"{folder.path}/made").is_dir()


KEPT = service("a", ", volumes: ['kept:/mnt/kept']") + "\nvolumes: {kept: }\n"


def test_a_named_volume_outlives_its_containers(machine: Machine) -> None:
    folder = machine.folder(KEPT)
    folder.up()
    (volume,) = machine.volumes()
    assert volume == folder.volume("kept")
    folder.compose("exec -T a sh -c 'echo here >/mnt/kept/file'")
    used = machine.docker(f"volume rm {volume}")
    assert used.returncode == 1
    of = machine.inspect(folder.container("a"), ".Id")
    assert f"remove {volume}: volume is in use - [{of}]" in used.stderr
    folder.compose("down")
    assert machine.volumes() == [volume]
    folder.up()
    assert folder.compose("exec -T a cat /mnt/kept/file").stdout == "here\n"


def test_a_named_volume_goes_when_asked_for(machine: Machine) -> None:
    folder = machine.folder(KEPT)
    folder.up()
    folder.compose("exec -T a sh -c 'echo here >/mnt/kept/file'")
    assert folder.compose("down --volumes").returncode == 0
    assert machine.volumes() == []
    folder.up()
    assert folder.compose("exec -T a test -e /mnt/kept/file").returncode == 1


def test_a_volume_that_does_not_exist_is_named(machine: Machine) -> None:
    done = machine.docker("volume rm nobodys")
    assert done.returncode == 1
    assert "No such volume: nobodys" in done.stderr


def test_a_volume_that_nobody_declares_is_refused(machine: Machine) -> None:
    done = machine.folder(service("a", ", volumes: ['kept:/mnt/kept']")).compose("up --detach")
    assert done.returncode != 0
    assert 'service "a" refers to undefined volume kept: invalid compose project' in done.stderr
    assert (machine.names(), machine.volumes()) == ([], [])


def test_the_override_adds_and_changes(machine: Machine) -> None:
    folder = machine.folder(service("a", ", environment: ['A=1', 'B=1']"))
    more = f"services: {{a: {{environment: ['B=2']}}, b: {{image: '{TOOL}', {SLEEP}}}}}"
    folder.write("docker-compose.override.yml", more)
    folder.up()
    held = machine.docker(f"exec {folder.container('a')} env").stdout
    assert machine.names() == [folder.container("a"), folder.container("b")]
    assert "A=1\n" in held
    assert "B=2\n" in held


@pytest.mark.parametrize(
    "text",
    [
        "<Error><Code>NoSuchKey</Code></Error>",
        "services: {a: {}}",
        "a: [",
        f"services: {{a: {{image: '{TOOL}', restart: sometimes}}}}",
        f"services: {{a: {{image: '{TOOL}', depends_on: [b]}}}}",
        f"services: {{a: {{image: '{TOOL}', env_file: [missing]}}}}",
    ],
)
def test_what_is_no_compose_file_is_refused(machine: Machine, text: str) -> None:
    folder = machine.folder(text)
    assert folder.compose("up --detach").returncode != 0
    assert machine.names() == []


def test_without_a_file_nothing_is_done(machine: Machine) -> None:
    folder = machine.folder("")
    folder.compose("version")
    machine.file(f"{folder.path}/docker-compose.yml").unlink()
    done = folder.compose("ps")
    assert done.returncode != 0
    assert "no configuration file provided: not found" in done.stderr
