"""Settings of which some aren't known: what doesn't depend on these can be checked all the same."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from components.settings.table import Settings

_UNKNOWN = object()


class UnknownSettingError(Exception):
    """What is asked for isn't known."""


class _Draft(Settings):
    def __getattribute__(self, name: str) -> Any:
        value = super().__getattribute__(name)
        if value is _UNKNOWN:
            raise UnknownSettingError(name)
        return value


def draft(values: Mapping[str, Any], unknown: Collection[str]) -> Settings:
    """Settings that raise `UnknownSettingError` where they are asked for what isn't known.

    Args:
        values: by field of `Settings`; others are what they are by default.
        unknown: fields, among them those that have no default and no value.
    """
    none: Any = _UNKNOWN
    return _Draft(**values, **dict.fromkeys(unknown, none))
