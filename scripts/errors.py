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
def expected_errors(*kinds: type[Exception]) -> Iterator[None]:
    """End the command with status 1 on an error that was expected, and say which.

    Args:
        kinds: what is expected beside `PulumiError`.
    """
    expected: tuple[type[Exception], ...] = (PulumiError, *kinds)
    try:
        yield
    except expected as error:
        print_error(error)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


def print_error(error: Exception) -> None:
    """Tell it; lines stay as they are, so that commands in them can be copied."""
    Console(stderr=True, highlight=False, soft_wrap=True).print(
        str(error), style="red", markup=False
    )
