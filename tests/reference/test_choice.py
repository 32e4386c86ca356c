"""Which engine a lab has, and how it says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.engines import Engine, described, find_cli, resolve, write_programs
from lab.errors import LabError
from lab.reference import built_cli
from tests.reference.conftest import Machine


def build(machine: Machine) -> Path:
    """What `./run pulumi` leaves."""
    program = built_cli.folder() / "pulumi"
    program.parent.mkdir(parents=True)
    machine.install("pulumi", "echo v3.1.2").rename(program)
    return program


def test_without_the_cli_the_embedded_engine_deploys_and_the_other_is_told(
    machine: Machine,
) -> None:
    del machine
    assert resolve(Engine.AUTO) is Engine.EMBEDDED
    assert "./run pulumi builds it" in described(Engine.EMBEDDED)
    with pytest.raises(LabError, match=r"\./run pulumi builds it"):
        resolve(Engine.PULUMI)


def test_the_cli_that_was_built_deploys(machine: Machine) -> None:
    program = build(machine)
    assert resolve(Engine.AUTO) is Engine.PULUMI
    said = described(Engine.PULUMI)
    assert f"the Pulumi CLI v3.1.2, {program}" in said
    assert "uv run lab --engine embedded up" in said
    assert "uv run lab --engine pulumi up" in described(Engine.EMBEDDED)


def test_the_cli_of_the_path_comes_first(machine: Machine) -> None:
    build(machine)
    on_path = machine.install("pulumi", "echo v3.9.9")
    assert find_cli() == on_path


def test_the_labs_processes_find_the_engine_and_the_providers(machine: Machine) -> None:
    program = build(machine)
    folder, home = machine.cache / "bin", machine.cache / "home"
    write_programs(folder, home, Engine.EMBEDDED)
    assert "-m lab.engine" in (folder / "pulumi").read_text()
    write_programs(folder, home, Engine.PULUMI)
    # By its real place it finds its language host beside it, and warns of none.
    assert (folder / "pulumi").resolve() == program
    names = sorted(file.name for file in (home / "plugins").glob("resource-*-v*/*"))
    assert names == ["pulumi-resource-aws", "pulumi-resource-command"]


def test_a_cli_of_the_path_is_not_hidden(machine: Machine) -> None:
    folder, home = machine.cache / "bin", machine.cache / "home"
    write_programs(folder, home, Engine.EMBEDDED)
    machine.install("pulumi", "")
    write_programs(folder, home, Engine.PULUMI)
    assert not (folder / "pulumi").exists()
