"""Property paths such as `tags["a.b"]`, `rules[0].port` and `rules[*].port`.

Source: pulumi, sdk/go/common/resource/properties_path.go.
"""

from __future__ import annotations

import re
from typing import TypeAlias

from lab.engine.model.values import Properties, Secret, Value, as_secret

Path: TypeAlias = tuple[str | int, ...]

_STEP = re.compile(
    r"""\["((?:\\"|[^"\\]|\\(?!"))*)"\]   # ["quoted key"], in which only a quote is escaped
      | \[(\d+|\*)\]                       # [0] or [*]
      | \.*([^.\[]+)                      # plain key
    """,
    re.VERBOSE,
)


class PathSyntaxError(ValueError):
    """A text that isn't a property path."""

    def __init__(self, text: str, at: int) -> None:
        super().__init__(f"'{text}' is no property path: can't read it from '{text[at:]}' on")


def parse(text: str) -> Path:
    """Read a path.

    Raises:
        PathSyntaxError: the text isn't one.
    """
    path: list[str | int] = []
    at = 0
    while at < len(text):
        match = _STEP.match(text, at)
        if match is None:
            raise PathSyntaxError(text, at)
        quoted, index, key = match.groups()
        if quoted is not None:
            path.append(quoted.replace('\\"', '"'))
        elif index is not None:
            path.append("*" if index == "*" else int(index))
        else:
            path.append(key)
        at = match.end()
    return tuple(path)


def covers(path: Path, other: Path) -> bool:
    """Whether `other` is the path or lies under it; `*` stands for any step."""
    if len(other) < len(path):
        return False
    return all(mine in ("*", theirs) for mine, theirs in zip(path, other, strict=False))


def reset(path: Path, old: Value, new: Value) -> bool:
    """Put back what `old` has at the path into `new`, in place.

    Returns:
        Whether that was possible: lists don't grow or shrink, and missing parents aren't made.
    """
    return _reset(path, old, new, secret=False)


def _reset(path: Path, old: Value, new: Value, *, secret: bool) -> bool:
    secret = (secret or isinstance(old, Secret)) and not isinstance(new, Secret)
    old, new = _open(old), _open(new)
    step, rest = path[0], path[1:]
    if step == "*":
        return _reset_all(rest, old, new, secret=secret)
    if isinstance(step, int):
        return _reset_item(step, rest, old, new, secret=secret)
    return _reset_key(step, rest, old, new, secret=secret)


def _open(value: Value) -> Value:
    while isinstance(value, Secret):
        value = value.element
    return value


def _kept(value: Value, *, secret: bool) -> Value:
    return as_secret(value) if secret else value


def _reset_item(step: int, rest: Path, old: Value, new: Value, *, secret: bool) -> bool:
    if not isinstance(old, list) or not isinstance(new, list):
        return not isinstance(old, list) and not isinstance(new, list)
    if not rest and step >= len(old) and step >= len(new):
        return True
    if step >= len(old) or step >= len(new):
        return False
    if rest:
        return _reset(rest, old[step], new[step], secret=secret)
    new[step] = _kept(old[step], secret=secret)
    return True


def _reset_key(step: str, rest: Path, old: Value, new: Value, *, secret: bool) -> bool:
    olds: Properties = old if isinstance(old, dict) else {}
    if not rest:
        if step not in olds:
            if isinstance(new, dict):
                new.pop(step, None)
            return True
        if not isinstance(new, dict):
            return False
        new[step] = _kept(olds[step], secret=secret)
        return True
    if not isinstance(old, dict) or not isinstance(new, dict):
        return not isinstance(old, dict) and not isinstance(new, dict)
    if step not in old:
        return step not in new or _reset(rest, None, new[step], secret=secret)
    return step in new and _reset(rest, old[step], new[step], secret=secret)


def _reset_all(rest: Path, old: Value, new: Value, *, secret: bool) -> bool:
    if isinstance(old, dict) and isinstance(new, dict):
        keys = list(old.keys() | new.keys()) if not rest else list(old)
        if rest and not all(key in new for key in keys):
            return False
        return all(_reset_key(key, rest, old, new, secret=secret) for key in keys)
    if isinstance(old, list) and isinstance(new, list):
        common = range(min(len(old), len(new)))
        done = all(_reset_item(index, rest, old, new, secret=secret) for index in common)
        return done and len(old) == len(new)
    return not rest and isinstance(new, dict | list)
