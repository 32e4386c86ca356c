"""Which engine deploys: the Pulumi CLI where it's on the PATH, else the lab's own.

Both are a `pulumi` command line, and are driven in the same way. The providers are the lab's in
either case, found on the PATH that only the lab's processes have.
"""

from __future__ import annotations

import os
import shutil
import sys
from enum import StrEnum
from pathlib import Path

from lab.errors import LabError


class Engine(StrEnum):
    """What `--engine` takes."""

    AUTO = "auto"
    PULUMI = "pulumi"
    EMBEDDED = "embedded"


def resolve(engine: Engine) -> Engine:
    """The engine to use: `pulumi` or `embedded`.

    Raises:
        LabError: `pulumi` was asked for and isn't on the PATH.
    """
    found = shutil.which("pulumi") is not None
    if engine is Engine.AUTO:
        return Engine.PULUMI if found else Engine.EMBEDDED
    if engine is Engine.PULUMI and not found:
        raise LabError(
            "pulumi isn't on the PATH.\n"
            "  Install it (https://www.pulumi.com/docs/install/), or: lab --engine embedded …"
        )
    return engine


def write_programs(folder: Path, engine: Engine) -> None:
    """Put the providers, and the embedded engine where it's wanted, into a folder for the PATH.

    Args:
        folder: where to write; made when it's missing.
        engine: `pulumi` or `embedded`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    programs = {
        "pulumi-resource-aws": "lab.providers.aws",
        "pulumi-resource-command": "lab.providers.command",
    }
    if engine is Engine.EMBEDDED:
        programs["pulumi"] = "lab.engine"
    else:
        (folder / "pulumi").unlink(missing_ok=True)
    for name, module in programs.items():
        # Moved into place whole: a command that runs elsewhere may be about to start it.
        beside = folder / f".{name}.{os.getpid()}"
        beside.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m {module} "$@"\n')
        beside.chmod(0o755)
        beside.replace(folder / name)
