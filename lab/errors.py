"""What a lab command can't do, in words for the person who typed it."""

from __future__ import annotations


class LabError(Exception):
    """The wanted state was not reached; the text says why and what to type next."""
