"""An update of the stack, through Pulumi's Automation API, in a process of its own.

Of its own, because the Automation API has no way to end an update gracefully that it has started:
its `cancel` takes the lock away from an update that goes on. Pulumi's own way is the signal that
Ctrl-C sends: the drain ends, lock and state are in order, and the next update carries the drain on.

uv run python -m scripts.autoscaling.updates STACK
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from pulumi import automation

PROJECT = Path(__file__).resolve().parents[2]
BUSY = 3
"""Exit status: another update holds the stack."""
_ENDED_BY_SIGNAL = 130


class Update:
    """An update that runs."""

    def __init__(self, stack: str) -> None:
        """Start it; what it prints goes to the terminal.

        Args:
            stack: name of the stack.
        """
        self._process = subprocess.Popen(
            [sys.executable, "-m", "scripts.autoscaling.updates", stack],
            cwd=PROJECT,
            stdin=subprocess.DEVNULL,
            # A process group: the signal has to reach `pulumi` and what it has started.
            start_new_session=True,
        )

    def wait(self, seconds: float | None = None) -> int | None:
        """Wait for its end: its exit status, or None when it runs still.

        Args:
            seconds: the longest wait; None for any length.
        """
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def interrupt(self) -> None:
        """Ask it to end, as Ctrl-C does, and wait until it has; another Ctrl-C is passed on."""
        while self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGINT)
            try:
                self._process.wait()
            except KeyboardInterrupt:
                continue


class _Workspace(automation.LocalWorkspace):
    """The project's folder, without a say in which stack is selected there.

    `pulumi up` of an operator, in the same folder, must not be on the autoscaler's stack.
    """

    def select_stack(self, stack_name: str) -> None:
        """Do nothing: each command names its stack."""


def run(stack: str) -> int:
    """Update a stack; returns the exit status."""
    found = automation.Stack.select(stack, _Workspace(work_dir=str(PROJECT)))
    try:
        found.up(on_output=_print, color="never", show_secrets=False)
    except automation.ConcurrentUpdateError as error:
        sys.stderr.write("another update of this stack runs; nothing was done\n")
        _print_errors(error)
        return BUSY
    except automation.CommandError as error:
        _print_errors(error)
        return 1
    return 0


def _print_errors(error: automation.CommandError) -> None:
    """Print what came on standard error; the update's own words were printed."""
    said = str(error).partition("stderr: ")[2].strip()
    sys.stderr.write(f"{said}\n" if said else "")


def _print(line: str) -> None:
    # What shows in a terminal that something goes on would drown the rest in a journal.
    if not line.startswith("@ updating"):
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()


def main() -> None:
    """Be the process."""
    # `pulumi` gets the signal too and ends in order; its status is waited for. A handler, not
    # SIG_IGN: that one would be handed on to it.
    interrupted = []
    signal.signal(signal.SIGINT, lambda *_: interrupted.append(True))
    status = run(sys.argv[1])
    sys.exit(_ENDED_BY_SIGNAL if interrupted and status else status)


if __name__ == "__main__":
    main()
