"""Which engine a lab has, and how it says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.engines import Engine, described, find_cli, install_engine, resolve
from lab.errors import LabError
from lab.plugins import Providers, install
from lab.reference import built_cli
from lab.tests.reference.conftest import Machine


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


def test_the_labs_processes_find_the_engine(machine: Machine) -> None:
    program = build(machine)
    folder = machine.cache / "bin"
    install_engine(folder, Engine.EMBEDDED)
    assert "-m lab.engine" in (folder / "pulumi").read_text()
    install_engine(folder, Engine.PULUMI)
    # By its real place it finds its language host beside it, and warns of none.
    assert (folder / "pulumi").resolve() == program


def test_the_engine_finds_the_labs_providers(machine: Machine) -> None:
    home = machine.cache / "home"
    assert install(home, Engine.EMBEDDED, Providers.LAB) == home
    names = sorted(file.name for file in (home / "plugins").glob("resource-*-v*/*"))
    assert names == ["pulumi-resource-aws", "pulumi-resource-command"]


def test_a_cli_of_the_path_is_not_hidden(machine: Machine) -> None:
    folder = machine.cache / "bin"
    install_engine(folder, Engine.EMBEDDED)
    machine.install("pulumi", "")
    install_engine(folder, Engine.PULUMI)
    assert not (folder / "pulumi").exists()


def test_pulumis_own_providers_are_installed_by_the_cli_beside_none_of_the_labs(
    machine: Machine,
) -> None:
    machine.cache.mkdir(parents=True, exist_ok=True)
    asked = machine.cache / "asked"
    machine.install("pulumi", f'printf "%s\\n" "$PULUMI_HOME $*" >>{asked}')
    home = install(machine.cache / "lab", Engine.PULUMI, Providers.PULUMI)
    said = asked.read_text().splitlines()
    assert [line.split()[:5] for line in said] == [
        [str(home), "plugin", "install", "resource", name] for name in ("aws", "command")
    ]
    assert not list(home.rglob("pulumi-resource-*"))


def test_who_cannot_have_pulumis_own_providers_is_told_why(machine: Machine) -> None:
    with pytest.raises(LabError, match=r"Next: \./run pulumi, then uv run lab --engine pulumi"):
        install(machine.cache / "lab", Engine.EMBEDDED, Providers.PULUMI)
    machine.install("pulumi", "echo no route to host >&2; exit 1")
    with pytest.raises(LabError, match=r"aws \d+\.\S+ can't be installed:\n  no route to host\n"):
        install(machine.cache / "lab", Engine.PULUMI, Providers.PULUMI)
