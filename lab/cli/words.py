"""What the lab's commands say on standard error: the text as it is.

Lines aren't broken, so that commands in them can be copied, and brackets are brackets.
"""

from __future__ import annotations

import re

from rich.console import Console

from lab.directory import DEFAULT_NAME

_BANNER = "A lab for rehearsal, tests and benchmarks; nothing here reaches a real network."
lab = DEFAULT_NAME
"""The lab that was asked."""
_err = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)


def introduce() -> None:
    """Say that this is a lab: the first line of what starts one."""
    _err.print(_BANNER, style="dim")


def tell(text: str) -> None:
    """Say something that isn't the command's result."""
    _err.print(named(text))


def tell_error(text: str) -> None:
    """Say why a command has failed."""
    _err.print(f"lab: {named(text)}", style="red")


def named(text: str) -> str:
    """A text whose commands are for the lab that was asked."""
    if lab == DEFAULT_NAME:
        return text
    return re.sub(r"\buv run lab (?!--name)", f"uv run lab --name {lab} ", text)
