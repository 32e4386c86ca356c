"""A user who hangs up while their socket breaks has left, or was cut off before."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from lab.calls.user import CutError, User
from openvidu import signalling
from scripts.calls.socket import BrokenError

FORGOTTEN = {"code": signalling.UNKNOWN_SESSION[0], "message": signalling.UNKNOWN_SESSION[1]}


class Broken:
    """A socket that breaks before an answer comes."""

    def __init__(self, silence: float) -> None:
        self.heard = time.time() - silence

    async def ask(self, *_: Any) -> None:
        raise BrokenError(1006, "the connection broke")

    def give_up(self) -> None:
        """Nothing is left of it."""


def leave(silence: float, refused: dict[str, Any]) -> None:
    """Hang up by a socket that was last heard of so many seconds ago."""

    class Leaving(User):
        def __init__(self) -> None:
            self._socket: Any = Broken(silence)

        async def _reconnect(self) -> dict[str, Any]:
            return refused

    asyncio.run(Leaving().leave(lambda *_: None))


def test_who_is_not_known_any_more_right_after_hanging_up_has_left() -> None:
    leave(1.0, FORGOTTEN)


def test_who_may_have_been_put_out_before_was_cut_off() -> None:
    with pytest.raises(CutError, match="reconnection error"):
        leave(signalling.AWAY_SECONDS + 1, FORGOTTEN)


def test_another_refusal_is_a_cut() -> None:
    with pytest.raises(CutError, match="no such thing"):
        leave(1.0, {"code": 1, "message": "no such thing"})
