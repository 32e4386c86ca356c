"""Looking up one thing by its id."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from lab.providers.aws.errors import is_gone
from lab.providers.base import ProviderError


def find_one(describe: Callable[[], Mapping[str, Any]], key: str) -> dict[str, Any] | None:
    """The first item of an answer's list, or None if AWS knows no such thing.

    Args:
        describe: The call.
        key: Where the answer holds the list.
    """
    try:
        items = describe().get(key)
    except ClientError as error:
        if is_gone(error):
            return None
        raise
    return items[0] if items else None


def parts_of(identifier: str, separator: str, expected: str) -> list[str]:
    """The parts of an id by which a resource is imported.

    Args:
        identifier: The id.
        separator: What stands between its parts.
        expected: The form that it takes, such as `SUBNET/TABLE`.

    Raises:
        ProviderError: It has another form.
    """
    parts = identifier.split(separator)
    if len(parts) != len(expected.split(separator)) or not all(parts):
        raise ProviderError(f"unexpected format of import ID ({identifier}), expected {expected}")
    return parts


def given(**arguments: Any) -> dict[str, Any]:
    """The arguments of a call without those that are None or empty."""
    return {name: value for name, value in arguments.items() if value not in (None, "", [], {})}


def where(**filters: str) -> list[Any]:
    """Filters of a describe call; `_` in a name stands for `-`, `__` for `.`."""
    return [
        {"Name": name.replace("__", ".").replace("_", "-"), "Values": [value]}
        for name, value in filters.items()
    ]
