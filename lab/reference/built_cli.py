"""Where the CLI is that `./run pulumi` has built, and which version it is."""

from __future__ import annotations

import os
import re
from pathlib import Path

MODULE = Path(__file__).parent / "go.mod"
"""Names the version of the CLI, and that of Go that it needs at least."""
PYTHON_VARIABLE = "OPENVIDU_LAB_PYTHON"
"""Names the interpreter that runs the language host; without it `python3` of the PATH does."""


def pinned_version() -> str:
    """The CLI's version, such as `3.276.0`."""
    return _in_module(r"\bgithub\.com/pulumi/pulumi/pkg/v3 v(\S+)")


def go_version() -> tuple[int, ...]:
    """The version of Go that the CLI needs at least, such as `(1, 26, 6)`."""
    return tuple(int(part) for part in _in_module(r"^go ([0-9.]+)$").split("."))


def cache_folder() -> Path:
    """Where all versions are: below XDG_CACHE_HOME, or the user's own cache."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "openvidu-lab"


def folder() -> Path:
    """Where this version is, or would be: the CLI, its language host, and the executor of that."""
    return cache_folder() / f"pulumi-{pinned_version()}"


def built() -> Path | None:
    """The CLI, if it has been built."""
    program = folder() / "pulumi"
    return program if program.exists() else None


def _in_module(pattern: str) -> str:
    found = re.search(pattern, MODULE.read_text(), re.MULTILINE)
    if found is None:
        raise ValueError(f"{MODULE}: nothing there is like {pattern}")
    return found[1]
