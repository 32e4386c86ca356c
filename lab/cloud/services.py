"""What runs in the root namespace beside the fake AWS, and is started again when it ends."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from lab.cloud.facts import PROJECT

_RESTART_SECONDS = 0.5


def keep_running(command: Sequence[str], log: Path) -> None:
    """Run a command for as long as the lab lives.

    Args:
        command: the command and its arguments.
        log: file that gets what it prints.
    """
    name = " ".join(command[:4])
    threading.Thread(target=_keep, args=(command, log), name=name, daemon=True).start()


def _keep(command: Sequence[str], log: Path) -> None:
    log.parent.mkdir(parents=True, exist_ok=True)
    while True:
        with log.open("ab") as stream:
            status = subprocess.call(
                command,
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
                cwd=PROJECT,
                env={**os.environ, "PYTHONPATH": str(PROJECT)},
            )
            stream.write(f"{' '.join(command)}: ended with status {status}\n".encode())
        time.sleep(_RESTART_SECONDS)
