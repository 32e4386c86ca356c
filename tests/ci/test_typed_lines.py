"""What messages and docs say to type has one form: `uv run openvidu-enterprise NAME`."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.core import TyperGroup
from typer.main import get_command

from components.aws import permissions
from lab.cli.app import app
from lab.directory import PROJECT
from scripts.cli import app as operators

FOLDERS = (
    "components",
    "docs",
    "examples",
    "lab",
    "machine",
    "membership",
    "openvidu",
    "policy",
    "remote",
    "scripts",
)
KINDS = (".json", ".md", ".py", ".sh", ".yaml")
OPERATORS = frozenset(get_command(operators).commands)
_ONE = "|".join(sorted(OPERATORS))
# What Pulumi runs by itself is no line to type; and `lab run` has `uv run` before it.
BARE = re.compile(
    rf"(?<!uv run )(?<!uv run lab run -- )(?<!platform = \")openvidu-enterprise (?:{_ONE})\b"
)
AS_A_MODULE = re.compile(
    r"(?<!\.venv/bin/)python3? -m (?:scripts\.(?!autoscaling\.updates)\S*|components\.aws\.\S*)"
)
IN_PROSE = re.compile(r"`scripts\.\w+[ `]")
BARE_MODULE = re.compile(r"(?<!uv run )python -m (?:components|lab)\.\S*")
OF_THE_LAB = re.compile(r"(?:`|: )lab (?:run -- )?[a-z]+ ?[^`]*`")
NAMED = re.compile(r"uv run (?:lab run -- )?openvidu-enterprise ([a-z][a-z-]*)")
EVERYWHERE = (BARE, AS_A_MODULE)
IN_DOCS = (IN_PROSE, BARE_MODULE, OF_THE_LAB)
BLOCK = re.compile(r"^```\w*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LAB = re.compile(r"uv run (lab)\b")


def texts() -> Iterator[tuple[Path, str]]:
    top = (PROJECT / name for name in ("README.md", "CONTRIBUTING.md", "Pulumi.dev.yaml"))
    within = (
        file for folder in FOLDERS for file in (PROJECT / folder).rglob("*") if file.suffix in KINDS
    )
    for file in (*top, *within):
        yield file.relative_to(PROJECT), file.read_text()


def test_every_line_is_said_in_one_way() -> None:
    found = {
        f"{file}: {line}"
        for file, text in texts()
        for pattern in (*EVERYWHERE, *(IN_DOCS if file.suffix == ".md" else ()))
        for line in pattern.findall(text)
    }
    assert found == set()


def test_every_command_that_is_named_is_there() -> None:
    named = {name for _, text in texts() for name in NAMED.findall(text)}
    assert named <= OPERATORS
    assert {"init-stack", "permissions", "preflight"} <= named


@pytest.mark.parametrize(
    "line",
    [
        "openvidu-enterprise status",
        "python -m scripts.status",
        "uv run python -m scripts.init_stack",
        "uv run lab run -- python -m scripts.retire node-1",
        "uv run python -m components.aws.permissions",
    ],
)
def test_another_form_is_found(line: str) -> None:
    assert any(pattern.search(f"Next: {line}") for pattern in EVERYWHERE)


def typed(what: re.Pattern[str]) -> Iterator[tuple[str, str]]:
    """What is typed behind a command's name, by that name: the lines of their own in the docs."""
    for file, text in texts():
        if file.suffix != ".md":
            continue
        blocks = BLOCK.findall(text.replace("\\\n", ""))
        lines = [line for block in blocks for line in block.splitlines()]
        for part in (part for line in lines for part in line.partition("  #")[0].split(" && ")):
            if found := what.match(part.strip()):
                yield found[1], part.strip()[found.end() :]


@pytest.mark.parametrize(("name", "words"), sorted(set(typed(NAMED))))
def test_every_line_of_the_docs_is_one_that_its_command_takes(name: str, words: str) -> None:
    given = shlex.split(words)
    # Says what it doesn't know; nothing is done.
    get_command(operators).commands[name].make_context(name, given)
    if name == "permissions":
        permissions.scope([*given])


@pytest.mark.parametrize(("name", "words"), sorted(set(typed(LAB))))
def test_every_line_for_the_lab_is_one_that_it_takes(name: str, words: str) -> None:
    command, rest, within = get_command(app), shlex.split(words), None
    while rest:
        within = command.make_context(name, rest, parent=within)
        rest = [*getattr(within, "_protected_args", ()), *within.args]
        if not isinstance(command, TyperGroup):
            break
        name, command, rest = command.resolve_command(within, rest)
