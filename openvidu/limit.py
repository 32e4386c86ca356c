"""A limit for a call of a library's that has none for the whole of an answer.

Its own limits are for each read: an answer that drips goes on for ever.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

_Answer = TypeVar("_Answer")


class LateError(Exception):
    """There is no whole answer within the limit."""


def within(seconds: float, call: Callable[[], _Answer]) -> _Answer:
    """Make a call, and wait for its answer for so long; returns that, or raises what it raises.

    A call that is late is left alone: it doesn't keep the program from ending.

    Args:
        seconds: limit of all of it.
        call: what asks.

    Raises:
        LateError: there is no answer by then.
    """
    answer: Future[_Answer] = Future()

    def ask() -> None:
        try:
            answer.set_result(call())
        except BaseException as error:
            answer.set_exception(error)

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(seconds)
    if not answer.done():
        raise LateError(f"no whole answer within {seconds:g} s")
    return answer.result()
