"""What holds for all tests."""

from __future__ import annotations

import os
import signal

import pytest

from lab.engine.display.console import VERBOSE_VARIABLE
from lab.engines import ENGINE_VARIABLE
from lab.openvidu.docker.host import PROXY_VARIABLE

# The load balancer's ten seconds at each start are OpenVidu's, and tests don't need them.
os.environ.setdefault(PROXY_VARIABLE, "0.2")

# The same on each machine, and sooner; the nightly run chooses the Pulumi CLI.
os.environ.setdefault(ENGINE_VARIABLE, "embedded")

# Tests go by what happens, and who looks for a failure wants all of it.
os.environ.setdefault(VERBOSE_VARIABLE, "1")

# What a shell starts in the background ignores Ctrl-C, and what is started from there inherits it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_make_parametrize_id(
    config: pytest.Config,
    val: object,
    argname: str,
) -> str | None:
    """Name bytes by their argument: packed, they have a time in them, and each process its own."""
    return argname if isinstance(val, bytes) else None
