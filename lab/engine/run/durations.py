"""Lengths of time as programs give them: `30s`, `1h30m`, `1.5h`.

Source: Go, time.ParseDuration.
"""

from __future__ import annotations

import re
from typing import Final

_UNITS: Final = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_PART = re.compile(r"(\d+(?:\.\d+)?)(ns|us|ms|s|m|h)")


def seconds(text: str) -> float:
    """The seconds that a text stands for; 0 for an empty one.

    Raises:
        ValueError: it's no duration.
    """
    if not re.fullmatch(rf"(?:{_PART.pattern})*|0", text):
        raise ValueError(f"unable to parse customTimeout '{text}': expected a text such as 1h30m")
    return sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(text))
