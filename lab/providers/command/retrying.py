"""Dialling again and again, with the pauses of the real provider.

Source: pulumi, sdk/go/common/util/retry/until.go (100 ms, each pause 1.5 times the last, 5 s at
most); pulumi-command 1.2.1, remote/connection.go (limit and messages).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from itertools import count
from typing import Final, TypeVar

from lab.providers.base import ProviderError
from lab.providers.command.operation import Operation

FIRST_PAUSE: Final = 0.1
GROWTH: Final = 1.5
LONGEST_PAUSE: Final = 5.0
UNLIMITED: Final = -1

_Dialled = TypeVar("_Dialled")


class DialError(Exception):
    """An attempt to connect failed; another may succeed."""


def pause_before(attempt: int) -> float:
    """Give the seconds to wait before an attempt; the second attempt is number 1.

    >>> [round(pause_before(n), 3) for n in (1, 2, 3, 20)]
    [0.1, 0.15, 0.225, 5.0]
    """
    return min(FIRST_PAUSE * GROWTH ** (attempt - 1), LONGEST_PAUSE)


async def dial_with_retry(
    operation: Operation, what: str, limit: int, dial: Callable[[], Awaitable[_Dialled]]
) -> _Dialled:
    """Dial until it succeeds.

    Args:
        operation: Shows each failure as a status; once it is stopped, no further attempt is made.
        what: What is dialled, in words.
        limit: How many errors to forgive: 10 means 11 attempts. -1 forgives all.
        dial: Makes one attempt.

    Raises:
        ProviderError: One error more than the limit, or the operation was stopped.
    """
    for failed in count():
        try:
            return await dial()
        except DialError as error:
            if limit > UNLIMITED and failed >= limit:
                raise ProviderError(f"after {failed} failed attempts: {error}") from error
        shown_limit = "inf" if limit == UNLIMITED else limit
        operation.status(f"{what} {failed + 1}/{shown_limit} failed: retrying")
        await operation.pause(pause_before(failed + 1))
    raise AssertionError("unreachable: count() has no end")
