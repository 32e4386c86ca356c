"""What benchmarks run on."""

from __future__ import annotations

import os
import platform
from pathlib import Path


def machine() -> str:
    """What this machine is, without its name."""
    count = os.cpu_count() or 1
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.machine(),
    )
    python = platform.python_version()
    return f"{count} processors ({model}), {memory:.0f} GiB, {platform.system()}, Python {python}"
