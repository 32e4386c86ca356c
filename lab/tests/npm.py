"""What tests need from npm."""

from __future__ import annotations

import subprocess
from pathlib import Path

_INSTALL = ("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")


def install(folder: Path) -> None:
    """Have in a folder what its lock file says; once for each state of that."""
    lock, installed = folder / "package-lock.json", folder / "node_modules" / ".installed"
    if not installed.exists() or installed.read_text() != lock.read_text():
        done = subprocess.run(_INSTALL, cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, (
            f"{' '.join(_INSTALL)} in {folder}:\n{done.stdout}{done.stderr}"
        )
        installed.write_text(lock.read_text())
