"""Errors of the operating system in the words of Go, whose users search for them."""

from __future__ import annotations

import os


def reason_of(error: OSError) -> str:
    """Give the reason alone.

    >>> import errno
    >>> reason_of(OSError(errno.ECONNREFUSED, "any text"))
    'connection refused'
    """
    text = str(error) if error.errno is None else os.strerror(error.errno)
    return text.lower()
