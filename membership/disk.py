"""Files that are replaced as a whole: whatever fails, the old one is there."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def replace_file(path: Path, text: str, *, lasting: bool = True) -> None:
    """Write a file beside the old one, readable by its owner alone, and move it over.

    Args:
        path: the file.
        text: what it will hold.
        lasting: whether it has to be there after a power failure, which takes a moment.

    Raises:
        OSError: it can't be written, as on a full disk; names the file, which is as it was.
    """
    try:
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f"{path.name}.")
        try:
            with os.fdopen(descriptor, "w") as file:
                file.write(text)
                file.flush()
                if lasting:
                    os.fsync(file.fileno())
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        # A write that fails doesn't say to which file.
        raise OSError(error.errno, error.strerror, str(path)) from None
