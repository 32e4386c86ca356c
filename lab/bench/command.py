"""What every benchmark does as a command: it tells how far it is, and leaves no lab behind."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import typer
from rich.console import Console

from lab.bench.aims import Aim
from lab.errors import LabError

_console = Console(stderr=True, highlight=False)


def tell(line: str) -> None:
    """Show a line about the run that has ended."""
    _console.print(f"{time.strftime('%H:%M:%S')} {line}")


def tell_end(output: Path, aims: Sequence[Aim]) -> None:
    """Show where the figures are, and which aims they miss."""
    missed = [aim.what for aim in aims if not aim.met]
    _console.print(f"Written to {output}." + "".join(f"\nMissed: {what}" for what in missed))


def run_as_command(main: Callable[..., None]) -> None:
    """Be the command; an error of a lab is shown in words."""
    signal.signal(signal.SIGTERM, _end)
    try:
        typer.run(main)
    except LabError as error:
        _console.print(f"bench: {error}", style="red")
        sys.exit(1)


def _end(*_: object) -> None:
    """Leave by an exception, so that labs are removed."""
    sys.exit("bench: ended by a signal")
