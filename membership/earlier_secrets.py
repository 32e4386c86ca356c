"""The cluster's secrets of before: a node that leaves while it changes keeps the one it has.

It isn't restarted any more, and takes no other login until it has left.
"""

from __future__ import annotations

from pathlib import Path

from membership.disk import replace_file
from membership.registry import FOLDER

FILE = FOLDER / "earlier-secrets"
_KEPT = 5
"""Updates that fail may change it again, before a node has left."""


def read(file: Path = FILE) -> tuple[str, ...]:
    """Those that were in use, the latest first."""
    return tuple(file.read_text().split()) if file.exists() else ()


def keep(secret: str, file: Path = FILE) -> None:
    """Note one that is replaced; only root reads the file."""
    kept = dict.fromkeys((secret, *read(file)))
    replace_file(file, "\n".join([*kept][:_KEPT]) + "\n")
