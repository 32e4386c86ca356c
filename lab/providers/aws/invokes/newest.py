"""The one of several things that a function tells of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from lab.providers.aws.errors import AwsError
from lab.providers.aws.schema import State


def newest(
    found: Sequence[dict[str, Any]],
    nouns: str,
    time: Callable[[dict[str, Any]], Any],
    inputs: State,
) -> dict[str, Any]:
    """The only one, or with `mostRecent` the newest.

    Raises:
        AwsError: there is none, or there are several and it wasn't said which.
    """
    if not found:
        raise AwsError("your query returned no results; change the search criteria and try again")
    if len(found) > 1 and not inputs.get("mostRecent"):
        raise AwsError(
            f"your query returned {len(found)} {nouns}; make it more specific, or set mostRecent"
        )
    return max(found, key=time)
