"""What plugin processes print reaches the operator."""

from __future__ import annotations

import os
import sys
import time
from contextlib import suppress

from lab.engine.plugin.process import PluginProcess

_PROGRAM = """
import os, signal
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.write(1, b"1234\\n%d\\nthe last\\n" % os.getpid())
signal.pause()
"""


def test_what_a_plugin_prints_last_is_reported_before_its_stop_is_over() -> None:
    said: list[str] = []

    def report(line: str) -> None:
        """Take longer than the process lives, whose first word is its ID."""
        said.append(line)
        with suppress(ProcessLookupError):
            while True:
                os.kill(int(said[0]), 0)
                time.sleep(0.02)

    command = [sys.executable, "-c", _PROGRAM]
    process = PluginProcess("provider 'chatty'", command, os.environ, report)
    process.address()
    process.stop()
    assert said[1:] == ["the last"]
