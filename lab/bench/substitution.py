"""Inputs for another lab: what came from resources of the first comes from those of the second.

Ids, addresses and host keys differ from lab to lab. A text of an input that was an output of a
dependency becomes the same output of what was created in its place.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import Any

_SHORTEST = 8
"""Shorter texts are inside others by chance."""


class SubstitutionError(Exception):
    """An input can't be told apart from what has to be replaced in it."""


def changes(before: Any, after: Any) -> dict[str, set[str]]:
    """The texts at the same places of two values that differ: what each has become."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for old, new in _pairs(before, after):
        if old != new:
            found[old].add(new)
    return dict(found)


def merged(many: Iterable[Mapping[str, Collection[str]]]) -> dict[str, set[str]]:
    """Changes of several resources as one."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for one in many:
        for old, news in one.items():
            found[old].update(news)
    return dict(found)


def substituted(value: Any, changed: Mapping[str, Collection[str]], where: str) -> Any:
    """A value with the new texts in place of the old ones.

    Args:
        value: inputs of a resource.
        changed: what the texts of its dependencies have become.
        where: says what the value is, in errors.

    An old text is replaced within a longer one too, where it stands as a word.

    Raises:
        SubstitutionError: an old text has become several.
    """
    if isinstance(value, Mapping):
        return {key: substituted(item, changed, f"{where}.{key}") for key, item in value.items()}
    if isinstance(value, list):
        return [substituted(item, changed, f"{where}[{n}]") for n, item in enumerate(value)]
    if not isinstance(value, str):
        return value
    if value in changed:
        return _one(changed[value], where)
    inside = sorted((old for old in changed if len(old) >= _SHORTEST and old in value), key=len)
    if not inside:
        return value
    # All at once, so that a new text isn't taken for an old one; the longest first.
    words = "|".join(map(re.escape, reversed(inside)))
    return re.sub(rf"(?<!\w)(?:{words})(?!\w)", lambda old: _one(changed[old[0]], where), value)


def _one(news: Collection[str], where: str) -> str:
    if len(news) > 1:
        raise SubstitutionError(f"{where}: stands for {len(news)} different outputs; expected one")
    return next(iter(news))


def _pairs(before: Any, after: Any) -> Iterable[tuple[str, str]]:
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in before.keys() & after.keys():
            yield from _pairs(before[key], after[key])
    elif isinstance(before, list) and isinstance(after, list):
        for old, new in zip(before, after, strict=False):
            yield from _pairs(old, new)
    elif isinstance(before, str) and isinstance(after, str):
        yield before, after
