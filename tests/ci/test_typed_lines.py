"""What messages and docs say to type is what README says: all of it by `uv run`."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from typer.core import TyperGroup
from typer.main import get_command

from lab.cli.app import app
from lab.directory import PROJECT
from scripts.cli import COMMANDS

FOLDERS = ("components", "docs", "examples", "lab", "machine", "membership", "remote", "scripts")
KINDS = (".md", ".py", ".sh", ".yaml")
# What Pulumi runs by itself is no line to type; and `lab run` has `uv run` before it.
BARE = re.compile(r"(?<!uv run )(?<!uv run lab run -- )(?<!\.venv/bin/)python3? -m scripts\.\S*")
IN_PROSE = re.compile(r"`scripts\.\w+ [^`]*`")
OF_THE_LAB = re.compile(r"(?:`|: )lab (?:run -- )?[a-z]+ ?[^`]*`")
NAMED = re.compile(r"uv run (?:lab run -- )?python -m scripts\.(\w+)")
BLOCK = re.compile(r"^```\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LAB = re.compile(r"uv run (lab)\b")
PARTS = {"autoscaling"}
"""Packages with a command of their own."""


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
        for pattern in ((BARE, IN_PROSE, OF_THE_LAB) if file.suffix == ".md" else (BARE,))
        for line in pattern.findall(text)
    }
    assert found == set()


def test_every_command_that_is_named_is_there() -> None:
    there = {module.__name__.rpartition(".")[2] for module in COMMANDS}
    named = {name for _, text in texts() for name in NAMED.findall(text)}
    assert named - PARTS - {"NAME"} <= there
    assert {"init_stack", "preflight"} <= named


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
    (module,) = (one for one in COMMANDS if one.__name__.endswith(f".{name}"))
    alone = typer.Typer(add_completion=False)
    alone.command()(module.main)
    # Says what it doesn't know; nothing is done.
    get_command(alone).make_context(name, shlex.split(words))


@pytest.mark.parametrize(("name", "words"), sorted(set(typed(LAB))))
def test_every_line_for_the_lab_is_one_that_it_takes(name: str, words: str) -> None:
    command, rest, within = get_command(app), shlex.split(words), None
    while rest:
        within = command.make_context(name, rest, parent=within)
        rest = [*getattr(within, "_protected_args", ()), *within.args]
        if not isinstance(command, TyperGroup):
            break
        name, command, rest = command.resolve_command(within, rest)
