"""What users of a call with sound need, before any of it is sent."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from lab.calls import call
from lab.calls.call import NoSoundError
from scripts.calls.ways import Way

NODE = "10.5.0.6"


def test_sound_by_the_operators_turn_server_wants_one() -> None:
    turn = {"url": f"turn:{NODE}:443", "username": "u", "credential": "c"}
    users: list[Any] = [SimpleNamespace(turn=turn, nodes_turn=turn)] * 2
    with pytest.raises(NoSoundError, match=r"found the node.s TURN server, turn:10\.5\.0\.6:443"):
        asyncio.run(call._begin(users, NODE, Way.TURN_SERVER))
