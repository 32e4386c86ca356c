"""What runs on machines speaks English there, whatever their language, and runs Python isolated.

What others print is read, and a file of somebody's home is no module.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from components.remote import script, text_of
from remote import session

PROJECT = Path(__file__).parents[2]
MACHINE = sorted((PROJECT / "machine").glob("*.sh"))
SENDS = ("__main__.py", "components", "membership", "remote", "scripts")
"""Where text is that is run on machines."""
PYTHON = re.compile(r"\bpython3 (?!-I\b)")
"""Of a machine: this computer's is `python`."""


def sources() -> Iterator[Path]:
    for place in SENDS:
        path = PROJECT / place
        yield from [path] if path.is_file() else sorted(path.rglob("*.py"))


def texts(source: Path) -> Iterator[str]:
    """The string literals of a module, without its docstrings."""
    tree = ast.parse(source.read_text())
    told = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in told:
            yield node.value


def commands(path: Path) -> list[str]:
    """Lines of a shell script that aren't comments, without what is said to people."""
    lines = [line.strip() for line in path.read_text().splitlines()]
    return [line for line in lines if not line.startswith(("#", "echo "))]


@pytest.mark.parametrize("path", MACHINE, ids=lambda path: path.name)
def test_every_script_goes_to_machines_with_the_language_set_first(path: Path) -> None:
    assert text_of(path.name).startswith("export LC_ALL=C\n")
    assert script(path.name).startswith("exec sudo -n bash -c 'export LC_ALL=C\n")


@pytest.mark.parametrize("path", MACHINE, ids=lambda path: path.name)
def test_no_script_takes_another_language(path: Path) -> None:
    languages = re.findall(r"\b(LC_\w+|LANG|LANGUAGE)=(\S+)", "\n".join(commands(path)))
    assert {*languages} <= {("LC_ALL", "C")}


def test_scripts_are_read_in_one_place_alone() -> None:
    """It sets the language."""
    reads = [path for path in sources() if any(text == "machine" for text in texts(path))]
    sends = [path for path in reads if "read_text" in path.read_text()]
    assert sends == [PROJECT / "components" / "remote.py"]


def test_what_a_login_runs_has_the_language_set_first() -> None:
    assert session._framed("ls", "mark").startswith(b"{\nLC_ALL=C; export LC_ALL\n")


@pytest.mark.parametrize("path", MACHINE, ids=lambda path: path.name)
def test_every_service_on_a_machine_has_the_language_set(path: Path) -> None:
    for unit in path.read_text().split("[Service]")[1:]:
        if "ExecStart=" in unit:
            assert "Environment=LC_ALL=C\n" in unit.partition("[Install]")[0]


@pytest.mark.parametrize("path", MACHINE, ids=lambda path: path.name)
def test_every_script_runs_python_isolated(path: Path) -> None:
    found = [line for line in commands(path) if PYTHON.search(line)]
    assert found == []


def test_all_else_that_runs_python_on_a_machine_runs_it_isolated() -> None:
    found = {
        str(path.relative_to(PROJECT)): text
        for path in sources()
        for text in texts(path)
        if PYTHON.search(text)
    }
    assert found == {}
    assert session.MEMBERSHIP.startswith("sudo -n env LC_ALL=C python3 -I ")


def test_there_is_something_to_look_at() -> None:
    isolated = [line for path in MACHINE for line in commands(path) if "python3 -I" in line]
    assert len(isolated) >= 6
    assert len(MACHINE) > 25
