"""Runs a command in the foreground: Ctrl-C is for the command, which is then waited for."""

from __future__ import annotations

import subprocess
from typing import Any


def run(
    command: list[str], *, input_text: str | None = None, **options: Any
) -> subprocess.CompletedProcess[str]:
    """Run a command as `subprocess.run` does, but never end it before it ends by itself.

    The terminal, or whoever interrupts this process, interrupts the command as well. An engine has
    to write its state then and to free its lock.

    Args:
        command: what to run.
        input_text: for its standard input; None leaves this process's.
        options: for `subprocess.Popen`.

    Raises:
        KeyboardInterrupt: it was interrupted, and has ended.
    """
    stdin = None if input_text is None else subprocess.PIPE
    interrupted = False
    with subprocess.Popen(command, stdin=stdin, text=True, **options) as process:
        while True:
            try:
                out, err = process.communicate(input_text)
                break
            except KeyboardInterrupt:
                interrupted = True
                # What it's given has been sent, or won't be read any more.
                input_text = None
    if interrupted:
        raise KeyboardInterrupt
    return subprocess.CompletedProcess(command, process.returncode, out, err)
