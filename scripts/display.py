"""How commands show what they found: tables, JSON, and what is being waited for."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from rich.box import HEAVY_HEAD
from rich.console import Console
from rich.table import Table

_PIPED_WIDTH = 1000
"""No line of a table is broken: they are for grep."""


def table_console() -> Console:
    """What to print a table with; its `is_terminal` says whether lines are welcome."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=_PIPED_WIDTH)


def table_of(*columns: str) -> Table:
    """A table for `table_console`: with lines in a terminal, and plain where it's piped."""
    return Table(*columns, box=HEAVY_HEAD if table_console().is_terminal else None)


def print_json(value: Any) -> None:
    """Print for scripts."""
    sys.stdout.write(json.dumps(value, indent=2) + "\n")


def print_json_line(value: Any) -> None:
    """Print one of several values for scripts: a line each, at once."""
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


@contextmanager
def waiting(what: str) -> Iterator[Callable[[str], None]]:
    """Show in a terminal what is being waited for, until that is over.

    Args:
        what: is waited for.

    Returns:
        what says that something else is waited for from now on.
    """
    console = Console(stderr=True, highlight=False)
    if not console.is_terminal:
        yield lambda _: None
        return
    with console.status(what) as status:
        yield status.update
