"""A machine without Pulumi: nothing but what a test puts there is on the PATH."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True)
class Machine:
    """Attributes:
    cache: XDG_CACHE_HOME.
    programs: the folder that comes first on the PATH.
    """

    cache: Path
    programs: Path

    def install(self, name: str, script: str) -> Path:
        """Put a program on the PATH: lines of sh."""
        program = self.programs / name
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        return program


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    made = Machine(tmp_path / "cache", tmp_path / "bin")
    made.programs.mkdir()
    monkeypatch.setenv("XDG_CACHE_HOME", str(made.cache))
    monkeypatch.setenv("PATH", f"{made.programs}:/usr/bin:/bin")
    return made
