"""Where tables are shown: in a terminal, or in a pipe that is as wide as they need."""

from __future__ import annotations

from rich.console import Console

_PIPED_WIDTH = 200


def table_console() -> Console:
    """What to print a table with; its `is_terminal` says whether lines are welcome."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=_PIPED_WIDTH)
