"""What the two packages hold: the program without the lab, and the lab."""

from __future__ import annotations

import tomllib

from lab.directory import PROJECT

_NOT_SHIPPED = {"lab", "tests"}


def _pyproject(folder: str) -> dict[str, dict[str, dict[str, object]]]:
    return tomllib.loads((PROJECT / folder / "pyproject.toml").read_text())


def test_the_program_holds_each_of_its_packages_and_what_runs_on_machines() -> None:
    packages = {file.parent.name for file in PROJECT.glob("*/__init__.py")} - _NOT_SHIPPED
    wheel = _pyproject(".")["tool"]["hatch"]["build"]["targets"]["wheel"]  # type: ignore[index]
    assert set(wheel["packages"]) == packages | {"machine"}


def test_the_lab_s_command_belongs_to_the_lab() -> None:
    assert "lab" not in _pyproject(".")["project"]["scripts"]
    assert _pyproject("lab")["project"]["scripts"] == {"lab": "lab.cli:main"}
