"""Which engine deploys: the Pulumi CLI where there is one, else the lab's own.

Both are a `pulumi` command line, and are driven in the same way.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from enum import StrEnum
from pathlib import Path

from lab.errors import LabError
from lab.reference import built_cli

ENGINE_VARIABLE = "OPENVIDU_LAB_ENGINE"
"""Chooses the engine where `--engine` doesn't."""
_GET_PULUMI = "./run pulumi builds it, or install it (https://www.pulumi.com/docs/install/)"


class Engine(StrEnum):
    """What `--engine` takes."""

    AUTO = "auto"
    PULUMI = "pulumi"
    EMBEDDED = "embedded"


def find_cli() -> Path | None:
    """The Pulumi CLI: that of the PATH, else that of `./run pulumi`; None where there's neither."""
    on_path = shutil.which("pulumi")
    return Path(on_path) if on_path else built_cli.built()


def resolve(engine: Engine) -> Engine:
    """The engine to use: `pulumi` or `embedded`.

    Raises:
        LabError: `pulumi` was asked for and isn't there.
    """
    found = find_cli() is not None
    if engine is Engine.AUTO:
        return Engine.PULUMI if found else Engine.EMBEDDED
    if engine is Engine.PULUMI and not found:
        raise LabError(
            "pulumi isn't on the PATH, and hasn't been built.\n"
            f"  {_GET_PULUMI}. Or: uv run lab --engine embedded …"
        )
    return engine


def described(engine: Engine) -> str:
    """What deploys, in which version, and how the other engine is had: two lines.

    Args:
        engine: `pulumi` or `embedded`.
    """
    cli = find_cli()
    if engine is Engine.PULUMI and cli is not None:
        said = subprocess.run([cli, "version"], capture_output=True, text=True, check=False)
        return (
            f"The engine is the Pulumi CLI {said.stdout.strip()}, {cli}.\n"
            "The other one, the lab's own: uv run lab --engine embedded up"
        )
    other = "uv run lab --engine pulumi up" if cli else _GET_PULUMI
    return f"The engine is the lab's own. The other one, the Pulumi CLI: {other}"


def install_engine(folder: Path, engine: Engine) -> None:
    """Put the engine where the lab's processes find it.

    Args:
        folder: for the PATH: gets `pulumi`, unless it's on the PATH already.
        engine: `pulumi` or `embedded`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    engine_program = folder / "pulumi"
    if engine is Engine.EMBEDDED:
        write_program(engine_program, "lab.engine")
    elif shutil.which("pulumi") is None and (built := built_cli.built()):
        beside = _beside(engine_program)
        beside.symlink_to(built)
        beside.replace(engine_program)
    else:
        engine_program.unlink(missing_ok=True)


def write_program(program: Path, module: str) -> None:
    """Write a program that runs a module of the project with this interpreter."""
    beside = _beside(program)
    beside.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m {module} "$@"\n')
    beside.chmod(0o755)
    beside.replace(program)


def _beside(program: Path) -> Path:
    """Where to make it before it's moved into place whole: a command may be about to start it."""
    return program.with_name(f".{program.name}.{os.getpid()}")
