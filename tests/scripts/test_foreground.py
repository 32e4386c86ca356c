"""Ctrl-C is for the command that runs, and is waited for."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

TIDIES_UP = """
trap 'sleep 1; touch tidy; exit 7' INT
touch ready
while :; do sleep 0.05; done
"""
RUNS = "import sys; from scripts import foreground; foreground.run(['bash', '-c', sys.argv[1]])"


def test_an_interrupted_command_ends_by_itself(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    with subprocess.Popen(
        [sys.executable, "-c", RUNS, TIDIES_UP],
        cwd=tmp_path,
        env=environment,
        start_new_session=True,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        while not (tmp_path / "ready").exists():
            assert process.poll() is None
            time.sleep(0.02)
        os.killpg(process.pid, signal.SIGINT)
        _, said = process.communicate(timeout=120)
    assert (tmp_path / "tidy").exists()
    assert "KeyboardInterrupt" in said
