"""Values that are lists, objects or one of several, from the text that they are configured by."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from components.settings import aws_values, values
from components.settings.mistakes import MemberError, member
from openvidu import roles


def list_of(parse: Callable[[str], Any]) -> Callable[[str], tuple[Any, ...]]:
    """Parses a list of JSON, each item by `parse`."""

    def parse_list(text: str) -> tuple[Any, ...]:
        try:
            items = json.loads(text)
        except json.JSONDecodeError:
            raise ValueError("a list") from None
        if not isinstance(items, list):
            raise ValueError("a list")
        # A boolean is an int to Python: 'true' must not become 1.
        texts = [item if isinstance(item, str) else json.dumps(item) for item in items]
        parsed = []
        for place, item in enumerate(texts):
            try:
                parsed.append(parse(item))
            except MemberError as error:
                raise error.within(f"[{place}]") from None
            except ValueError as error:
                raise MemberError(f"[{place}]", item, str(error)) from None
        return tuple(parsed)

    return parse_list


def networks(text: str) -> tuple[str, ...]:
    """Each network once: two forms of it would be the same rule twice."""
    return tuple(dict.fromkeys(list_of(values.cidr)(text)))


def texts(text: str) -> tuple[tuple[str, str], ...]:
    """Texts by name, from an object of JSON, in the order of their names."""
    try:
        items = json.loads(text)
    except json.JSONDecodeError:
        raise ValueError("an object with names and strings") from None
    if not isinstance(items, dict):
        raise ValueError("an object with names and strings")
    for name, item in items.items():
        if not isinstance(item, str | int | float):
            raise MemberError(member(name), item, "a text")
    # `pulumi config set --path` stores true and 5 as what they are to JSON.
    found = {
        name: item if isinstance(item, str) else json.dumps(item) for name, item in items.items()
    }
    return tuple(sorted(found.items()))


def tags(text: str) -> tuple[tuple[str, str], ...]:
    """Tags that AWS takes."""
    items = texts(text)
    lowered = [key.lower() for key, _ in items]
    for key, item in items:
        try:
            aws_values.tag(key, item)
        except ValueError as error:
            raise MemberError(member(key), item, str(error)) from None
        if lowered.count(key.lower()) > 1:
            raise MemberError(
                member(key), item, "a key that differs from the others by more than case"
            )
    if len(items) > aws_values.MOST_TAGS:
        raise ValueError(f"at most {aws_values.MOST_TAGS} tags")
    return items


def digests(text: str) -> tuple[tuple[str, str], ...]:
    """SHA-256 of install scripts, by what they install."""
    names = (roles.BASE.name, roles.MASTER.name, roles.NODE.name)
    items = texts(text)
    if not all(name in names and values.is_sha256(digest) for name, digest in items):
        raise ValueError(
            f"64 characters of 0-9 and a-f for each of {', '.join(names)} that is pinned"
        )
    return items


def one_of(*choices: str) -> Callable[[str], str]:
    """Parses one of several words."""

    def parse_choice(text: str) -> str:
        if text not in choices:
            raise ValueError("one of " + ", ".join(choices))
        return text

    return parse_choice
