"""Files that are whole or not there: written beside, synced, and moved over."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

from lab.engine.errors import EngineError


def write_whole(
    path: Path, content: str | Iterable[bytes], *, mode: int = 0o600, durable: bool = True
) -> None:
    """Write a file so that whoever reads it, at any time, finds the old or the new one whole.

    Args:
        path: where to; its folder is made when it's missing.
        content: the text, or its pieces in UTF-8.
        mode: permissions of the file.
        durable: whether it must outlive a loss of power too.

    Raises:
        EngineError: the folder can't be written, or the disk is full; the old file stays.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    except OSError as error:
        raise EngineError(f"can't write {path}: {error.strerror}; it stays as it was") from error
    beside = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.writelines([content.encode()] if isinstance(content, str) else content)
            file.flush()
            os.fchmod(file.fileno(), mode)
            if durable:
                os.fsync(file.fileno())
        beside.replace(path)
        if durable:
            _sync_folder(path.parent)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise EngineError(f"can't write {path}: {error.strerror}; it stays as it was") from error


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
