"""How commands tell an error that was expected: on standard error, without a traceback."""

from __future__ import annotations

from rich.console import Console


def print_error(error: Exception) -> None:
    """Tell it; lines stay as they are, so that commands in them can be copied."""
    Console(stderr=True, highlight=False, soft_wrap=True).print(
        str(error), style="red", markup=False
    )
