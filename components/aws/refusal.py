"""What AWS said where it didn't tell what it was asked for."""

from __future__ import annotations

_LENGTH = 300


def reason_of(error: Exception) -> str:
    """What an invoke's error says, in one line that isn't too long for a warning."""
    return " ".join(str(error).split())[:_LENGTH]
