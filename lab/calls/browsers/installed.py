"""What a call between real browsers takes that a lab does without, and what to type for it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lab.cloud.requirements import CLIENTS, packages, without_program
from lab.errors import LabError

HERE = Path(__file__).parent
_INSTALLED = ("openvidu-browser", "puppeteer-core")
_INSTALL = "npm ci --ignore-scripts --prefix"


def require(folder: Path = HERE) -> None:
    """Make sure that all is there.

    Args:
        folder: where npm's packages are to be.

    Raises:
        LabError: something is missing; it says what to type.
    """
    lacking = without_program(CLIENTS)
    absent = [name for name in _INSTALLED if not (folder / "node_modules" / name).is_dir()]
    if not lacking and not absent:
        return
    lines = [f"--browsers: {_said([entry.what for entry in lacking] + absent)} missing here"]
    if lacking:
        names = " ".join(packages(lacking))
        lines.append(f"  sudo apt-get install --no-install-recommends {names}")
    if absent:
        lines.append(f"  {_INSTALL} {folder}")
    raise LabError("\n".join([f"{lines[0]}. Install:", *lines[1:]]))


def _said(names: Sequence[str]) -> str:
    return f"{', '.join(names)} {'is' if len(names) == 1 else 'are'}"
