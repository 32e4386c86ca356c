"""Whether two property values are the same, and where they differ.

Source: pulumi, sdk/go/common/resource/properties_diff.go; pulumi-go-provider, infer/resource.go.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from typing import Final

from lab.providers.base import UNKNOWN, Archive, Asset, Secret, Value

_NEEDS_QUOTES: Final = re.compile(r"[^A-Za-z0-9_]")


class Change(Enum):
    """How a property differs from what it was."""

    ADD = "add"
    DELETE = "delete"
    UPDATE = "update"


def same(left: Value, right: Value) -> bool:
    """Tell whether two values are equal, secrecy included.

    Assets and archives are equal when their hashes are; a null property counts as absent.
    """
    match left, right:
        case (Secret(a), Secret(b)):
            return same(a, b)
        case (Asset(a), Asset(b)) | (Archive(a), Archive(b)):
            return a.get("hash") == b.get("hash")
        case (Mapping(), Mapping()):
            return all(same(left.get(key), right.get(key)) for key in left.keys() | right.keys())
        case (list(), list()):
            return len(left) == len(right) and all(map(same, left, right))
        case _:
            return left == right and isinstance(left, bool) == isinstance(right, bool)


def differences(
    old: Mapping[str, Value], new: Mapping[str, Value], prefix: str = ""
) -> Iterator[tuple[str, Change]]:
    """List the paths at which two objects differ.

    A property that will be both secret and unknown counts as unchanged.
    """
    for key in dict.fromkeys((*old, *new)):
        before, after = old.get(key), new.get(key)
        if before is not None and after == Secret(UNKNOWN):
            continue
        yield from _differences(before, after, _member(prefix, key))


def _differences(old: Value, new: Value, path: str) -> Iterator[tuple[str, Change]]:
    match old, new:
        case None, None:
            return
        case None, _:
            yield path, Change.ADD
        case _, None:
            yield path, Change.DELETE
        case (Mapping(), Mapping()):
            yield from differences(old, new, path)
        case (list(), list()):
            yield from _item_differences(old, new, path)
        case _ if not same(old, new):
            yield path, Change.UPDATE


def _item_differences(
    old: Sequence[Value], new: Sequence[Value], path: str
) -> Iterator[tuple[str, Change]]:
    for index, (before, after) in enumerate(zip(old, new, strict=False)):
        yield from _differences(before, after, f"{path}[{index}]")
    for index in range(len(old), len(new)):
        yield f"{path}[{index}]", Change.ADD
    for index in range(len(new), len(old)):
        yield f"{path}[{index}]", Change.DELETE


def _member(prefix: str, key: str) -> str:
    if _NEEDS_QUOTES.search(key):
        quoted = key.replace('"', '\\"')
        return f'{prefix}["{quoted}"]'
    return f"{prefix}.{key}" if prefix else key
