"""How commands tell an error that was expected: on standard error, without a traceback."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console

from scripts.pulumi_cli import PulumiError

INTERRUPTED = 130
"""Exit status after Ctrl-C, as shells have it: 128 and the signal's number."""


@contextmanager
def expected_errors(*kinds: type[Exception], stopped: str = "") -> Iterator[None]:
    """End the command with status 1 on an error that was expected, and say which.

    A file that can't be written and a program that isn't there are always expected.

    Args:
        kinds: what else is, beside `PulumiError`.
        stopped: is said after Ctrl-C, unless the interrupt says something itself.
    """
    expected: tuple[type[Exception], ...] = (PulumiError, OSError, *kinds)
    try:
        yield
    except expected as error:
        print_error(error)
        sys.exit(1)
    except KeyboardInterrupt as interrupt:
        if said := str(interrupt) or stopped:
            sys.stderr.write(f"{said}\n")
        sys.exit(INTERRUPTED)


def print_error(error: Exception) -> None:
    """Tell it; lines stay as they are, so that commands in them can be copied."""
    text = str(error)
    if isinstance(error, OSError) and error.filename:
        text = f"{error.filename}: {error.strerror}"
    Console(stderr=True, highlight=False, soft_wrap=True).print(text, style="red", markup=False)
