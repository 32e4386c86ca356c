"""The tags of what a stack makes: the program's own, by which it's known, and the operator's."""

from __future__ import annotations

from collections.abc import Mapping

from components.settings.table import Settings

_PROGRAMS = ("project", "stack", "name", "role")
"""In lowercase: IAM doesn't tell apart keys that differ by their case alone.

Source: IAM guide, "Tags for AWS Identity and Access Management resources".
"""


def tags_of(settings: Settings, known_by: Mapping[str, str]) -> dict[str, str]:
    """The tags of everything.

    Args:
        settings: gives the operator's.
        known_by: those by which the stack's things are found again.
    """
    others = {key: value for key, value in settings.tags if key.lower() not in _PROGRAMS}
    return {**others, **known_by}


def warnings(settings: Settings) -> list[str]:
    """What to say of tags that can't be the operator's."""
    return [
        f"tags.{key} isn't used: the program gives Name, project, stack and role itself."
        for key, _ in settings.tags
        if key.lower() in _PROGRAMS
    ]
