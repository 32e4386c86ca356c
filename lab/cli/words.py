"""What the lab's commands say on standard error: the text as it is.

Lines aren't broken, so that commands in them can be copied, and brackets are brackets.
"""

from __future__ import annotations

from rich.console import Console

_BANNER = "A lab for rehearsal, tests and benchmarks; nothing here reaches a real network."
_err = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)


def introduce() -> None:
    """Say that this is a lab: the first line of what starts one."""
    _err.print(_BANNER, style="dim")


def tell(text: str) -> None:
    """Say something that isn't the command's result."""
    _err.print(text)


def tell_error(text: str) -> None:
    """Say why a command has failed."""
    _err.print(f"lab: {text}", style="red")
