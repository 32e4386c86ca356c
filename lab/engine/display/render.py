"""Values and differences as people read them.

Source of the form: pulumi, pkg/backend/display/object_diff.go.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from lab.engine.model.values import UNKNOWN, Secret, Value, equal, opened

_INDENT = "    "


def lines(properties: Mapping[str, Value], indent: str) -> Iterator[str]:
    """Properties, a line each or a block; secrets and unknown values as such."""
    shown = {k: v for k, v in properties.items() if not k.startswith("__")}
    width = max(map(len, shown), default=0)
    for key in sorted(shown):
        yield from value_lines(f"{indent}{key:<{width}}: ", shown[key], indent)


def value_lines(prefix: str, value: Value, indent: str) -> Iterator[str]:
    """One value behind a prefix, on as many lines as it takes."""
    if isinstance(value, dict) and value:
        yield f"{prefix}{{"
        yield from lines(value, indent + _INDENT)
        yield f"{indent}}}"
    elif isinstance(value, list) and value:
        yield f"{prefix}["
        for index, item in enumerate(value):
            inner = indent + _INDENT
            yield from value_lines(f"{inner}[{index}]: ", item, inner)
        yield f"{indent}]"
    else:
        yield prefix + scalar(value)


def scalar(value: Value) -> str:
    """A value on one line."""
    if isinstance(value, Secret):
        return "[secret]"
    if value is UNKNOWN:
        return "[unknown]"
    if value is None:
        return "<null>"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    return json.dumps(value, ensure_ascii=False, default=lambda _: "[secret]")


def change_lines(
    old: Mapping[str, Value], new: Mapping[str, Value], indent: str, *, whole: bool = False
) -> Iterator[str]:
    """What differs between two sets of properties, marked by `+`, `-` and `~`.

    Args:
        old: the properties before.
        new: the properties after.
        indent: stands before each line.
        whole: whether to show what stays the same as well, as is done inside of what changes.
    """
    keys = [
        key
        for key in old.keys() | new.keys()
        if not key.startswith("__") and (whole or _changed(key, old, new))
    ]
    width = max(map(len, keys), default=0)
    for key in sorted(keys):
        label = f"{key:<{width}}: "
        if _changed(key, old, new):
            yield from _change(label, old.get(key), new.get(key), indent, key in old, key in new)
        else:
            yield from value_lines(f"{indent}  {label}", new[key], indent + "  ")


def _changed(key: str, old: Mapping[str, Value], new: Mapping[str, Value]) -> bool:
    return key not in old or key not in new or differ(old[key], new[key])


def _change(
    label: str, old: Value, new: Value, indent: str, was: bool, will: bool
) -> Iterator[str]:
    if not was:
        yield from value_lines(f"{indent}+ {label}", new, indent + "  ")
    elif not will:
        yield from value_lines(f"{indent}- {label}", old, indent + "  ")
    elif isinstance(old, dict) and isinstance(new, dict):
        yield f"{indent}~ {label}{{"
        yield from change_lines(old, new, indent + _INDENT, whole=True)
        yield f"{indent}  }}"
    elif isinstance(old, list) and isinstance(new, list):
        yield f"{indent}~ {label}["
        for index in range(max(len(old), len(new))):
            yield from _item(index, old, new, indent + _INDENT)
        yield f"{indent}  ]"
    elif _is_block(old) or _is_block(new):
        yield from value_lines(f"{indent}- {label}", old, indent + "  ")
        yield from value_lines(f"{indent}+ {label}", new, indent + "  ")
    else:
        yield f"{indent}~ {label}{scalar(old)} => {scalar(new)}"


def _item(index: int, old: list[Value], new: list[Value], indent: str) -> Iterator[str]:
    was, will = index < len(old), index < len(new)
    before = old[index] if was else None
    after = new[index] if will else None
    if was and will and not differ(before, after):
        yield from value_lines(f"{indent}  [{index}]: ", after, indent + "  ")
    else:
        yield from _change(f"[{index}]: ", before, after, indent, was, will)


def _is_block(value: Value) -> bool:
    return isinstance(value, dict | list) and bool(value)


def differ(old: Value, new: Value) -> bool:
    """Whether two values differ once secrets are opened."""
    return not equal(opened(old), opened(new))
